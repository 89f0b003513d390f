import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDuration } from "../../../src/text/duration.ts";

test("parseDuration() - reads numbers with and without a unit", () => {
  const cases: [unknown, number][] = [
    [90, 90],
    ["90", 90],
    ["90s", 90],
    ["30m", 1800],
    ["12H", 43_200],
    [" 7d ", 604_800],
    ["2w", 1_209_600],
    ["1.5h", 5400],
  ];
  for (const [text, seconds] of cases) assert.equal(parseDuration(text), seconds, String(text));
});

test("parseDuration() - refuses everything else", () => {
  for (
    const bad of ["", "0", "0d", "-1", "7 days", "1e9", "d", "9".repeat(50), null, {}, [], "1y"]
  ) {
    assert.equal(parseDuration(bad), null, String(bad));
  }
});
