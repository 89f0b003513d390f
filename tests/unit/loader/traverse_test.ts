import assert from "node:assert/strict";
import { test } from "node:test";
import { traverse } from "../../../src/loader/traverse.ts";

const data = {
  a: { b: [{ c: 1 }, { d: [10, 20] }, "x"], "e:f": "g", True: "yes", "16": "hex" },
  n: null,
};

test("traverse() follows names and indices", () => {
  assert.equal(traverse(data, "a:b:0:c"), 1);
  assert.equal(traverse(data, "a:b:c"), 1);
  assert.deepEqual(traverse(data, "a:b:d:1"), 20);
  assert.equal(traverse(data, "a:b:-1"), "x");
  assert.equal(traverse(data, "a|e:f", "|"), "g");
  assert.equal(traverse(data, "n"), null);
});

test("traverse() finds keys that YAML reads as something else", () => {
  assert.equal(traverse(data, "a:yes"), "yes");
  assert.equal(traverse(data, "a:0x10"), "hex");
});

test("traverse() gives undefined where a path ends early", () => {
  for (
    const path of ["x", "a:x", "a:b:9", "a:b:x", "n:x", "a:b:0:c:d", "toString", "a:constructor"]
  ) {
    assert.equal(traverse(data, path), undefined, path);
  }
});
