/**
 * Escapes that stand for one character: `\n`, `\x41`, `\101`, `\.`.
 * @module
 */
import type { PatternText } from "./pattern_text.ts";

const simpleEscapes: Record<string, number> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const hexLengths: Record<string, number> = { x: 2, u: 4, U: 8 };

/** Reads what follows the first digit of an octal escape, of three digits at most. */
export function readOctal(text: PatternText, first: string): number {
  return parseInt(first + text.takeWhile(/^[0-7]$/, 2), 8);
}

/**
 * Reads what follows the letter of an escape.
 * @param start the place of the backslash
 * @returns the character's code point
 */
export function readEscapedPoint(text: PatternText, letter: string, start: number): number {
  if (Object.hasOwn(simpleEscapes, letter)) return simpleEscapes[letter]!;
  if (letter === "0") return readOctal(text, letter);
  const length = hexLengths[letter];
  if (length !== undefined) {
    const digits = text.ahead(length);
    const point = parseInt(digits, 16);
    if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(digits) || point > 0x10ffff) {
      text.fail(`incomplete escape \\${letter}${digits}`, start);
    }
    text.at += length;
    return point;
  }
  if (/^[A-Za-z0-9]$/.test(letter)) text.fail(`bad escape \\${letter}`, start);
  return letter.codePointAt(0)!;
}
