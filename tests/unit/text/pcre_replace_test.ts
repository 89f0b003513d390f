import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern, PatternError, replaceMatches } from "../../../src/text/pcre/mod.ts";
import { readCases } from "../../support/cases.ts";

type Case = [
  pattern: string,
  template: string,
  text: string,
  count: number,
  lines: boolean,
  result: [string, number] | null,
];

test("replaceMatches does what re.subn does", () => {
  for (
    const [pattern, template, text, count, lines, result] of readCases<Case[]>("pcre/sub.json")
  ) {
    const run = () => replaceMatches(compilePattern(pattern, { m: lines }), text, template, count);
    const where = JSON.stringify([pattern, template, text, count, lines]);
    if (result === null) assert.throws(run, PatternError, where);
    else assert.deepEqual(Object.values(run()), result, where);
  }
});

test("matchAll finds an empty match behind one that is not, as Python does", () => {
  const found = [...compilePattern("a*").matchAll("aab")].map(({ start, end }) => [start, end]);
  assert.deepEqual(found, [[0, 2], [2, 2], [3, 3]]);
});

test("matchAll gives texts longer than an argument list", () => {
  const text = "é".repeat(200_000);
  const [match] = compilePattern(".*").matchAll(text);
  assert.equal(match!.groups[0], text);
});
