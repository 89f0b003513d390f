import assert from "node:assert/strict";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Backoff } from "../../../src/minion/backoff.ts";
import { JidMemory, LEAST_REMEMBERED } from "../../../src/minion/jid_memory.ts";
import { interruptedReturn, returnLoad } from "../../../src/minion/job_return.ts";
import { isFileJid, ProcFiles, readRunning } from "../../../src/minion/proc_files.ts";
import { asctime, startEvents } from "../../../src/minion/start_event.ts";
import { packLocal } from "../../../src/serializers/msgpack.ts";
import type { MinionId } from "../../../src/types/mod.ts";
import { job, tempFolder, testOpts } from "./fakes.ts";

const ID = "m1" as MinionId;

test("asctime() writes time as C does", () => {
  assert.equal(asctime(new Date(2026, 10, 5, 8, 5, 9)), "Thu Nov  5 08:05:09 2026");
  assert.equal(asctime(new Date(2026, 0, 15, 23, 0, 0)), "Thu Jan 15 23:00:00 2026");
});

test("startEvents() has the old tag first", (t) => {
  const loads = startEvents(testOpts(tempFolder(t)), {}, new Date());
  assert.deepEqual(loads.map((load) => load["tag"]), ["minion_start", "salt/minion/m1/start"]);
});

test("JidMemory forgets the oldest beyond its bound", () => {
  const memory = new JidMemory(2);
  const add = (jids: number[]) => jids.map((jid) => memory.add(String(jid)));
  const all = Array.from({ length: LEAST_REMEMBERED }, (_, jid) => jid);
  assert.deepEqual(new Set(add(all)), new Set([true]));
  assert.deepEqual(new Set(add(all)), new Set([false]));
  assert.deepEqual(add([-1, 1, 0, 2]), [true, false, true, false]);
});

test("Backoff doubles up to its bound and starts anew when reset", () => {
  const backoff = new Backoff(1000, 3000, () => 1);
  assert.deepEqual([1, 2, 3, 4].map(() => backoff.next()), [1000, 2000, 3000, 3000]);
  backoff.reset();
  assert.equal(backoff.next(), 1000);
  assert.equal(new Backoff(1000, 0, () => 0).next(), 500);
});

test("isFileJid() lets no path through", () => {
  for (const jid of ["20261121080000000001", "20261121080000000001_77", "req"]) {
    assert.ok(isFileJid(jid), jid);
  }
  for (const jid of ["", ".", "..", "../x", "a/b", "a\0", "x".repeat(200), 5, null]) {
    assert.equal(isFileJid(jid), false, String(jid));
  }
});

test("ProcFiles.prepare() removes what dead processes left and keeps what others run", (t) => {
  const folder = tempFolder(t);
  const proc = join(folder, "proc");
  mkdirSync(proc);
  writeFileSync(join(proc, "dead"), packLocal({ jid: "dead", pid: 2 ** 30 }));
  writeFileSync(join(proc, "mine"), packLocal({ jid: "mine", pid: process.pid }));
  writeFileSync(join(proc, "broken"), "x");
  writeFileSync(join(proc, "alive"), packLocal({ jid: "alive", pid: process.ppid }));
  new ProcFiles(folder).prepare();
  assert.deepEqual(readRunning(folder).map((load) => load["jid"]), ["alive"]);
  assert.equal(existsSync(join(proc, "broken")), false);
  assert.equal(statSync(proc).mode & 0o777, 0o700);
});

test("ProcFiles writes again into a folder that was cleaned away", (t) => {
  const folder = tempFolder(t);
  const files = new ProcFiles(folder);
  files.add(job("1", "test.ping"));
  assert.deepEqual(readRunning(folder).map((load) => load["fun"]), ["test.ping"]);
  assert.equal(statSync(join(folder, "proc", "1")).mode & 0o777, 0o600);
  files.remove("1");
  files.remove("1");
  assert.deepEqual(readRunning(folder), []);
});

test("returnLoad() keeps what the publication asks for and leaves out metadata that is no map", () => {
  const load = returnLoad(ID, { ...job("1", "a.b"), metadata: 5 as never, master_id: "top" }, {
    return: true,
    retcode: 0,
    success: true,
    out: "txt",
  });
  assert.equal(load["master_id"], "top");
  assert.equal(load.out, "txt");
  assert.equal("metadata" in load, false);
});

test("interruptedReturn() names each of several functions", () => {
  const load = interruptedReturn(ID, job("1", ["a.b", "c.d"]), "it was cut");
  assert.deepEqual(load.retcode, { "a.b": 1, "c.d": 1 });
  assert.deepEqual(load.success, { "a.b": false, "c.d": false });
});
