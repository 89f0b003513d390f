import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { type MineStoreOptions, openMineStore } from "../../../src/cache/mod.ts";

function store(t: TestContext, options: Partial<MineStoreOptions> = {}) {
  const cachedir = mkdtempSync(join(tmpdir(), "saltx-mine-"));
  const opened = openMineStore({ cachedir, ...options });
  t.after(() => {
    opened.close();
    rmSync(cachedir, { recursive: true });
  });
  return opened;
}

test("MineStore adds, replaces and takes out values by minion and function", (t) => {
  const mine = store(t);
  assert.equal(mine.set("a", { one: 1, two: { x: [true] } }, false), true);
  assert.equal(mine.set("a", { one: null }, false), true);
  assert.deepEqual(mine.all("a"), { one: null, two: { x: [true] } });
  assert.equal(mine.get("a", "one"), null);
  assert.equal(mine.get("a", "none"), undefined);
  assert.equal(mine.get("b", "one"), undefined);
  assert.equal(mine.set("a", { three: 3 }, true), true);
  assert.deepEqual(mine.all("a"), { three: 3 });
  assert.equal(mine.remove("a", "three"), true);
  assert.equal(mine.remove("a", "three"), false);
  mine.set("a", { one: 1 }, false);
  assert.equal(mine.flush(["a", "b"]), true);
  assert.equal(mine.flush(["a"]), false);
});

test("MineStore keeps what it has when more would be too many or too large", (t) => {
  const mine = store(t, { maxValues: 2, maxBytes: 1000 });
  assert.equal(mine.set("a", { one: 1, two: 2 }, false), true);
  assert.equal(mine.set("a", { three: 3 }, false), false);
  assert.equal(mine.set("a", { one: "x".repeat(2000) }, true), false);
  assert.deepEqual(mine.all("a"), { one: 1, two: 2 });
  assert.equal(mine.set("b", { one: 1 }, false), true);
});
