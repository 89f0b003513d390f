import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SqliteFile } from "../../../src/cache/sqlite_file.ts";
import { addSink, type LogRecord } from "../../../src/logging/mod.ts";
import { interruptedReturn, returnLoad } from "../../../src/minion/job_return.ts";
import {
  type JournalLimits,
  journalPath,
  MIGRATIONS,
  SqliteJournal,
} from "../../../src/minion/journal.ts";
import type { Data, MinionId } from "../../../src/types/mod.ts";
import { job, tempFolder } from "./fakes.ts";

const ID = "m1" as MinionId;
const LIMITS: JournalLimits = { entries: 100, bytes: 1 << 20, seconds: 3600 };

function open(folder: string, limits: Partial<JournalLimits> = {}, now?: () => number) {
  const file = new SqliteFile({
    path: journalPath(folder),
    migrations: MIGRATIONS,
    durable: false,
  });
  return new SqliteJournal(file, { ...LIMITS, ...limits }, now);
}

function result(jid: string, value: Data = jid) {
  return returnLoad(ID, job(jid, "test.ping"), { return: value, retcode: 0, success: true });
}

function logged(t: { after(fn: () => void): void }): LogRecord[] {
  const records: LogRecord[] = [];
  t.after(addSink((record) => void records.push(record), () => 0));
  return records;
}

test("SqliteJournal knows the last jobs that were returned, also in the next process", (t) => {
  const folder = tempFolder(t);
  const first = open(folder);
  for (let i = 0; i < 1500; i++) {
    const entry = first.start("m", job(String(i), "test.ping"))!;
    first.finish(entry, result(String(i)));
    first.remove(entry);
  }
  first.start("m", job("open", "test.ping"));
  const second = open(folder);
  assert.deepEqual(second.jids(), ["open"]);
  const done = second.done();
  assert.ok(done.length >= 1000 && done.length <= 1200, String(done.length));
  assert.deepEqual([done[0], done.at(-1)], [String(1500 - done.length), "1499"]);
  first.close();
  second.close();
});

test("SqliteJournal keeps a return until it is removed, also for the next process", (t) => {
  const folder = tempFolder(t);
  const first = open(folder);
  const a = first.start("m", job("1", "test.ping"))!;
  const b = first.start("m", job("2", "test.ping"))!;
  first.start("other", job("3", "test.ping"));
  assert.equal(first.finish(b, result("2")), "kept");
  assert.equal(first.finish(a, result("1", { nested: [1, "x", null] })), "kept");
  // The process is killed here: the file is never closed.
  const second = open(folder);
  assert.deepEqual(second.unsent("m", -1, 10), [
    { entry: a, load: result("1", { nested: [1, "x", null] }) },
    { entry: b, load: result("2") },
  ]);
  assert.deepEqual(second.unsent("m", a, 10).map(({ entry }) => entry), [b]);
  second.remove(a);
  assert.deepEqual(second.unsent("m", -1, 10).map(({ entry }) => entry), [b]);
  assert.deepEqual(second.jids(), ["2", "3"]);
  first.close();
  second.close();
});

test("SqliteJournal.recover() gives unfinished jobs a result, once", (t) => {
  const folder = tempFolder(t);
  const first = open(folder, {}, () => 5000);
  first.start("m", job("1", "cmd.run", ["sleep 100"]));
  const done = first.start("m", job("2", "test.ping"))!;
  first.finish(done, result("2"));
  first.close();
  const second = open(folder);
  const cut = second.recover(({ master, load, startedAt }) => {
    assert.equal(master, "m");
    assert.equal(startedAt.getTime(), 5000);
    return interruptedReturn(ID, load, "it was cut");
  });
  assert.equal(cut, 1);
  const [first1] = second.unsent("m", -1, 10);
  assert.match(String(first1?.load.return), /^Interrupted: it was cut\./);
  assert.equal(first1?.load.retcode, 1);
  assert.deepEqual(first1?.load.fun_args, ["sleep 100"]);
  assert.equal(second.recover(() => assert.fail("nothing is unfinished")), 0);
  second.close();
});

test("SqliteJournal drops the oldest returns when it has too many, with a line for each", (t) => {
  const records = logged(t);
  const journal = open(tempFolder(t), { entries: 3 });
  for (const jid of ["1", "2", "3", "4"]) {
    journal.finish(journal.start("m", job(jid, "test.ping"))!, result(jid));
  }
  assert.deepEqual(journal.jids(), ["2", "3", "4"]);
  assert.equal(
    records.filter(({ message }) => /return of job 1 .* given up/.test(message)).length,
    1,
  );
  journal.close();
});

test("SqliteJournal stays within its bytes and keeps jobs that run rather than old returns", (t) => {
  const journal = open(tempFolder(t), { bytes: 20_000 });
  const running = journal.start("m", job("1", "test.ping"))!;
  for (const jid of ["2", "3", "4"]) {
    const entry = journal.start("m", job(jid, "test.ping"))!;
    assert.equal(journal.finish(entry, result(jid, "x".repeat(8000))), "kept");
  }
  assert.deepEqual(journal.jids(), ["1", "3", "4"]);
  assert.equal(journal.finish(running, result("1", "x".repeat(30_000))), "too large");
  journal.close();
});

test("SqliteJournal gives up returns that are too old", (t) => {
  let now = 1_000_000;
  const journal = open(tempFolder(t), { seconds: 60 }, () => now);
  journal.finish(journal.start("m", job("1", "test.ping"))!, result("1"));
  now += 59_000;
  assert.equal(journal.unsent("m", -1, 10).length, 1);
  now += 2_000;
  assert.equal(journal.unsent("m", -1, 10).length, 0);
  journal.close();
});

test("SqliteJournal never uses an entry twice, though the clock goes back", (t) => {
  const folder = tempFolder(t);
  let now = 1_000_000;
  const first = open(folder, {}, () => now);
  const a = first.start("m", job("1", "test.ping"))!;
  first.close();
  now = 500;
  const second = open(folder, {}, () => now);
  const b = second.start("m", job("2", "test.ping"))!;
  const c = second.start("m", job("3", "test.ping"))!;
  assert.ok(a < b && b < c);
  second.close();
});

test("a damaged journal is moved aside with a clear error and a new one is begun", (t) => {
  const folder = tempFolder(t);
  const records = logged(t);
  writeFileSync(journalPath(folder), "this is no database, however long it is ".repeat(100));
  const journal = open(folder);
  assert.equal(journal.recover(() => assert.fail("nothing can be read")), 0);
  const entry = journal.start("m", job("1", "test.ping"));
  assert.ok(entry !== null);
  assert.equal(journal.finish(entry, result("1")), "kept");
  assert.ok(readdirSync(folder).some((name) => name.startsWith("minion_journal.db.corrupt-")));
  assert.ok(records.some(({ level, message }) => level === "error" && /damaged/.test(message)));
  journal.close();
});

test("a journal that cannot be written says so once and lets jobs go on", (t) => {
  const folder = tempFolder(t);
  const records = logged(t);
  mkdirSync(journalPath(folder));
  const journal = open(folder);
  assert.equal(journal.start("m", job("1", "test.ping")), null);
  assert.equal(journal.start("m", job("2", "test.ping")), null);
  assert.equal(journal.finish(1, result("1")), "failed");
  assert.deepEqual(journal.unsent("m", -1, 10), []);
  journal.remove(1);
  const told = records.filter(({ level }) => level === "error");
  assert.equal(told.length, 1);
  assert.match(told[0]!.message, /job journal: .*minion_journal\.db.*Jobs go on/);
  journal.close();
});

test("the journal's files are for their owner alone", (t) => {
  const folder = tempFolder(t);
  const journal = open(folder);
  journal.start("m", job("1", "test.ping"));
  const files = readdirSync(folder);
  assert.ok(files.length >= 2);
  for (const name of files) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
  journal.close();
});
