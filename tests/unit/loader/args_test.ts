import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseCliArgs, splitInput, yamlifyArg } from "../../../src/loader/args.ts";
import { pyRepr } from "../../../src/text/py_repr.ts";
import type { Data } from "../../../src/types/mod.ts";

function cases<T>(name: string): T[] {
  const file = new URL(`../../cases/args/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as T[];
}

/** Maps are compared without regard to order: JavaScript puts numeric keys first. */
function unordered(repr: string): string {
  return [...repr].sort().join("");
}

test("yamlifyArg() reads words as Salt does", () => {
  const wrong: unknown[] = [];
  for (const [word, expected] of cases<[string, string]>("yamlify")) {
    const actual = pyRepr(yamlifyArg(word));
    if (actual !== expected && unordered(actual) !== unordered(expected)) {
      wrong.push({ word, expected, actual });
    }
  }
  assert.deepEqual(wrong, []);
});

test("splitInput() and conditionInput() take command lines apart as Salt does", () => {
  for (const [line, expected, noParse] of cases<[Data[], string, string[]?]>("parse_input")) {
    const { args, kwargs } = splitInput(line, noParse ? { noParse } : {});
    const list = [...args];
    if (Object.keys(kwargs).length > 0) list.push({ __kwarg__: true, ...kwargs });
    const words = line.every((word) => typeof word === "string")
      ? parseCliArgs(line as string[], noParse ? { noParse } : {})
      : list;
    assert.equal(pyRepr(words), expected, `of ${JSON.stringify(line)}`);
  }
});
