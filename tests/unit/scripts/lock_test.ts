import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { takeLock } from "../../../scripts/build/lock.ts";

const folder = mkdtempSync(join(tmpdir(), "saltx-lock-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("takeLock() - lets one in at a time, each in turn", async () => {
  const path = join(folder, "one");
  let inside = 0;
  await Promise.all(Array.from({ length: 4 }, async () => {
    await using _lock = await takeLock(path);
    assert.equal(++inside, 1);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
  }));
  assert.ok(!existsSync(path));
});

test("takeLock() - takes over from a holder that has died", async () => {
  const path = join(folder, "dead");
  const { pid } = spawnSync("true");
  writeFileSync(path, String(pid));
  await using _lock = await takeLock(path);
  assert.ok(existsSync(path));
});

test("takeLock() - takes over a lock too old to be a build's", async () => {
  const path = join(folder, "old");
  writeFileSync(path, String(process.pid));
  utimesSync(path, new Date(0), new Date(0));
  await using _lock = await takeLock(path);
  assert.ok(existsSync(path));
});
