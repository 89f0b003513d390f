/**
 * Regular expressions as Python's `re` has them; what Salt calls PCRE.
 *
 * Not supported: `\N{…}`. Global flags are taken anywhere, as Pythons before 3.11 do.
 * @module
 */
import type { Expression, Flags } from "./ast.ts";
import { compileExpression, type RawMatch } from "./match.ts";
import { parsePattern } from "./parse.ts";
import { PatternError } from "./pattern_text.ts";

export { PatternError };
export { replaceMatches } from "./replace.ts";
export type { Flags };

/** A match. */
export interface PatternMatch {
  /** Places in characters. */
  start: number;
  end: number;
  /** The whole match, then each group; null where a group took no part. */
  groups: (string | null)[];
  named: Record<string, string | null>;
}

/** A pattern that has been read. */
export interface Pattern {
  /** How many groups it has. */
  readonly groups: number;
  /** Names of groups. */
  readonly names: readonly string[];
  /** Matches at the start of the text. (`re.match`) */
  match(text: string): PatternMatch | null;
  /** Matches the whole text. (`re.fullmatch`) */
  fullmatch(text: string): PatternMatch | null;
  /** Matches somewhere in the text, at `from` or later. (`re.search`) */
  search(text: string, from?: number): PatternMatch | null;
  /** All matches from left to right that do not overlap. (`re.finditer`) */
  matchAll(text: string): Generator<PatternMatch>;
}

function toPoints(text: string): number[] {
  return Array.from(text, (char) => char.codePointAt(0)!);
}

function toText(points: readonly number[]): string {
  let text = "";
  // An argument for each character: more than some ten thousand do not fit.
  for (let at = 0; at < points.length; at += 8192) {
    text += String.fromCodePoint(...points.slice(at, at + 8192));
  }
  return text;
}

function matchOf(
  { groups: count, names }: Expression,
  points: readonly number[],
  raw: RawMatch,
): PatternMatch {
  const slice = (start: number, end: number) => toText(points.slice(start, end));
  const groups: (string | null)[] = [slice(raw.start, raw.end)];
  for (let index = 1; index <= count; index++) {
    const [start, end] = [raw.groups[index * 2]!, raw.groups[index * 2 + 1]!];
    groups.push(end < 0 ? null : slice(start, end));
  }
  const named = Object.fromEntries(
    [...names].map(([name, index]) => [name, groups[index] ?? null]),
  );
  return { start: raw.start, end: raw.end, groups, named };
}

/**
 * Reads a pattern once, to hold many texts against it.
 * @throws PatternError when Python would not take it; its methods throw it when a match takes too long.
 */
export function compilePattern(pattern: string, flags: Partial<Flags> = {}): Pattern {
  const expression = parsePattern(pattern, flags);
  const run = compileExpression(expression);
  const shape = (points: readonly number[], raw: RawMatch | null) =>
    raw && matchOf(expression, points, raw);
  return {
    groups: expression.groups,
    names: [...expression.names].map(([name]) => name),
    match: (text) => {
      const points = toPoints(text);
      return shape(points, run(points, 0, false));
    },
    fullmatch: (text) => {
      const points = toPoints(text);
      return shape(points, run(points, 0, true));
    },
    search: (text, from = 0) => {
      const points = toPoints(text);
      for (let at = from; at <= points.length; at++) {
        const found = run(points, at, false);
        if (found) return shape(points, found);
      }
      return null;
    },
    *matchAll(text) {
      const points = toPoints(text);
      // Behind an empty match at some place, only one that is not empty can begin there.
      let emptyAt = -1;
      for (let at = 0; at <= points.length;) {
        const found = run(points, at, false, emptyAt === at ? at : -1);
        if (!found) {
          at++;
          continue;
        }
        yield shape(points, found)!;
        emptyAt = found.end === at ? at : -1;
        at = found.end;
      }
    },
  };
}
