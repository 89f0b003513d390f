import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteFile } from "../../../src/cache/sqlite_file.ts";

const MIGRATIONS = ["CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)"];

/** Opens the database in another process, looks at it, and closes it. */
function visit(path: string): void {
  const program = `
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    const db = new DatabaseSync(${JSON.stringify(path)});
    db.prepare("SELECT count(*) FROM t").get();
    db.close();
  `;
  const args = "deno" in process.versions ? ["eval", program] : ["-e", program];
  const { status, stderr } = spawnSync(process.execPath, args);
  assert.equal(status, 0, String(stderr));
}

test("SqliteFile: another connection of the process leaves the locks of the first in force", () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-locks-"));
  const path = join(dir, "t.db");
  const open = () => new SqliteFile({ path, migrations: MIGRATIONS });
  const first = open();
  first.transaction((prepare) => prepare("INSERT INTO t (text) VALUES ('a')").run());
  const second = open();
  second.run((prepare) => prepare("SELECT count(*) FROM t").get());
  second.close();
  visit(path);
  // Who closes a database as the last one removes its log; the visitor must not think it is the last.
  assert.ok(existsSync(`${path}-wal`), "the log was removed under a live connection");
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
