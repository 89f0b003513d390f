/**
 * Reads regular expressions as Python's `re` does, including what JavaScript's cannot say: inline
 * flags, `\A` and `\Z`, `(?P<name>…)`, atomic groups, possessive repeats, conditionals.
 *
 * One long class, because a parser's functions call each other in a ring.
 * @module
 */
import type { Expression, Flags, Node } from "./ast.ts";
import { asciiOnly, classOf, fold, isWord } from "./chars.ts";
import { readEscapedPoint } from "./escapes.ts";
import { PatternError, PatternText } from "./pattern_text.ts";
import { atBoundary, atEnd, atEndOrLastLine, atLineEnd, atLineStart, atStart } from "./places.ts";
import { readSet } from "./set.ts";
import { widthOf } from "./width.ts";

/** Longest pattern that is read, in characters. */
const maxPattern = 16_384;
/** Deepest nesting of groups. */
const maxDepth = 100;
/** Most repeats of one thing that may be asked for. */
const maxRepeat = 0xffff_ffff;

/** A global flag in the middle of a pattern: it counts from the start, so reading starts anew. */
class Restart {
  readonly flags: Flags;
  constructor(flags: Flags) {
    this.flags = flags;
  }
}

class Parser {
  readonly #text: PatternText;
  #flags: Flags;
  #depth = 0;
  #groups = 0;
  /** The highest group that a conditional asks for. */
  #asked = 0;
  readonly #names = new Map<string, number>();
  readonly #open = new Set<number>();

  constructor(pattern: string, flags: Flags) {
    this.#text = new PatternText(pattern);
    this.#flags = { ...flags };
  }

  parse(): Expression {
    const root = this.#choice();
    if (!this.#text.isAtEnd) this.#text.fail("unbalanced parenthesis");
    if (this.#asked > this.#groups) this.#text.fail(`invalid group reference ${this.#asked}`);
    return { root, groups: this.#groups, names: this.#names };
  }

  #choice(): Node {
    if (++this.#depth > maxDepth) this.#text.fail("groups are nested too deeply");
    const before = this.#flags;
    const options = [this.#sequence()];
    while (this.#text.take("|")) options.push(this.#sequence());
    this.#flags = before;
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  #sequence(): Node {
    const items: Node[] = [];
    for (;;) {
      if (this.#flags.x) this.#skipVerbose();
      const char = this.#text.peek();
      if (char === undefined || char === "|" || char === ")") break;
      const start = this.#text.at;
      const atom = this.#atom();
      if (atom) items.push(this.#repeats(atom, start));
    }
    return items.length === 1 ? items[0]! : { kind: "sequence", items };
  }

  /** Comments between a thing and its repeat. */
  #skipSilent(): void {
    do {
      if (this.#flags.x) this.#skipVerbose();
    } while (this.#text.take("(?#") && this.#text.until(")", "comment") !== null);
  }

  #skipVerbose(): void {
    for (;;) {
      if (/^[ \t\n\r\f\v]$/.test(this.#text.peek() ?? "")) this.#text.at++;
      else if (this.#text.peek() === "#") {
        while (this.#text.peek() !== undefined && this.#text.peek() !== "\n") this.#text.at++;
      } else return;
    }
  }

  #bounds(): [number, number] | undefined {
    const char = this.#text.peek();
    if (char === "*") return this.#text.at++, [0, Infinity];
    if (char === "+") return this.#text.at++, [1, Infinity];
    if (char === "?") return this.#text.at++, [0, 1];
    if (char !== "{") return undefined;
    const inside = this.#text.insideUntil("}");
    const match = /^(\d*)(,?)(\d*)$/.exec(inside ?? "");
    // What is no repeat count stands for itself.
    if (!match || !inside) return undefined;
    const min = match[1] === "" ? 0 : Number(match[1]);
    const max = match[3] !== "" ? Number(match[3]) : match[2] === "," ? Infinity : min;
    if (min > maxRepeat || (max > maxRepeat && max !== Infinity)) {
      this.#text.fail("the repetition number is too large");
    }
    if (max < min) this.#text.fail("min repeat greater than max repeat");
    this.#text.at += inside.length + 2;
    return [min, max];
  }

  #repeats(atom: Node, start: number): Node {
    this.#skipSilent();
    const place = this.#text.at;
    const bounds = this.#bounds();
    if (!bounds) return atom;
    if (atom.kind === "assert") this.#text.fail("nothing to repeat", start);
    const greedy = !this.#text.take("?");
    const possessive = greedy && this.#text.take("+");
    const [min, max] = bounds;
    if (this.#flags.x) this.#skipVerbose();
    const again = this.#text.at;
    if (this.#bounds()) this.#text.fail("multiple repeat", again);
    this.#text.at = again;
    if (atom.kind === "sequence" && atom.items.length === 0) {
      this.#text.fail("nothing to repeat", place);
    }
    return { kind: "repeat", body: atom, min, max, greedy, possessive };
  }

  #atom(): Node | undefined {
    const char = this.#text.next()!;
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
        return { kind: "char", test: readSet(this.#text, this.#flags) };
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        return this.#text.fail("nothing to repeat", this.#text.at - 1);
      case "{":
        this.#text.at--;
        if (this.#bounds()) this.#text.fail("nothing to repeat");
        this.#text.at++;
    }
    return this.#literal(char.codePointAt(0)!);
  }

  #literal(point: number): Node {
    if (!this.#flags.i) return { kind: "char", test: (other) => other === point };
    const folded = fold(point);
    return { kind: "char", test: (other) => other === point || fold(other) === folded };
  }

  #close(start: number): void {
    if (!this.#text.take(")")) this.#text.fail("missing ), unterminated subpattern", start);
  }

  #group(): Node | undefined {
    const start = this.#text.at - 1;
    if (!this.#text.take("?")) return this.#capture(start);
    if (this.#text.take("P")) {
      if (this.#text.take("<")) return this.#capture(start, this.#name(">"));
      if (this.#text.take("=")) return this.#backref(this.#groupIndex(this.#name(")")));
      return this.#text.fail(`unknown extension ?P${this.#text.peek() ?? ""}`, start + 1);
    }
    if (this.#text.take("#")) return void this.#text.until(")", "comment");
    if (this.#text.take(":")) return this.#closed(start);
    if (this.#text.take(">")) return { kind: "atomic", body: this.#closed(start) };
    if (this.#text.take("=")) return this.#look(start, false, false);
    if (this.#text.take("!")) return this.#look(start, false, true);
    if (this.#text.take("<=")) return this.#look(start, true, false);
    if (this.#text.take("<!")) return this.#look(start, true, true);
    if (this.#text.take("(")) return this.#conditional(start);
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
      this.#text.fail("look-behind requires fixed-width pattern", start);
    }
    return { kind: "look", behind, negated, body };
  }

  #name(end: string): string {
    const start = this.#text.at;
    const name = this.#text.until(end, "name");
    if (name === "") this.#text.fail("missing group name", start);
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) {
      this.#text.fail(`bad character in group name '${name}'`, start);
    }
    return name;
  }

  #capture(start: number, name?: string): Node {
    const index = ++this.#groups;
    if (name !== undefined) {
      if (this.#names.has(name)) this.#text.fail(`redefinition of group name '${name}'`, start);
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
    if (index === undefined) return this.#text.fail(`unknown group name '${name}'`);
    if (index === 0 || index > this.#groups) this.#text.fail(`invalid group reference ${index}`);
    return index;
  }

  #backref(index: number): Node {
    if (this.#open.has(index)) this.#text.fail("cannot refer to an open group");
    return { kind: "backref", index, fold: this.#flags.i };
  }

  #conditional(start: number): Node {
    const name = this.#text.until(")", "group name");
    // It may ask for a group that comes later.
    const index = /^\d+$/.test(name) ? Number(name) : this.#groupIndex(name);
    if (index === 0) this.#text.fail("bad group number");
    this.#asked = Math.max(this.#asked, index);
    const yes = this.#sequence();
    const no: Node = this.#text.take("|") ? this.#sequence() : { kind: "sequence", items: [] };
    if (this.#text.peek() === "|") {
      this.#text.fail("conditional backref with more than two branches");
    }
    this.#close(start);
    return { kind: "conditional", index, yes, no };
  }

  #inlineFlags(start: number): Node | undefined {
    const on = this.#flagLetters();
    const off = this.#text.take("-") ? this.#flagLetters() : "";
    const flags = { ...this.#flags };
    for (const letter of on) if (letter in flags) flags[letter as keyof Flags] = true;
    for (const letter of off) if (letter in flags) flags[letter as keyof Flags] = false;
    if (this.#text.take(":")) {
      const before = this.#flags;
      this.#flags = flags;
      const body = this.#closed(start);
      this.#flags = before;
      return body;
    }
    if (on + off === "" || off !== "" || !this.#text.take(")")) {
      this.#text.fail(`unknown extension ?${this.#text.peek() ?? ""}`, start + 1);
    }
    if (start === 0 || Object.keys(flags).every((key) => sameFlag(key, flags, this.#flags))) {
      this.#flags = flags;
      return undefined;
    }
    throw new Restart(flags);
  }

  #flagLetters(): string {
    return this.#text.takeWhile(/^[aimsxu]$/);
  }

  #escape(): Node {
    const start = this.#text.at - 1;
    const letter = this.#text.next();
    if (letter === undefined) return this.#text.fail("bad escape (end of pattern)", start);
    if (letter === "A") return { kind: "assert", test: atStart };
    if (letter === "Z") return { kind: "assert", test: atEnd };
    if (letter === "b" || letter === "B") {
      const word = this.#flags.a ? asciiOnly(isWord) : isWord;
      return { kind: "assert", test: atBoundary(word, letter === "b") };
    }
    const test = classOf(letter, this.#flags.a);
    if (test) return { kind: "char", test };
    if (/^[1-9]$/.test(letter)) return this.#numbered(letter, start);
    return this.#literal(readEscapedPoint(this.#text, letter, start));
  }

  /** `\1` is a group, `\012` and `\123` are octal. */
  #numbered(letter: string, start: number): Node {
    const rest = this.#text.ahead(2);
    if (/^[0-3]$/.test(letter) && /^[0-7]{2}$/.test(rest)) {
      this.#text.at += 2;
      return this.#literal(parseInt(letter + rest, 8));
    }
    const index = Number(letter + this.#text.takeWhile(/^\d$/, 1));
    if (index > this.#groups) this.#text.fail(`invalid group reference ${index}`, start + 1);
    return this.#backref(index);
  }
}

function sameFlag(key: string, one: Flags, other: Flags): boolean {
  return one[key as keyof Flags] === other[key as keyof Flags];
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
