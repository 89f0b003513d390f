/**
 * Compound targets: `G@os:Debian and not ( web* or L@db1,db2 )`.
 * (`salt/matchers/compound_match.py`)
 * @module
 */
import { SaltInvocationError } from "../../errors.ts";
import type { TgtType } from "../../types/mod.ts";
import { expandNodegroup, type Nodegroups } from "./nodegroups.ts";

/** What one word asks for. */
export interface Term {
  engine: TgtType;
  pattern: string;
  delimiter?: string;
}

/** A compound expression that has been read. */
export type Compound =
  | { kind: "term"; term: Term }
  | { kind: "not"; of: Compound }
  | { kind: "and" | "or"; left: Compound; right: Compound };

const engines: Record<string, TgtType> = {
  G: "grain",
  P: "grain_pcre",
  I: "pillar",
  J: "pillar_pcre",
  L: "list",
  S: "ipcidr",
  E: "pcre",
  R: "range",
};

const termPattern = /^(?:([GPIJ])(.)?@|([LNSER])@)(.+)$/us;

/** A word as a term: `G@a:b`, `G|@a|b`, or an id with wildcards. `N@` is left to the caller. */
function readTerm(word: string): Term | { nodegroup: string } {
  const match = termPattern.exec(word);
  if (!match) return { engine: "glob", pattern: word };
  const [, data, delimiter, other, pattern] = match;
  if (other === "N") return { nodegroup: pattern! };
  const engine = engines[(data ?? other)!]!;
  return { engine, pattern: pattern!, ...(delimiter === undefined ? {} : { delimiter }) };
}

const maxWords = 10_000;

class CompoundReader {
  readonly #words: (string | Term)[];
  readonly #source: string;
  #at = 0;

  constructor(words: readonly string[], nodegroups: Nodegroups) {
    this.#source = words.join(" ");
    this.#words = this.#expand(words, nodegroups);
  }

  #fail(why: string): never {
    throw new SaltInvocationError(`Invalid compound target "${this.#source}": ${why}`);
  }

  #expand(words: readonly string[], nodegroups: Nodegroups): (string | Term)[] {
    const todo = words.toReversed();
    const done: (string | Term)[] = [];
    while (todo.length > 0) {
      if (todo.length + done.length > maxWords) this.#fail("it is too long");
      const word = todo.pop()!;
      if (isOperator(word)) {
        // `a not b` means `a and not b`.
        const last = done.at(-1);
        const joined = last === undefined || last === "and" || last === "or" || last === "(";
        if (word === "not" && !joined) done.push("and");
        done.push(word);
        continue;
      }
      const term = readTerm(word);
      if ("nodegroup" in term) {
        todo.push(...expandNodegroup(term.nodegroup, nodegroups).toReversed());
      } else done.push(term);
    }
    return done;
  }

  read(): Compound {
    const tree = this.#or(0);
    const rest = this.#words[this.#at];
    if (rest !== undefined) this.#fail(`"and" or "or" is missing before "${wordText(rest)}"`);
    return tree;
  }

  #or(depth: number): Compound {
    let left = this.#and(depth);
    while (this.#words[this.#at] === "or") {
      this.#at++;
      left = { kind: "or", left, right: this.#and(depth) };
    }
    return left;
  }

  #and(depth: number): Compound {
    let left = this.#not(depth);
    while (this.#words[this.#at] === "and") {
      this.#at++;
      left = { kind: "and", left, right: this.#not(depth) };
    }
    return left;
  }

  #not(depth: number): Compound {
    if (depth > 200) this.#fail("it is nested too deeply");
    const word = this.#words[this.#at];
    if (word === undefined) this.#fail("it ends where a pattern should be");
    this.#at++;
    if (word === "not") return { kind: "not", of: this.#not(depth + 1) };
    if (word === "(") {
      const inside = this.#or(depth + 1);
      if (this.#words[this.#at] !== ")") this.#fail('")" is missing');
      this.#at++;
      return inside;
    }
    if (typeof word === "string") this.#fail(`"${word}" stands where a pattern should be`);
    return { kind: "term", term: word };
  }
}

function isOperator(word: string): boolean {
  return word === "and" || word === "or" || word === "not" || word === "(" || word === ")";
}

function wordText(word: string | Term): string {
  return typeof word === "string" ? word : word.pattern;
}

/**
 * Reads a compound expression.
 * @throws SaltInvocationError saying what is wrong with it.
 */
export function parseCompound(tgt: string | readonly string[], nodegroups: Nodegroups): Compound {
  const words = typeof tgt === "string" ? tgt.split(/\s+/).filter(Boolean) : tgt;
  return new CompoundReader(words, nodegroups).read();
}
