import assert from "node:assert/strict";
import { test } from "node:test";
import { unifiedDiff } from "../../../src/text/py_diff.ts";
import { readCases } from "../../support/cases.ts";

test("unifiedDiff writes what difflib writes", () => {
  type Case = [before: string[], after: string[], diff: string];
  for (const [before, after, diff] of readCases<Case[]>("diff/unified.json")) {
    assert.equal(unifiedDiff(before, after, "old", "new"), diff);
  }
});

test("unifiedDiff is empty for equal lists", () => {
  assert.equal(unifiedDiff(["a\n"], ["a\n"]), "");
  assert.equal(unifiedDiff([], []), "");
});
