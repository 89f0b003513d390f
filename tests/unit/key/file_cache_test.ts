import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { FileCache } from "../../../src/key/file_cache.ts";
import { readKeyFile } from "../../../src/key/key_files.ts";

/** A clock so late that no file counts as just changed. */
const LATER = () => Date.now() + 3_600_000;

function setUp(now: () => number, limit = 100) {
  const folder = mkdtempSync(join(tmpdir(), "cache-"));
  let reads = 0;
  const cache = new FileCache(
    (path) => {
      reads++;
      return readKeyFile(path);
    },
    limit,
    now,
  );
  return {
    cache,
    reads: () => reads,
    path: (name: string) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

test("FileCache reads an unchanged file once", () => {
  using it = setUp(LATER);
  writeFileSync(it.path("a"), "one");
  for (let i = 0; i < 5; i++) assert.equal(it.cache.get(it.path("a")), "one");
  assert.equal(it.reads(), 1);
});

test("FileCache sees a file that took another's place with the same size and time", () => {
  using it = setUp(LATER);
  const time = new Date(1_700_000_000_000);
  for (const [name, text] of [["a", "one"], ["b", "two"]] as const) {
    writeFileSync(it.path(name), text);
    utimesSync(it.path(name), time, time);
  }
  assert.equal(it.cache.get(it.path("a")), "one");
  renameSync(it.path("b"), it.path("a"));
  assert.equal(it.cache.get(it.path("a")), "two");
});

test("FileCache sees a removal at once", () => {
  using it = setUp(LATER);
  writeFileSync(it.path("a"), "one");
  assert.equal(it.cache.get(it.path("a")), "one");
  rmSync(it.path("a"));
  assert.equal(it.cache.get(it.path("a")), null);
});

test("FileCache does not trust a file that changed just now", () => {
  let at = 0;
  using it = setUp(() => at);
  writeFileSync(it.path("a"), "one");
  at = Date.now();
  it.cache.get(it.path("a"));
  it.cache.get(it.path("a"));
  assert.equal(it.reads(), 2);
});

test("FileCache sees what changes in a folder", () => {
  using it = setUp(LATER);
  const cache = new FileCache((path) => readdirSync(path), 10, LATER);
  const folder = dirname(it.path("a"));
  const past = new Date(1_700_000_000_000);
  utimesSync(folder, past, past);
  assert.deepEqual(cache.get(folder), []);
  writeFileSync(it.path("a"), "");
  assert.deepEqual(cache.get(folder), ["a"]);
});

test("FileCache remembers no more than its limit", () => {
  using it = setUp(LATER, 2);
  for (const name of ["a", "b", "c"]) {
    writeFileSync(it.path(name), name);
    it.cache.get(it.path(name));
  }
  it.cache.get(it.path("c"));
  it.cache.get(it.path("b"));
  assert.equal(it.reads(), 3);
  it.cache.get(it.path("a"));
  assert.equal(it.reads(), 4);
});
