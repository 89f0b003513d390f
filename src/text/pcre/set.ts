/**
 * Sets of characters: `[a-z_]`, `[^\s]`.
 * @module
 */
import type { CharTest, Flags } from "./ast.ts";
import { classOf, foldCase, negate } from "./chars.ts";
import { readEscapedPoint, readOctal } from "./escapes.ts";
import type { PatternText } from "./pattern_text.ts";

/** Reads what follows the opening bracket of a set. */
export function readSet(text: PatternText, flags: Flags): CharTest {
  const start = text.at - 1;
  const negated = text.take("^");
  const tests: CharTest[] = [];
  const ranges: [number, number][] = [];
  for (let first = true;; first = false) {
    if (text.isAtEnd) text.fail("unterminated character set", start);
    if (!first && text.take("]")) break;
    const low = readItem(text, flags, start);
    const next = text.peek(1);
    if (text.peek() !== "-" || next === "]" || next === undefined) {
      if (typeof low === "number") ranges.push([low, low]);
      else tests.push(low);
      continue;
    }
    const place = text.at;
    text.at++;
    const high = readItem(text, flags, start);
    if (typeof low !== "number" || typeof high !== "number" || high < low) {
      text.fail("bad character range", place);
    }
    ranges.push([low, high]);
  }
  const inside: CharTest = (point) =>
    ranges.some(([low, high]) => low <= point && point <= high) ||
    tests.some((test) => test(point));
  const test = flags.i ? foldCase(inside) : inside;
  return negated ? negate(test) : test;
}

/** A character, which may begin or end a range, or a class. */
function readItem(text: PatternText, flags: Flags, start: number): number | CharTest {
  const char = text.next();
  if (char === undefined) return text.fail("unterminated character set", start);
  if (char !== "\\") return char.codePointAt(0)!;
  const place = text.at - 1;
  const letter = text.next();
  if (letter === undefined) return text.fail("unterminated character set", start);
  const test = classOf(letter, flags.a);
  if (test) return test;
  return /^[0-7]$/.test(letter) ? readOctal(text, letter) : readEscapedPoint(text, letter, place);
}
