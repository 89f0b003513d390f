import { test } from "node:test";
import assert from "node:assert/strict";
import {
  distributionGrains,
  parseAssignments,
} from "../../../../src/plugins/grains/distribution.ts";
import { parseCpuInfo, parseGpus, parseMemInfo } from "../../../../src/plugins/grains/hardware.ts";
import { parseDefaultRoute, parseResolvConf } from "../../../../src/plugins/grains/network.ts";
import { withoutBlacklisted } from "../../../../src/plugins/grains/static.ts";
import {
  fromFirmware,
  fromSystemd,
  subtypeOfCgroup,
} from "../../../../src/plugins/grains/virtual.ts";

const releases: [string, string, Record<string, unknown>][] = [
  [
    "Debian 12",
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
    {
      os: "Debian",
      os_family: "Debian",
      oscodename: "bookworm",
      osfullname: "Debian GNU/Linux",
      osrelease: "12",
      osrelease_info: [12],
      osmajorrelease: 12,
      osfinger: "Debian-12",
    },
  ],
  [
    "Ubuntu 22.04",
    'NAME="Ubuntu"\nVERSION_ID="22.04"\nVERSION="22.04.3 LTS (Jammy Jellyfish)"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\n',
    {
      os: "Ubuntu",
      os_family: "Debian",
      oscodename: "jammy",
      osfullname: "Ubuntu",
      osrelease: "22.04",
      osrelease_info: [22, 4],
      osmajorrelease: 22,
      osfinger: "Ubuntu-22.04",
    },
  ],
  [
    "Rocky Linux 9",
    'NAME="Rocky Linux"\nVERSION="9.3 (Blue Onyx)"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n',
    {
      os: "Rocky",
      os_family: "RedHat",
      oscodename: "Blue Onyx",
      osfullname: "Rocky Linux",
      osrelease: "9.3",
      osrelease_info: [9, 3],
      osmajorrelease: 9,
      osfinger: "Rocky Linux-9",
    },
  ],
  [
    "RHEL 8",
    'NAME="Red Hat Enterprise Linux"\nVERSION="8.9 (Ootpa)"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="8.9"\n',
    {
      os: "RedHat",
      os_family: "RedHat",
      oscodename: "Ootpa",
      osfullname: "Red Hat Enterprise Linux",
      osrelease: "8.9",
      osrelease_info: [8, 9],
      osmajorrelease: 8,
      osfinger: "Red Hat Enterprise Linux-8",
    },
  ],
  [
    "openSUSE Leap 15.5",
    'NAME="openSUSE Leap"\nVERSION="15.5"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.5"\n',
    {
      os: "openSUSE Leap",
      os_family: "Suse",
      osfullname: "openSUSE Leap",
      osrelease: "15.5",
      osrelease_info: [15, 5],
      osmajorrelease: 15,
      osfinger: "openSUSE Leap-15",
    },
  ],
  [
    "Alpine 3.19",
    'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.1\n',
    {
      os: "Alpine",
      os_family: "Alpine",
      osfullname: "Alpine Linux",
      osrelease: "3.19.1",
      osrelease_info: [3, 19, 1],
      osmajorrelease: 3,
      osfinger: "Alpine Linux-3",
    },
  ],
  [
    "Arch, which has no version",
    'NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n',
    { os: "Arch", os_family: "Arch", osfullname: "Arch Linux" },
  ],
  [
    "Linux Mint 21",
    'NAME="Linux Mint"\nVERSION="21.2 (Victoria)"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="21.2"\nVERSION_CODENAME=victoria\n',
    {
      os: "Mint",
      os_family: "Debian",
      oscodename: "victoria",
      osfullname: "Linux Mint",
      osrelease: "21.2",
      osrelease_info: [21, 2],
      osmajorrelease: 21,
      osfinger: "Linux Mint-21",
    },
  ],
];
for (const [name, text, grains] of releases) {
  test(`distributionGrains() knows ${name}`, () => {
    assert.deepEqual(distributionGrains(parseAssignments(text)), grains);
  });
}

test("parseCpuInfo() reads x86 and ARM", () => {
  assert.deepEqual(
    parseCpuInfo("processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu vme\n\nprocessor\t: 1\n"),
    { num_cpus: 2, cpu_model: "AMD EPYC", cpu_flags: ["fpu", "vme"] },
  );
  assert.deepEqual(
    parseCpuInfo("Processor\t: ARMv6-compatible processor rev 7 (v6l)\nFeatures\t: swp half\n"),
    { num_cpus: 1, cpu_model: "ARMv6", cpu_flags: ["swp", "half"] },
  );
  assert.deepEqual(parseCpuInfo(""), { num_cpus: 0, cpu_model: "Unknown", cpu_flags: [] });
});

test("parseMemInfo() gives MiB", () => {
  assert.deepEqual(
    parseMemInfo("MemTotal:       24684032 kB\nMemFree: 1 kB\nSwapTotal:  2097148 kB\n"),
    { mem_total: 24105, swap_total: 2047 },
  );
});

test("parseGpus() names the vendor of each graphics device", () => {
  const text = "Slot:\t00:02.0\nClass:\tVGA compatible controller\nVendor:\tIntel Corporation\n" +
    "Device:\tUHD Graphics 620\n\nSlot:\t00:1f.0\nClass:\tISA bridge\nVendor:\tIntel Corporation\nDevice:\tX";
  assert.deepEqual(parseGpus(text), [{ vendor: "intel", model: "UHD Graphics 620" }]);
});

test("parseResolvConf() reads all that resolv.conf(5) has", () => {
  const text = "# c\nnameserver 10.0.0.53\nnameserver fe80::1%eth0 ; x\ndomain example.org\n" +
    "search a.org b.org\noptions timeout:1 rotate\nsortlist 10.0.0.0/8\n";
  assert.deepEqual(parseResolvConf(text), {
    nameservers: ["10.0.0.53", "fe80::1%eth0"],
    ip4_nameservers: ["10.0.0.53"],
    ip6_nameservers: ["fe80::1%eth0"],
    sortlist: ["10.0.0.0/8"],
    domain: "example.org",
    search: ["a.org", "b.org"],
    options: ["timeout:1", "rotate"],
  });
});

test("parseDefaultRoute() finds the gateway", () => {
  assert.equal(parseDefaultRoute("10.0.0.0/8 dev eth0\ndefault via 10.0.0.1 dev eth0"), "10.0.0.1");
  assert.equal(parseDefaultRoute("default dev tun0 scope link"), true);
  assert.equal(parseDefaultRoute("10.0.0.0/8 dev eth0"), false);
});

test("virtual machines and containers are known by what they leave", () => {
  assert.deepEqual(fromSystemd("kvm"), { virtual: "kvm" });
  assert.deepEqual(fromSystemd("docker"), { virtual: "container", virtual_subtype: "Docker" });
  assert.equal(fromSystemd("none"), null);
  assert.deepEqual(fromFirmware("innotek GmbH", "VirtualBox"), { virtual: "VirtualBox" });
  assert.equal(fromFirmware("Dell Inc.", "PowerEdge R740"), null);
  assert.equal(subtypeOfCgroup("0::/kubepods/pod1/x"), "kubernetes");
  assert.equal(subtypeOfCgroup("0::/init.scope"), null);
});

test("withoutBlacklisted() takes grains out by glob and by path", () => {
  const grains = { cpu_flags: ["a"], cpu_model: "b", net: { eth0: { mac: 1, up: true } } };
  assert.deepEqual(withoutBlacklisted(grains, ["cpu*", "net:eth?:mac"]), {
    net: { eth0: { up: true } },
  });
});
