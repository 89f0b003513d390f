import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import { countDeno, countNode } from "../../../scripts/test_counts.ts";

test("countDeno() adds tests and their steps, passed and failed apart", () => {
  const lines = [
    "names ... 5 passed tests are not counted here",
    "FAILED | 16 passed (107 steps) | 2 failed (1 step) | 3 ignored (39s)",
  ];
  deepEqual(countDeno(lines.join("\n")), { passed: 123, failed: 3 });
  deepEqual(countDeno("ok | 7 passed | 0 failed (2s)\n"), { passed: 7, failed: 0 });
});

test("countDeno() finds nothing in a run that did not get as far", () => {
  deepEqual(countDeno('error: Module not found "x.ts"\n'), { passed: 0, failed: 0 });
});

test("countNode() takes what was cancelled for failed", () => {
  const output = "ℹ tests 9\nℹ pass 5\nℹ fail 3\nℹ cancelled 1\n";
  deepEqual(countNode(output), { passed: 5, failed: 4 });
  deepEqual(countNode(output.replaceAll("ℹ", "#")), { passed: 5, failed: 4 });
  deepEqual(countNode(""), { passed: 0, failed: 0 });
});
