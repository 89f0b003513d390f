/**
 * Classes of characters as Python's `re` has them for text.
 * @module
 */
import type { CharTest } from "./ast.ts";

const asciiWord: boolean[] = Array.from(
  { length: 128 },
  (_, point) => /\w/.test(String.fromCharCode(point)),
);

/** `\d`: any decimal digit, not only those of ASCII. */
export const isDigit: CharTest = (point) =>
  point < 128 ? point >= 48 && point <= 57 : /\p{Nd}/u.test(String.fromCodePoint(point));

/** `\w`: letters, numbers and the underscore. */
export const isWord: CharTest = (point) =>
  point < 128 ? asciiWord[point]! : /[\p{L}\p{N}]/u.test(String.fromCodePoint(point));

/** `\s`: what Python's `str.isspace` is true for. */
export const isSpace: CharTest = (point) =>
  point === 32 || (point >= 9 && point <= 13) || (point >= 0x1c && point <= 0x1f) ||
  (point >= 0x85 && (point === 0x85 || point === 0xa0 || point === 0x1680 || point === 0x2028 ||
    point === 0x2029 || point === 0x202f || point === 0x205f || point === 0x3000 ||
    (point >= 0x2000 && point <= 0x200a)));

/** Limits a class to ASCII. (flag `a`) */
export function asciiOnly(test: CharTest): CharTest {
  return (point) => point < 128 && test(point);
}

/** The opposite class. */
export function negate(test: CharTest): CharTest {
  return (point) => !test(point);
}

/** The class that an escape stands for, `\d` to `\W`; undefined when it stands for none. */
export function classOf(letter: string, ascii: boolean): CharTest | undefined {
  const plain = { d: isDigit, w: isWord, s: isSpace }[letter.toLowerCase()];
  if (!plain || !/^[dwsDWS]$/.test(letter)) return undefined;
  const test = ascii ? asciiOnly(plain) : plain;
  return letter === letter.toLowerCase() ? test : negate(test);
}

/** A character without regard to case: its lower-case form. */
export function fold(point: number): number {
  if (point < 128) return point >= 65 && point <= 90 ? point + 32 : point;
  const lower = String.fromCodePoint(point).toLowerCase();
  return lower.codePointAt(0)!;
}

function upper(point: number): number {
  const text = String.fromCodePoint(point).toUpperCase();
  return [...text].length === 1 ? text.codePointAt(0)! : point;
}

/** Makes a class deaf to case: a character fits when one of its forms does. */
export function foldCase(test: CharTest): CharTest {
  return (point) => test(point) || test(fold(point)) || test(upper(point));
}
