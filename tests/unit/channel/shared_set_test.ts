import { test } from "node:test";
import assert from "node:assert/strict";
import { SharedSet, sharedTable } from "../../../src/channel/shared_set.ts";

test("SharedSet.add() is true once for each entry", () => {
  const set = new SharedSet(sharedTable(1024));
  assert.equal(set.add("web1", "nonce"), true);
  assert.equal(set.add("web1", "nonce"), false);
  assert.equal(set.add("web2", "nonce"), true);
});

test("SharedSet sees what another view of the same table added", () => {
  const table = sharedTable(1024);
  new SharedSet(table).add("web1");
  const other = new SharedSet(table);
  assert.equal(other.has("web1"), true);
  assert.equal(other.has("web2"), false);
  assert.equal(other.add("web1"), false);
});

test("SharedSet keeps taking entries when full, and remembers the newest", () => {
  const set = new SharedSet(sharedTable(64));
  for (let i = 0; i < 10_000; i++) assert.equal(set.add(`entry ${i}`), true);
  assert.equal(set.has("entry 9999"), true);
  assert.equal(set.has("entry 0"), false);
});

test("SharedSet.remove() takes one entry out and leaves the others", () => {
  const set = new SharedSet(sharedTable(8));
  for (const id of ["a", "b", "c"]) set.add(id);
  set.remove("a");
  set.remove("never there");
  assert.deepEqual(["a", "b", "c"].map((id) => set.has(id)), [false, true, true]);
  assert.equal(set.add("c"), false, "found behind the hole");
  assert.equal(set.add("a"), true);
});
