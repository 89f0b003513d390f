/**
 * What Python's `str` methods do to text.
 * @module
 */

/** Order of Python's `sorted` on texts: by code point, where JavaScript compares UTF-16 units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const left = a[Symbol.iterator]();
  const right = b[Symbol.iterator]();
  for (;;) {
    const [x, y] = [left.next(), right.next()];
    if (x.done) return y.done ? 0 : -1;
    if (y.done) return 1;
    const difference = (x.value.codePointAt(0) ?? 0) - (y.value.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
}

// deno-lint-ignore no-control-regex -- these characters end lines in Python
const LINE = /([^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*)(\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|$)/g;

/** Python's `str.splitlines`: no empty last line. */
export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  for (const [whole, line, end] of text.matchAll(LINE)) {
    if (whole === "" && end === "") break;
    lines.push(keepEnds ? whole : line ?? "");
  }
  return lines;
}

/** Python's `str.rstrip()`. */
export function rstrip(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1] ?? "")) end--;
  return text.slice(0, end);
}

/** Python's `str.strip()`. */
export function strip(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text[start] ?? "")) start++;
  return rstrip(text.slice(start));
}

function isSpace(char: string): boolean {
  // deno-lint-ignore no-control-regex -- these characters are white space in Python
  return /[\s\x1c-\x1f\x85]/.test(char) && char !== "\ufeff";
}

/** Python's `str.center`: the odd space goes left when the width is odd, else right. */
export function center(text: string, width: number): string {
  const margin = width - [...text].length;
  if (margin <= 0) return text;
  const left = Math.floor(margin / 2) + (margin & width & 1);
  return " ".repeat(left) + text + " ".repeat(margin - left);
}

/** Python's `str.title`: each word begins with a capital and goes on in small letters. */
export function title(text: string): string {
  return text.replace(/\p{L}+/gu, (word) => {
    const [first = "", ...rest] = word;
    return first.toUpperCase() + rest.join("").toLowerCase();
  });
}

/** Number of characters as Python counts them. */
export function textLength(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** A number with `digits` decimals, rounded half to even as Python does. (`'{:.3f}'`) */
export function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  // Only a number that is exactly half way is rounded differently, and those are multiples of 2^-20.
  const scaled = Math.abs(value) * 10 ** digits;
  const half = Number.isInteger(value * 2 ** 20) && scaled % 1 === 0.5;
  if (!half || Math.floor(scaled) % 2 === 1) return text;
  return (Math.sign(value) * Math.floor(scaled) / 10 ** digits).toFixed(digits);
}
