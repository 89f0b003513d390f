import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import {
  countDeno,
  countNode,
  failuresOfDeno,
  failuresOfNode,
  hanging,
} from "../../../scripts/test_counts.ts";

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

test("failuresOfDeno() gives the names under the last heading", () => {
  const output = [
    " ERRORS ",
    "a ... b => ./a_test.ts:1:1",
    "error: Error: no",
    " FAILURES ",
    "",
    "a ... b => ./a_test.ts:1:1",
    "c => ./c_test.ts:2:1",
    "",
    "FAILED | 2 passed | 2 failed (1s)",
    "error: Test failed",
  ];
  deepEqual(failuresOfDeno(output.join("\n")), output.slice(5, 7));
  deepEqual(failuresOfDeno("ok | 2 passed | 0 failed (1s)"), []);
});

test("failuresOfNode() gives names and places", () => {
  const output = [
    "✖ early (2ms)",
    "ℹ fail 2",
    "✖ failing tests:",
    "",
    "test at a_test.ts:3:1",
    "✖ a fails (1.25ms)",
    "  Error: no",
    "",
    "test at b_test.ts:9:3",
    "✖ b (fails) (0.5ms)",
  ];
  deepEqual(failuresOfNode(output.join("\n")), [
    "a fails => a_test.ts:3:1",
    "b (fails) => b_test.ts:9:3",
  ]);
});

test("hanging() names what had not ended", () => {
  const output = [
    "'slow' has been running for over (1m0s)",
    "'hangs' has been running for over (1m0s)",
    "./a_test.ts => slow ... ok (1m2s)",
    "'hangs' has been running for over (2m0s)",
    "",
  ];
  deepEqual(hanging(output.join("\n")), "it waited for hangs");
  deepEqual(hanging("./a_test.ts => slow ... ok (1s)\n"), "last: ./a_test.ts => slow ... ok (1s)");
});
