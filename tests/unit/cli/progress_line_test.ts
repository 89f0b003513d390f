import assert from "node:assert/strict";
import { test } from "node:test";
import { progressText } from "../../../src/cli/progress_line.ts";

test("progressText() counts, and names those that are waited for as far as there is room", () => {
  const waiting = ["w1", "w2", "w3", "w4", "w5"];
  const text = (columns: number, names = waiting) =>
    progressText({ returned: 5, expected: 10, waiting: names }, 3999, columns);
  assert.equal(text(80), "5/10 returned, 3 s, waiting for w1, w2, w3 and 2 more");
  assert.equal(text(48), "5/10 returned, 3 s, waiting for w1 and 4 more");
  assert.equal(text(30), "5/10 returned, 3 s");
  assert.equal(text(80, []), "5/10 returned, 3 s");
  assert.equal(text(10), "5/10 retu");
});
