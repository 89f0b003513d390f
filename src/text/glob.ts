/**
 * Shell patterns as Python's `fnmatch` reads them: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`; no escapes.
 * @module
 */

type Token =
  | { kind: "star" }
  | { kind: "any" }
  | { kind: "char"; char: string }
  | { kind: "set"; negated: boolean; ranges: [string, string][] };

/** Whether `text` has characters that mean something in a pattern. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** Ranges of the inside of `[…]`. A range whose ends are the wrong way round holds nothing. */
function parseRanges(chars: string[]): [string, string][] {
  const ranges: [string, string][] = [];
  for (let i = 0; i < chars.length;) {
    const low = chars[i]!;
    const high = chars[i + 2];
    if (chars[i + 1] === "-" && high !== undefined) {
      if (low.codePointAt(0)! <= high.codePointAt(0)!) ranges.push([low, high]);
      i += 3;
    } else {
      ranges.push([low, low]);
      i++;
    }
  }
  return ranges;
}

function parseGlob(pattern: string): Token[] {
  const chars = Array.from(pattern);
  const tokens: Token[] = [];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!;
    if (char === "*") {
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
    } else if (char === "?") {
      tokens.push({ kind: "any" });
    } else if (char === "[") {
      let end = i + 1;
      if (chars[end] === "!") end++;
      if (chars[end] === "]") end++;
      while (end < chars.length && chars[end] !== "]") end++;
      if (end >= chars.length) {
        tokens.push({ kind: "char", char });
        continue;
      }
      const negated = chars[i + 1] === "!";
      const ranges = parseRanges(chars.slice(negated ? i + 2 : i + 1, end));
      tokens.push({ kind: "set", negated, ranges });
      i = end;
    } else {
      tokens.push({ kind: "char", char });
    }
  }
  return tokens;
}

function accepts(token: Token, char: string): boolean {
  if (token.kind === "char") return token.char === char;
  if (token.kind !== "set") return true;
  const point = char.codePointAt(0)!;
  const inside = token.ranges.some(([low, high]) =>
    low.codePointAt(0)! <= point && point <= high.codePointAt(0)!
  );
  return inside !== token.negated;
}

/** Remembers only the last star, so the time is at most text length times pattern length. */
function run(tokens: Token[], chars: string[]): boolean {
  let at = 0;
  let token = 0;
  let star = -1;
  let resume = 0;
  while (at < chars.length) {
    const current = tokens[token];
    if (current?.kind === "star") {
      star = token++;
      resume = at;
    } else if (current && accepts(current, chars[at]!)) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  while (tokens[token]?.kind === "star") token++;
  return token === tokens.length;
}

/**
 * Makes a test for one pattern, to be used on many texts.
 * (Python `fnmatch.fnmatch`, which is case-sensitive on POSIX)
 */
export function compileGlob(pattern: string): (text: string) => boolean {
  if (!isGlob(pattern)) return (text) => text === pattern;
  const tokens = parseGlob(pattern);
  return (text) => run(tokens, Array.from(text));
}

/** Whether the whole of `text` fits `pattern`. */
export function globMatch(pattern: string, text: string): boolean {
  return compileGlob(pattern)(text);
}

/** Those of `texts` that fit `pattern`, in their order. (Python `fnmatch.filter`) */
export function globFilter(texts: Iterable<string>, pattern: string): string[] {
  const test = compileGlob(pattern);
  return [...texts].filter((text) => test(text));
}
