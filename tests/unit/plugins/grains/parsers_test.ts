import { test } from "node:test";
import assert from "node:assert/strict";
import { parseCpuInfo, parseGpus, parseMemInfo } from "../../../../src/plugins/grains/hardware.ts";
import { parseDefaultRoute, parseResolvConf } from "../../../../src/plugins/grains/network.ts";
import { withoutBlacklisted } from "../../../../src/plugins/grains/static.ts";
import {
  fromFirmware,
  fromSystemd,
  subtypeOfCgroup,
} from "../../../../src/plugins/grains/virtual.ts";

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
