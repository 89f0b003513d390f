/**
 * Reads regular expressions as Python's `re` does, including what JavaScript's cannot say: inline
 * flags, `\A` and `\Z`, `(?P<name>…)`, atomic groups, possessive repeats, conditionals.
 *
 * One long class, because a parser's functions call each other in a ring.
 * @module
 */
import { SaltInvocationError } from "../../errors.ts";
import type { Assertion, CharTest, Expression, Node } from "./ast.ts";
import { asciiOnly, fold, foldCase, isDigit, isSpace, isWord, negate } from "./chars.ts";

/** The pattern is not one that Python's `re` takes. */
export class PatternError extends SaltInvocationError {
  override name = "PatternError";
}

/** Longest pattern that is read, in characters. */
const maxPattern = 16_384;
/** Deepest nesting of groups. */
const maxDepth = 100;
/** Most repeats of one thing that may be asked for. */
const maxRepeat = 0xffff_ffff;

/** Flags of `re`: ignorecase, multiline, dotall, verbose, ascii. */
export type Flags = Record<"i" | "m" | "s" | "x" | "a", boolean>;

/** A global flag in the middle of a pattern: it counts from the start, so reading starts anew. */
class Restart {
  readonly flags: Flags;
  constructor(flags: Flags) {
    this.flags = flags;
  }
}

const simpleEscapes: Record<string, number> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };
const hexLengths: Record<string, number> = { x: 2, u: 4, U: 8 };

class Parser {
  readonly #text: string[];
  #flags: Flags;
  #at = 0;
  #depth = 0;
  #groups = 0;
  /** The highest group that a conditional asks for. */
  #asked = 0;
  readonly #names = new Map<string, number>();
  readonly #open = new Set<number>();

  constructor(pattern: string, flags: Flags) {
    this.#text = Array.from(pattern);
    this.#flags = { ...flags };
  }

  parse(): Expression {
    const root = this.#choice();
    if (this.#at < this.#text.length) this.#fail("unbalanced parenthesis");
    if (this.#asked > this.#groups) this.#fail(`invalid group reference ${this.#asked}`);
    return { root, groups: this.#groups, names: this.#names };
  }

  #fail(why: string, at = this.#at): never {
    throw new PatternError(`Invalid regular expression "${this.#text.join("")}": ${why} at ${at}`);
  }

  #peek(ahead = 0): string | undefined {
    return this.#text[this.#at + ahead];
  }

  #take(text: string): boolean {
    if (this.#text.slice(this.#at, this.#at + text.length).join("") !== text) return false;
    this.#at += text.length;
    return true;
  }

  #until(end: string, what: string): string {
    const start = this.#at;
    while (this.#peek() !== undefined && this.#peek() !== end) this.#at++;
    if (this.#peek() === undefined) this.#fail(`missing ${end}, unterminated ${what}`, start);
    return this.#text.slice(start, this.#at++).join("");
  }

  #choice(): Node {
    if (++this.#depth > maxDepth) this.#fail("groups are nested too deeply");
    const before = this.#flags;
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    this.#flags = before;
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  #sequence(): Node {
    const items: Node[] = [];
    for (;;) {
      if (this.#flags.x) this.#skipVerbose();
      const char = this.#peek();
      if (char === undefined || char === "|" || char === ")") break;
      const start = this.#at;
      const atom = this.#atom();
      if (atom) items.push(this.#repeats(atom, start));
    }
    return items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  /** Comments between a thing and its repeat. */
  #skipSilent(): void {
    do {
      if (this.#flags.x) this.#skipVerbose();
    } while (this.#take("(?#") && this.#until(")", "comment") !== null);
  }

  #skipVerbose(): void {
    for (;;) {
      if (/^[ \t\n\r\f\v]$/.test(this.#peek() ?? "")) this.#at++;
      else if (this.#peek() === "#") {
        while (this.#peek() !== undefined && this.#peek() !== "\n") this.#at++;
      } else return;
    }
  }

  #bounds(): [number, number] | undefined {
    const char = this.#peek();
    if (char === "*") return this.#at++, [0, Infinity];
    if (char === "+") return this.#at++, [1, Infinity];
    if (char === "?") return this.#at++, [0, 1];
    if (char !== "{") return undefined;
    const close = this.#text.indexOf("}", this.#at);
    const inside = this.#text.slice(this.#at + 1, close < 0 ? undefined : close).join("");
    const match = /^(\d*)(,?)(\d*)$/.exec(inside);
    // What is no repeat count stands for itself.
    if (close < 0 || !match || inside === "") return undefined;
    const min = match[1] === "" ? 0 : Number(match[1]);
    const max = match[3] !== "" ? Number(match[3]) : match[2] === "," ? Infinity : min;
    if (min > maxRepeat || (max > maxRepeat && max !== Infinity)) {
      this.#fail("the repetition number is too large");
    }
    if (max < min) this.#fail("min repeat greater than max repeat");
    this.#at = close + 1;
    return [min, max];
  }

  #repeats(atom: Node, start: number): Node {
    this.#skipSilent();
    const place = this.#at;
    const bounds = this.#bounds();
    if (!bounds) return atom;
    if (atom.kind === "assert") this.#fail("nothing to repeat", start);
    const greedy = !this.#take("?");
    const possessive = greedy && this.#take("+");
    const [min, max] = bounds;
    if (this.#flags.x) this.#skipVerbose();
    const again = this.#at;
    if (this.#bounds()) this.#fail("multiple repeat", again);
    this.#at = again;
    if (atom.kind === "sequence" && atom.items.length === 0) this.#fail("nothing to repeat", place);
    return { kind: "repeat", body: atom, min, max, greedy, possessive };
  }

  #atom(): Node | undefined {
    const char = this.#text[this.#at++]!;
    switch (char) {
      case ".":
        return { kind: "char", test: this.#flags.s ? () => true : (point) => point !== 10 };
      case "^":
        return { kind: "assert", test: this.#flags.m ? atLineStart : atStart };
      case "$":
        return { kind: "assert", test: this.#flags.m ? atLineEnd : atEndOrLastLine };
      case "(":
        return this.#group();
      case "[":
        return { kind: "char", test: this.#set() };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        return this.#fail("nothing to repeat", this.#at - 1);
      case "{":
        this.#at--;
        if (this.#bounds()) this.#fail("nothing to repeat");
        this.#at++;
    }
    return this.#literal(char.codePointAt(0)!);
  }

  #literal(point: number): Node {
    if (!this.#flags.i) return { kind: "char", test: (other) => other === point };
    const folded = fold(point);
    return { kind: "char", test: (other) => other === point || fold(other) === folded };
  }

  #close(start: number): void {
    if (!this.#take(")")) this.#fail("missing ), unterminated subpattern", start);
  }

  #group(): Node | undefined {
    const start = this.#at - 1;
    if (!this.#take("?")) return this.#capture(start);
    if (this.#take("P")) {
      if (this.#take("<")) return this.#capture(start, this.#name(">"));
      if (this.#take("=")) return this.#backref(this.#groupIndex(this.#name(")")));
      return this.#fail(`unknown extension ?P${this.#peek() ?? ""}`, start + 1);
    }
    if (this.#take("#")) return void this.#until(")", "comment");
    if (this.#take(":")) return this.#closed(start);
    if (this.#take(">")) return { kind: "atomic", body: this.#closed(start) };
    if (this.#take("=")) return this.#look(start, false, false);
    if (this.#take("!")) return this.#look(start, false, true);
    if (this.#take("<=")) return this.#look(start, true, false);
    if (this.#take("<!")) return this.#look(start, true, true);
    if (this.#take("(")) return this.#conditional(start);
    return this.#inlineFlags(start);
  }

  #closed(start: number): Node {
    const body = this.#choice();
    this.#close(start);
    // A wrapper, so that `(?:)` is something and `(?:a*)*` is no doubled repeat.
    return { kind: "sequence", items: [body] };
  }

  #look(start: number, behind: boolean, negated: boolean): Node {
    const body = this.#closed(start);
    if (behind && widthOf(body) === undefined) {
      this.#fail("look-behind requires fixed-width pattern", start);
    }
    return { kind: "look", behind, negated, body };
  }

  #name(end: string): string {
    const start = this.#at;
    const name = this.#until(end, "name");
    if (name === "") this.#fail("missing group name", start);
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) {
      this.#fail(`bad character in group name '${name}'`, start);
    }
    return name;
  }

  #capture(start: number, name?: string): Node {
    const index = ++this.#groups;
    if (name !== undefined) {
      if (this.#names.has(name)) this.#fail(`redefinition of group name '${name}'`, start);
      this.#names.set(name, index);
    }
    this.#open.add(index);
    const body = this.#choice();
    this.#open.delete(index);
    this.#close(start);
    return { kind: "group", index, body };
  }

  #groupIndex(name: string): number {
    const index = /^\d+$/.test(name) ? Number(name) : this.#names.get(name);
    if (index === undefined) return this.#fail(`unknown group name '${name}'`);
    if (index === 0 || index > this.#groups) this.#fail(`invalid group reference ${index}`);
    return index;
  }

  #backref(index: number): Node {
    if (this.#open.has(index)) this.#fail("cannot refer to an open group");
    return { kind: "backref", index, fold: this.#flags.i };
  }

  #conditional(start: number): Node {
    const name = this.#until(")", "group name");
    // It may ask for a group that comes later.
    const index = /^\d+$/.test(name) ? Number(name) : this.#groupIndex(name);
    if (index === 0) this.#fail("bad group number");
    this.#asked = Math.max(this.#asked, index);
    const yes = this.#sequence();
    const no: Node = this.#take("|") ? this.#sequence() : { kind: "sequence", items: [] };
    if (this.#peek() === "|") this.#fail("conditional backref with more than two branches");
    this.#close(start);
    return { kind: "conditional", index, yes, no };
  }

  #inlineFlags(start: number): Node | undefined {
    const on = this.#flagLetters();
    const off = this.#take("-") ? this.#flagLetters() : "";
    const flags = { ...this.#flags };
    for (const letter of on) if (letter in flags) flags[letter as keyof Flags] = true;
    for (const letter of off) if (letter in flags) flags[letter as keyof Flags] = false;
    if (this.#take(":")) {
      const before = this.#flags;
      this.#flags = flags;
      const body = this.#closed(start);
      this.#flags = before;
      return body;
    }
    if (on + off === "" || off !== "" || !this.#take(")")) {
      this.#fail(`unknown extension ?${this.#peek() ?? ""}`, start + 1);
    }
    if (start === 0 || Object.keys(flags).every((key) => sameFlag(key, flags, this.#flags))) {
      this.#flags = flags;
      return undefined;
    }
    throw new Restart(flags);
  }

  #flagLetters(): string {
    let letters = "";
    while (/^[aimsxu]$/.test(this.#peek() ?? "")) letters += this.#text[this.#at++];
    return letters;
  }

  #class(letter: string): CharTest | undefined {
    const plain = { d: isDigit, w: isWord, s: isSpace }[letter.toLowerCase()];
    if (!plain || !/^[dwsDWS]$/.test(letter)) return undefined;
    const test = this.#flags.a ? asciiOnly(plain) : plain;
    return letter === letter.toLowerCase() ? test : negate(test);
  }

  #escape(): Node {
    const start = this.#at - 1;
    const letter = this.#text[this.#at++];
    if (letter === undefined) return this.#fail("bad escape (end of pattern)", start);
    if (letter === "A") return { kind: "assert", test: atStart };
    if (letter === "Z") return { kind: "assert", test: atEnd };
    if (letter === "b" || letter === "B") {
      const word = this.#flags.a ? asciiOnly(isWord) : isWord;
      return { kind: "assert", test: atBoundary(word, letter === "b") };
    }
    const test = this.#class(letter);
    if (test) return { kind: "char", test };
    if (/^[1-9]$/.test(letter)) return this.#numbered(letter, start);
    return this.#literal(this.#escapedPoint(letter, start));
  }

  /** `\1` is a group, `\012` and `\123` are octal. */
  #numbered(letter: string, start: number): Node {
    const rest = this.#text.slice(this.#at, this.#at + 2).join("");
    if (/^[0-3]$/.test(letter) && /^[0-7]{2}$/.test(rest)) {
      this.#at += 2;
      return this.#literal(parseInt(letter + rest, 8));
    }
    let digits = letter;
    if (/^\d$/.test(this.#peek() ?? "")) digits += this.#text[this.#at++];
    const index = Number(digits);
    if (index > this.#groups) this.#fail(`invalid group reference ${index}`, start + 1);
    return this.#backref(index);
  }

  #escapedPoint(letter: string, start: number): number {
    if (Object.hasOwn(simpleEscapes, letter)) return simpleEscapes[letter]!;
    if (letter === "0") {
      let digits = "0";
      while (digits.length < 3 && /^[0-7]$/.test(this.#peek() ?? "")) {
        digits += this.#text[this.#at++];
      }
      return parseInt(digits, 8);
    }
    const length = hexLengths[letter];
    if (length !== undefined) {
      const digits = this.#text.slice(this.#at, this.#at + length).join("");
      const point = parseInt(digits, 16);
      if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(digits) || point > 0x10ffff) {
        this.#fail(`incomplete escape \\${letter}${digits}`, start);
      }
      this.#at += length;
      return point;
    }
    if (/^[A-Za-z0-9]$/.test(letter)) this.#fail(`bad escape \\${letter}`, start);
    return letter.codePointAt(0)!;
  }

  #set(): CharTest {
    const start = this.#at - 1;
    const negated = this.#take("^");
    const tests: CharTest[] = [];
    const ranges: [number, number][] = [];
    for (let first = true;; first = false) {
      if (this.#peek() === undefined) this.#fail("unterminated character set", start);
      if (!first && this.#take("]")) break;
      const low = this.#setItem(start);
      const next = this.#peek(1);
      if (this.#peek() !== "-" || next === "]" || next === undefined) {
        if (typeof low === "number") ranges.push([low, low]);
        else tests.push(low);
        continue;
      }
      const place = this.#at;
      this.#at++;
      const high = this.#setItem(start);
      if (typeof low !== "number" || typeof high !== "number" || high < low) {
        this.#fail("bad character range", place);
      }
      ranges.push([low, high]);
    }
    const inside: CharTest = (point) =>
      ranges.some(([low, high]) => low <= point && point <= high) ||
      tests.some((test) => test(point));
    const test = this.#flags.i ? foldCase(inside) : inside;
    return negated ? negate(test) : test;
  }

  #setItem(start: number): number | CharTest {
    const char = this.#text[this.#at++];
    if (char === undefined) return this.#fail("unterminated character set", start);
    if (char !== "\\") return char.codePointAt(0)!;
    const place = this.#at - 1;
    const letter = this.#text[this.#at++];
    if (letter === undefined) return this.#fail("unterminated character set", start);
    const test = this.#class(letter);
    if (test) return test;
    if (/^[0-7]$/.test(letter)) {
      let digits = letter;
      while (digits.length < 3 && /^[0-7]$/.test(this.#peek() ?? "")) {
        digits += this.#text[this.#at++];
      }
      return parseInt(digits, 8);
    }
    return this.#escapedPoint(letter, place);
  }
}

function sameFlag(key: string, one: Flags, other: Flags): boolean {
  return one[key as keyof Flags] === other[key as keyof Flags];
}

const atStart: Assertion = (_text, at) => at === 0;
const atEnd: Assertion = (text, at) => at === text.length;
const atLineStart: Assertion = (text, at) => at === 0 || text[at - 1] === 10;
const atLineEnd: Assertion = (text, at) => at === text.length || text[at] === 10;
const atEndOrLastLine: Assertion = (text, at) =>
  at === text.length || (at === text.length - 1 && text[at] === 10);

function atBoundary(word: CharTest, wanted: boolean): Assertion {
  return (text, at) => {
    if (text.length === 0) return false;
    const before = at > 0 && word(text[at - 1]!);
    const after = at < text.length && word(text[at]!);
    return (before !== after) === wanted;
  };
}

/** How many characters a part takes, when that is always the same number. */
export function widthOf(node: Node): number | undefined {
  switch (node.kind) {
    case "char":
      return 1;
    case "assert":
    case "look":
      return 0;
    case "group":
    case "atomic":
      return widthOf(node.body);
    case "sequence": {
      let sum = 0;
      for (const item of node.items) {
        const width = widthOf(item);
        if (width === undefined) return undefined;
        sum += width;
      }
      return sum;
    }
    case "choice": {
      const widths = new Set(node.options.map(widthOf));
      return widths.size === 1 ? [...widths][0] : undefined;
    }
    case "repeat": {
      const width = widthOf(node.body);
      return width !== undefined && node.min === node.max ? width * node.min : undefined;
    }
    case "conditional": {
      const width = widthOf(node.yes);
      return width === widthOf(node.no) ? width : undefined;
    }
    case "backref":
      return undefined;
  }
}

/**
 * Reads a pattern.
 * @throws PatternError saying what is wrong and where.
 */
export function parsePattern(pattern: string, flags: Partial<Flags> = {}): Expression {
  if (pattern.length > maxPattern) {
    throw new PatternError(`A regular expression may have at most ${maxPattern} characters`);
  }
  let all: Flags = { i: false, m: false, s: false, x: false, a: false, ...flags };
  // Each new start adds a flag, so five are the most there can be.
  for (let tries = 0; tries < 6; tries++) {
    try {
      return new Parser(pattern, all).parse();
    } catch (signal) {
      if (!(signal instanceof Restart)) throw signal;
      all = signal.flags;
    }
  }
  throw new PatternError(
    `Invalid regular expression "${pattern}": its flags contradict each other`,
  );
}
