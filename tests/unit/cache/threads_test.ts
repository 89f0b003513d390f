import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { SqliteFile } from "../../../src/cache/sqlite_file.ts";

const MIGRATIONS = ["CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)"];

/** Whether this process holds a lock on the file, as the kernel sees it. */
function isLocked(path: string): boolean {
  const inode = statSync(path).ino;
  return readFileSync("/proc/locks", "utf8").split("\n").some((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[4] === String(process.pid) && fields[5]?.endsWith(`:${inode}`);
  });
}

test("SqliteFile: another connection of the process leaves the locks of the first in force", () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-locks-"));
  const path = join(dir, "t.db");
  const open = () => new SqliteFile({ path, migrations: MIGRATIONS });
  const first = open();
  first.transaction((prepare) => prepare("INSERT INTO t (text) VALUES ('a')").run());
  assert.ok(isLocked(path));
  const second = open();
  second.run((prepare) => prepare("SELECT count(*) FROM t").get());
  assert.ok(isLocked(path), "opening dropped the lock");
  second.close();
  assert.ok(isLocked(path), "closing dropped the lock");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  first.close();
  assert.deepEqual(readdirSync(dir), ["t.db"]);
  rmSync(dir, { recursive: true });
});

test("SqliteFile: a connection opens while another one writes", () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-locks-"));
  const open = () =>
    new SqliteFile({ path: join(dir, "t.db"), migrations: MIGRATIONS, busyTimeout: 1 });
  const [first, second] = [open(), open()];
  first.transaction((prepare) => {
    prepare("INSERT INTO t (text) VALUES ('a')").run();
    assert.equal(second.run((other) => other("SELECT count(*) AS n FROM t").get()?.["n"]), 0);
  });
  first.close();
  second.close();
  rmSync(dir, { recursive: true });
});
