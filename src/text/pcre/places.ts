/**
 * Conditions on a place between two characters: `^`, `$`, `\A`, `\Z`, `\b`.
 * @module
 */
import type { Assertion, CharTest } from "./ast.ts";

/** `\A`, and `^` without the flag `m`. */
export const atStart: Assertion = (_text, at) => at === 0;

/** `\Z`. */
export const atEnd: Assertion = (text, at) => at === text.length;

/** `^` with the flag `m`. */
export const atLineStart: Assertion = (text, at) => at === 0 || text[at - 1] === 10;

/** `$` with the flag `m`. */
export const atLineEnd: Assertion = (text, at) => at === text.length || text[at] === 10;

/** `$` without the flag `m`: a line feed may follow, but nothing else. */
export const atEndOrLastLine: Assertion = (text, at) =>
  at === text.length || (at === text.length - 1 && text[at] === 10);

/** `\b` where a word's edge is wanted, else `\B`; neither is anywhere in an empty text. */
export function atBoundary(word: CharTest, wanted: boolean): Assertion {
  return (text, at) => {
    if (text.length === 0) return false;
    const before = at > 0 && word(text[at - 1]!);
    const after = at < text.length && word(text[at]!);
    return (before !== after) === wanted;
  };
}
