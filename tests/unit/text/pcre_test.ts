import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileGlob } from "../../../src/text/glob.ts";
import { compilePattern, PatternError } from "../../../src/text/pcre/mod.ts";

interface Table<Answer> {
  texts: string[];
  rows: [pattern: string, answers: Answer][];
}

function table<Answer>(name: string): Table<Answer> {
  const file = new URL(`../../cases/pcre/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Table<Answer>;
}

function answers(pattern: string, texts: string[]): unknown[] | null {
  try {
    const compiled = compilePattern(pattern);
    return texts.map((text) => {
      const search = compiled.search(text);
      return [
        compiled.match(text)?.groups ?? null,
        search ? [search.start, search.end] : null,
        compiled.fullmatch(text) !== null,
      ];
    });
  } catch (error) {
    assert.ok(error instanceof PatternError, `${pattern}: ${String(error)}`);
    return null;
  }
}

test("compilePattern() matches as Python's re does", () => {
  const { texts, rows } = table<unknown[] | null>("pcre");
  const wrong = rows.map(([pattern, python]) => ({
    pattern,
    python,
    saltx: answers(pattern, texts),
  })).filter(({ python, saltx }) => JSON.stringify(python) !== JSON.stringify(saltx));
  assert.deepEqual(wrong, []);
});

test("compilePattern() ends patterns that would take for ever", () => {
  const evil: [string, string][] = [
    ["(a+)+$", "a".repeat(60) + "b"],
    ["(a|a)*b", "a".repeat(100)],
    ["(.*)*x", "y".repeat(5000)],
    ["a*".repeat(30) + "b", "a".repeat(200)],
  ];
  for (const [pattern, text] of evil) {
    assert.throws(() => compilePattern(pattern).match(text), /takes too long|too deep/);
  }
});

test("compilePattern() refuses patterns beyond its bounds", () => {
  assert.throws(() => compilePattern("a".repeat(20_000)), /at most 16384 characters/);
  assert.throws(() => compilePattern("(".repeat(500) + ")".repeat(500)), /nested too deeply/);
});

test("compileGlob() matches as Python's fnmatch does", () => {
  const { texts, rows } = table<boolean[]>("glob");
  for (const [pattern, python] of rows) {
    const test = compileGlob(pattern);
    assert.deepEqual(texts.map((text) => test(text)), python, `of ${JSON.stringify(pattern)}`);
  }
});

test("compileGlob() takes linear time for many stars", () => {
  assert.equal(compileGlob("*a".repeat(50) + "b")("a".repeat(5000)), false);
});
