/**
 * Grains and pillar held against `path:pattern`.
 * (`salt/utils/data.py:subdict_match`)
 * @module
 */
import { defaultDelimiter, traverse } from "../../loader/traverse.ts";
import { compileGlob } from "../../text/glob.ts";
import { compilePattern } from "../../text/pcre/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** How the last part of the expression is compared. */
export type SubdictMode = "glob" | "pcre" | "exact";

type Test = (text: string) => boolean;

/** Compiled tests of one expression's tails; each is used on many minions. */
class Tests {
  readonly #mode: SubdictMode;
  readonly #known = new Map<string, Test>();

  constructor(mode: SubdictMode) {
    this.#mode = mode;
  }

  /** Whether a value, as text without regard to case, fits the pattern. */
  fits(value: Data, pattern: string): boolean {
    let test = this.#known.get(pattern);
    if (!test) {
      test = this.#compile(pattern.toLowerCase());
      this.#known.set(pattern, test);
    }
    return test(pyStr(value).toLowerCase());
  }

  #compile(pattern: string): Test {
    if (this.#mode === "exact") return (text) => text === pattern;
    if (this.#mode === "glob") return compileGlob(pattern);
    return compilePcre(pattern) ?? (() => false);
  }
}

/** Undefined for a bad pattern: `a:(b:c)` is tried as `c)` too, when there is a key `a:(b`. */
function compilePcre(pattern: string): Test | undefined {
  try {
    const compiled = compilePattern(pattern);
    return (text) => compiled.match(text) !== null;
  } catch {
    return undefined;
  }
}

/** Whether a map has what the pattern asks for: a key, or deeper a `key:value`. */
function mapFits(target: DataMap, given: string, tests: Tests): boolean {
  const wildcard = given.startsWith("*:");
  const pattern = wildcard ? given.slice(2) : given;
  if (pattern === "*" || Object.hasOwn(target, pattern)) return true;
  if (Object.keys(target).some((key) => tests.fits(key, pattern))) return true;
  if (subdict(target, pattern, defaultDelimiter, tests)) return true;
  if (!wildcard) return false;
  return Object.values(target).some((value) => {
    if (isMap(value)) return mapFits(value, pattern, tests);
    if (Array.isArray(value)) return value.some((item) => tests.fits(item, pattern));
    return tests.fits(value, pattern);
  });
}

function valueFits(value: Data, pattern: string, tests: Tests): boolean {
  if (isMap(value)) return Object.keys(value).length > 0 && mapFits(value, pattern, tests);
  if (!Array.isArray(value)) return tests.fits(value, pattern);
  return value.some((item) =>
    (isMap(item) && mapFits(item, pattern, tests)) || tests.fits(item, pattern)
  );
}

function subdict(data: Data, expression: string, delimiter: string, tests: Tests): boolean {
  const parts = expression.split(delimiter);
  // The delimiter may stand in keys and values too; deeper readings come first.
  for (let count = parts.length - 1; count > 0; count--) {
    const key = parts.slice(0, count).join(delimiter);
    const all = key === "*";
    const value = all ? data : traverse(data, key, delimiter);
    if (value === undefined) continue;
    const pattern = all ? expression : parts.slice(count).join(delimiter);
    if (valueFits(value, pattern, tests)) return true;
  }
  return false;
}

/**
 * Reads an expression such as `os:Debian` or `a:*:b`.
 *
 * @throws PatternError for a bad regular expression.
 */
export function compileSubdict(
  expression: string,
  mode: SubdictMode,
  delimiter = defaultDelimiter,
): (data: DataMap | undefined) => boolean {
  const tests = new Tests(mode);
  const tail = expression.slice(expression.indexOf(delimiter) + delimiter.length);
  if (mode === "pcre") compilePattern(tail.toLowerCase());
  return (data) => subdict(data ?? null, expression, delimiter, tests);
}
