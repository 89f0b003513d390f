import assert from "node:assert/strict";
import { test } from "node:test";
import {
  parseBlkid,
  parseDf,
  parseIostat,
  parseSmart,
} from "../../../../src/plugins/modules/disk.ts";
import { pyRepr } from "../../../../src/text/py_repr.ts";
import { testContext } from "../../../support/exec_context.ts";

test("parseDf() reads devices with blanks, and those on a line of their own", () => {
  const text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n" +
    "/dev/sda1 100 50 50 50% /\n//host/my share 10 5 5 50% /mnt\n" +
    "/dev/mapper/very-long-name\n                 7 3 4 43% /home\n";
  assert.deepEqual(parseDf(text), [
    ["/dev/sda1", "100", "50", "50", "50%", "/"],
    ["//host/my share", "10", "5", "5", "50%", "/mnt"],
    ["/dev/mapper/very-long-name", "7", "3", "4", "43%", "/home"],
  ]);
});

test("parseBlkid() keeps blanks in values", () => {
  assert.deepEqual(parseBlkid('/dev/sda1: UUID="ab-cd" TYPE="ext4" PARTLABEL="EFI System"\n'), {
    "/dev/sda1": { UUID: "ab-cd", TYPE: "ext4", PARTLABEL: "EFI System" },
  });
});

test("parseIostat() averages readings", () => {
  const reading = (user: string, rate: string) =>
    `avg-cpu:  %user   %idle\n           ${user}   50.00\n\n` +
    `Device            r/s     w/s\nsda              ${rate}    1.00\n\n`;
  const text = `Linux 6.1 (host)\n\n${reading("1.00", "2.00")}${reading("2.00", "3.01")}`;
  assert.equal(
    pyRepr(parseIostat(text)),
    "{'sys': {'%user': 1.5, '%idle': 50.0}, 'sda': {'r/s': 2.51, 'w/s': 1.0}}",
  );
});

test("parseSmart() reads attributes as numbers where they are", () => {
  const text =
    "=== START\nID# ATTRIBUTE_NAME FLAG VALUE WORST THRESH TYPE UPDATED WHEN_FAILED RAW_VALUE\n" +
    "  1 Raw_Read_Error_Rate 0x000b 100 099 016 Pre-fail Always - 0\n" +
    "194 Temperature_Celsius 0x0002 214 214 000 Old_age Always - 28 (Min/Max 20/40)\n\n";
  const attributes = parseSmart(text);
  assert.deepEqual(attributes.get(1), {
    attribute_name: "Raw_Read_Error_Rate",
    flag: "0x000b",
    value: 100,
    worst: 99,
    thresh: 16,
    type: "Pre-fail",
    updated: "Always",
    when_failed: "-",
    raw_value: 0,
  });
  assert.equal(attributes.get(194)!["raw_value"], "28 (Min/Max 20/40)");
});

test("disk functions take no options for devices", async () => {
  const ctx = await testContext();
  for (const fun of ["disk.wipe", "disk.format", "disk.resize2fs", "disk.fstype", "disk.dump"]) {
    await assert.rejects(async () => await ctx.salt(fun, ["--all"]), /cannot be a device/, fun);
  }
  await assert.rejects(
    async () => await ctx.salt("disk.format", ["/dev/null", "ext4; rm"]),
    /There is no file system/,
  );
});
