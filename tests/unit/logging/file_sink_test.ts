import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { FileSink } from "../../../src/logging/file_sink.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "saltx-log-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function sink(path: string, more: { maxBytes?: number; backups?: number } = {}) {
  const errors: string[] = [];
  const opened = new FileSink({
    path,
    maxBytes: more.maxBytes ?? 0,
    backups: more.backups ?? 0,
    onError: (message) => errors.push(message),
  });
  return { opened, errors };
}

test("FileSink writes lines in order to a file only its group may read, and makes its folder", async () => {
  const path = join(dir, "log/salt/master");
  const { opened, errors } = sink(path);
  for (let n = 0; n < 1000; n++) opened.write(`line ${n}`);
  await opened.close();
  const lines = readFileSync(path, "utf8").split("\n");
  equal(lines.length, 1001);
  deepEqual(lines.slice(0, 1000), Array.from({ length: 1000 }, (_, n) => `line ${n}`));
  equal(statSync(path).mode & 0o777, 0o640 & ~process.umask());
  deepEqual(errors, []);
});

test("FileSink appends to what is there", async () => {
  const path = join(dir, "log");
  writeFileSync(path, "old\n");
  const { opened } = sink(path);
  opened.write("new");
  await opened.close();
  equal(readFileSync(path, "utf8"), "old\nnew\n");
});

test("FileSink goes on in a new file after reopen(), also while it writes", async () => {
  const path = join(dir, "log");
  const { opened } = sink(path);
  opened.write("one");
  await opened.idle();
  renameSync(path, `${path}.1`);
  opened.write("two");
  await Promise.resolve();
  opened.reopen();
  await opened.idle();
  opened.write("three");
  await opened.close();
  const text = readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8");
  equal(text, "one\ntwo\nthree\n");
  match(readFileSync(path, "utf8"), /three\n$/);
});

test("FileSink puts full files aside and keeps as many as it is told", async () => {
  const path = join(dir, "log");
  const { opened } = sink(path, { maxBytes: 100, backups: 2 });
  for (let n = 0; n < 10; n++) {
    opened.write(`${n}`.repeat(60));
    await opened.idle();
  }
  await opened.close();
  deepEqual(readdirSync(dir).sort(), ["log", "log.1", "log.2"]);
  equal(readFileSync(path, "utf8"), `${"9".repeat(60)}\n`);
  equal(readFileSync(`${path}.1`, "utf8"), `${"8".repeat(60)}\n`);
});

test("FileSink drops lines beyond its buffer, and says how many", async () => {
  const path = join(dir, "log");
  const { opened } = sink(path);
  for (let n = 0; n < 6; n++) opened.write("x".repeat(1024 * 1024));
  await opened.close();
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  equal(lines.length, 4);
  match(lines.at(-1) ?? "", /^\[3 lines of log dropped: the disk is too slow\]$/);
});

test("FileSink survives a disk that takes nothing, and complains once", async () => {
  const { opened, errors } = sink("/dev/full");
  for (let n = 0; n < 3; n++) {
    opened.write("lost");
    await opened.idle();
  }
  await opened.close();
  equal(errors.length, 1);
  match(errors[0] ?? "", /^Cannot write log file "\/dev\/full": no space left on the device/);
});

test("FileSink names a file that it cannot open", () => {
  writeFileSync(join(dir, "file"), "");
  throws(() => sink(join(dir, "file/log")), /^SaltException: Cannot .*"/);
  throws(() => sink(dir), /Cannot open log file ".*": a folder has that name/);
});

test("FileSink ignores lines after its end", async () => {
  const path = join(dir, "log");
  const { opened } = sink(path);
  await opened.close();
  opened.write("late");
  await opened.close();
  ok(readFileSync(path, "utf8") === "");
});
