import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openMinionDataCache } from "../../../src/cache/mod.ts";
import type { MinionId } from "../../../src/types/mod.ts";

function temporaryCache() {
  const cachedir = mkdtempSync(join(tmpdir(), "minions-"));
  let seconds = 100;
  const cache = openMinionDataCache({ cachedir, now: () => 1000 * seconds++ });
  return {
    cachedir,
    cache,
    [Symbol.dispose]: () => {
      cache.close();
      rmSync(cachedir, { recursive: true });
    },
  };
}

const id = (text: string) => text as MinionId;

test("setGrains() and setPillar() replace their part and leave the other", () => {
  using it = temporaryCache();
  it.cache.setGrains(id("w1"), { os: "Debian", ip: ["::1"] });
  it.cache.setPillar(id("w1"), { role: "web" });
  it.cache.setGrains(id("w1"), { os: "Arch" });
  assert.deepEqual(it.cache.data("w1"), {
    grains: { os: "Arch" },
    pillar: { role: "web" },
    updated: 102,
  });
  assert.deepEqual(it.cache.grains("w1"), { os: "Arch" });
  assert.deepEqual(it.cache.pillar("w1"), { role: "web" });
});

test("what is not known is null, and an unknown part of a known minion is empty in data()", () => {
  using it = temporaryCache();
  it.cache.setGrains(id("w1"), { os: "Debian" });
  assert.equal(it.cache.data("w2"), null);
  assert.equal(it.cache.grains("w2"), null);
  assert.equal(it.cache.pillar("w1"), null);
  assert.deepEqual(it.cache.data("w1")?.pillar, {});
});

test("all() gives each minion once, by id, also while it is written to", () => {
  using it = temporaryCache();
  for (let i = 0; i < 450; i++) it.cache.setGrains(id(`m${String(i).padStart(3, "0")}`), { i });
  const seen: string[] = [];
  for (const [minion, data] of it.cache.all()) {
    seen.push(minion);
    it.cache.setPillar(minion, { seen: data.grains["i"]! });
  }
  assert.equal(seen.length, 450);
  assert.deepEqual(seen, [...new Set(seen)].sort());
  assert.deepEqual(it.cache.ids(), seen);
});

test("forget() removes the named and counts them", () => {
  using it = temporaryCache();
  for (const name of ["a", "b", "c"]) it.cache.setGrains(id(name), {});
  assert.equal(it.cache.forget(["a", "c", "z"]), 2);
  assert.deepEqual(it.cache.ids(), ["b"]);
});

test("openMinionDataCache() makes a file that only its owner can read: pillar is secret", () => {
  using it = temporaryCache();
  it.cache.setPillar(id("w1"), { password: "x" });
  assert.equal(statSync(join(it.cachedir, "minion_data.db")).mode & 0o777, 0o600);
});
