import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  parseMountInfo,
  parseMountList,
  parseMounts,
  parseSwaps,
} from "../../../../src/plugins/modules/mount/active.ts";
import { criteria, parseFstab } from "../../../../src/plugins/modules/mount/fstab.ts";
import { withPrograms } from "../../../support/fake_programs.ts";

const fstab = [
  "# devices",
  "UUID=aa-bb\t/\text4\terrors=remount-ro\t0\t1",
  "/dev/sdb1 /srv xfs defaults,noatime",
  "tmpfs /tmp tmpfs size=1g 0 0",
  "/dev/sdb1 /srv xfs ro 0 0",
  "not an entry",
  "",
].join("\n");

test("parseFstab fills what a line leaves out, and marks a second entry", () => {
  const entries = parseFstab(fstab);
  assert.deepEqual(Object.keys(entries), ["/", "/srv", "/tmp", "/srv_"]);
  assert.deepEqual(entries["/srv"], {
    device: "/dev/sdb1",
    fstype: "xfs",
    opts: ["defaults", "noatime"],
    dump: "0",
    pass: "0",
  });
});

test("criteria goes by the mount point of what has no device", () => {
  assert.deepEqual(criteria("auto", "ext4"), ["device"]);
  assert.deepEqual(criteria("auto", "nfs4"), ["name"]);
  assert.deepEqual(criteria(["name", "fstype"], "ext4"), ["name", "fstype"]);
  assert.throws(() => criteria("colour", "ext4"), /Unrecognized keys in match_on: "colour"/);
});

test("parseMounts and parseMountInfo read what the kernel says", async () => {
  const others = parseMountList("/dev/sda1 on / type ext4 (rw)\nproc on /proc type proc (rw)\n");
  const mounts = "/dev/root / ext4 rw,relatime 0 0\nsrv:/a /mnt/a\\040b nfs4 rw,uid=0 0 0\n";
  assert.deepEqual(await parseMounts(mounts, others), {
    "/": { device: "/dev/root", alt_device: "/dev/sda1", fstype: "ext4", opts: ["rw", "relatime"] },
    "/mnt/a\\040b": { device: "srv:/a", alt_device: null, fstype: "nfs4", opts: ["rw", "uid=0"] },
  });
  const info = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/sda1 rw,gid=root\n";
  const devices = { "/dev/sda1": { UUID: "AA-BB", LABEL: "data" } };
  assert.deepEqual(await parseMountInfo(info, others, devices), {
    "/mnt2": {
      mountid: "36",
      parentid: "35",
      major: "98",
      minor: "0",
      root: "/mnt1",
      opts: ["rw", "noatime"],
      fstype: "ext3",
      device: "/dev/sda1",
      alt_device: null,
      superopts: ["rw", "gid=0"],
      device_uuid: "aa-bb",
      device_label: "data",
    },
  });
});

test("parseSwaps reads /proc/swaps", () => {
  const text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" +
    "/dev/dm-1                               partition\t1003516\t\t12\t\t-2\n";
  assert.deepEqual(parseSwaps(text), {
    "/dev/dm-1": { type: "partition", size: "1003516", used: "12", priority: "-2" },
  });
});

test("mount.set_fstab adds, changes and leaves entries, and writes nothing in a test", async () => {
  await withPrograms({}, async ({ ctx, folder }) => {
    const config = join(folder, "fstab");
    writeFileSync(config, fstab);
    const set = (args: string[], more = {}) =>
      ctx.salt("mount.set_fstab", args, { config, ...more });
    assert.equal(await set(["/new", "/dev/sdz", "ext4"], { test: true }), "new");
    assert.equal(await set(["/tmp", "tmpfs", "tmpfs", "size=1g"]), "present");
    assert.equal(readFileSync(config, "utf8"), fstab);
    assert.equal(await set(["/tmp", "tmpfs", "tmpfs", "size=2g"], { not_change: true }), "present");
    assert.equal(await set(["/tmp", "tmpfs", "tmpfs", "size=2g"], { dump: 1 }), "change");
    assert.equal(await set(["/a\\ b", "/dev/sdz", "ext4"]), "new");
    const after = fstab.replace(
      "tmpfs /tmp tmpfs size=1g 0 0",
      "tmpfs\t\t/tmp\ttmpfs\tsize=2g\t1 0",
    );
    assert.equal(
      readFileSync(config, "utf8"),
      `${after}/dev/sdz\t\t/a\\040b\text4\tdefaults\t0 0\n`,
    );
    await assert.rejects(() => set(["/a\n/b", "/dev/sdz", "ext4"]), /cannot be the mount point/);
    assert.equal(await ctx.salt("mount.rm_fstab", ["/srv", "/dev/sdb1"], { config }), true);
    assert.doesNotMatch(readFileSync(config, "utf8"), /srv/);
  });
});

test("mount.mount makes the mount point and calls mount with plain arguments", async () => {
  const mount = '[ "$1" = -l ] || [ "$1" != /fails ] || { echo "no such device" >&2; exit 32; }';
  await withPrograms({ mount, umount: "" }, async ({ ctx, folder, calls }) => {
    const name = join(folder, "new/place");
    const args = [name, "/dev/x y", true, "ext4", ["ro", "noexec"]];
    assert.equal(await ctx.salt("mount.mount", args), true);
    assert.ok(existsSync(name));
    assert.equal(await ctx.salt("mount.mount", ["/fails"]), "no such device");
    assert.equal(await ctx.salt("mount.remount", ["/", "/dev/r"]), true);
    assert.equal(await ctx.salt("mount.umount", ["/"]), true);
    assert.equal(
      await ctx.salt("mount.umount", ["/not/mounted"]),
      "/not/mounted does not have anything mounted",
    );
    await assert.rejects(() => ctx.salt("mount.mount", ["-a"]), /cannot be a mount point/);
    assert.deepEqual(calls().filter((call) => call[1] !== "-l"), [
      ["mount", "-o", "ro,noexec", "-t", "ext4", "/dev/x y", name],
      ["mount", "/fails"],
      ["mount", "-o", "defaults,remount", "/dev/r", "/"],
      ["umount", "/"],
    ]);
  });
});

test("mount cache keeps the options of a mount", async () => {
  await withPrograms({}, async ({ ctx }) => {
    const args = ["/mnt/s", "//srv/s", false, "cifs", ["password=x"]];
    assert.deepEqual(await ctx.salt("mount.read_mount_cache", ["/mnt/s"]), {});
    assert.equal(await ctx.salt("mount.write_mount_cache", args), true);
    assert.deepEqual(await ctx.salt("mount.read_mount_cache", ["/mnt/s"]), {
      device: "//srv/s",
      fstype: "cifs",
      mkmnt: false,
      opts: ["password=x"],
    });
    assert.equal(await ctx.salt("mount.delete_mount_cache", ["/mnt/s"]), true);
    assert.deepEqual(await ctx.salt("mount.read_mount_cache", ["/mnt/s"]), {});
  });
});
