import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clockTicks,
  commandLine,
  parseCpuTimes,
  parseMounts,
  parseStat,
  parseUtmp,
  processName,
  processStat,
  statusNumbers,
} from "../../../src/host/mod.ts";

test("parseStat() reads names with blanks and brackets", () => {
  const line = "42 (a b) c) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 3 0 999 1000 200";
  const stat = parseStat(line);
  assert.equal(stat.pid, 42);
  assert.equal(stat.comm, "a b) c");
  assert.equal(stat.status, "sleeping");
  assert.equal(stat.ppid, 1);
  assert.equal(stat.nice, 0);
  assert.equal(stat.threads, 3);
  assert.equal(stat.started, 999);
  assert.equal(stat.times.user, 150 / clockTicks);
  assert.equal(stat.times.children_system, 8 / clockTicks);
});

test("parseCpuTimes() counts in seconds, each processor by itself too", () => {
  const times = parseCpuTimes("cpu  100 0 50 1000 0 0 0 0 0 0\ncpu0 50 0 25 500\nintr 5\n");
  assert.deepEqual(Object.keys(times), ["cpu", "cpu0"]);
  assert.equal(times["cpu"]!["user"], 100 / clockTicks);
  assert.equal(times["cpu0"]!["steal"], 0);
});

test("parseMounts() undoes the kernel's escapes", () => {
  assert.deepEqual(parseMounts("/dev/sda1 /mnt/a\\040b ext4 rw,relatime 0 0\n"), [
    { device: "/dev/sda1", mountpoint: "/mnt/a b", fstype: "ext4", opts: "rw,relatime" },
  ]);
});

test("parseUtmp() gives logins of users only", () => {
  const data = new Uint8Array(768);
  const view = new DataView(data.buffer);
  const write = (at: number, text: string) => data.set(new TextEncoder().encode(text), at);
  view.setInt16(0, 2, true);
  view.setInt16(384, 7, true);
  view.setInt32(384 + 4, 1234, true);
  write(384 + 8, "pts/0");
  write(384 + 44, "alice");
  write(384 + 76, "10.0.0.9");
  view.setInt32(384 + 340, 1_700_000_000, true);
  assert.deepEqual(parseUtmp(data), [
    { name: "alice", terminal: "pts/0", host: "10.0.0.9", started: 1_700_000_000, pid: 1234 },
  ]);
  assert.deepEqual(parseUtmp(data.subarray(0, 100)), []);
});

test("a process finds itself", () => {
  const stat = processStat(process.pid);
  assert.equal(stat?.pid, process.pid);
  assert.equal(stat?.ppid, process.ppid);
  assert.ok(processName(stat!).length > 0);
  assert.ok(commandLine(process.pid).length > 0);
  assert.equal(statusNumbers(process.pid, "Uid")[0], process.getuid?.());
  assert.equal(processStat(4_194_303), undefined);
});
