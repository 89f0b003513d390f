/**
 * The text of a regular expression, read character by character from left to right.
 * @module
 */
import { SaltInvocationError } from "../../errors.ts";

/** The pattern is not one that Python's `re` takes. */
export class PatternError extends SaltInvocationError {
  override name = "PatternError";
}

/** A pattern, and the place up to which it has been read. */
export class PatternText {
  /** The place of the next character. */
  at = 0;
  readonly #text: readonly string[];

  constructor(pattern: string) {
    this.#text = Array.from(pattern);
  }

  get isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /** @throws PatternError, which names the whole pattern and the place. */
  fail(why: string, at = this.at): never {
    throw new PatternError(`Invalid regular expression "${this.#text.join("")}": ${why} at ${at}`);
  }

  /** The character `ahead` of the next one, which stays unread; undefined behind the end. */
  peek(ahead = 0): string | undefined {
    return this.#text[this.at + ahead];
  }

  /** The next `count` characters, which stay unread. */
  ahead(count: number): string {
    return this.#text.slice(this.at, this.at + count).join("");
  }

  /** What stands between the next character and `end`, all unread; undefined without an `end`. */
  insideUntil(end: string): string | undefined {
    const close = this.#text.indexOf(end, this.at);
    return close < 0 ? undefined : this.#text.slice(this.at + 1, close).join("");
  }

  /** Reads a character; undefined at the end. */
  next(): string | undefined {
    return this.#text[this.at++];
  }

  /** Reads `text` if it comes next. */
  take(text: string): boolean {
    if (this.ahead(text.length) !== text) return false;
    this.at += text.length;
    return true;
  }

  /** Reads characters while they fit, up to `most` of them. */
  takeWhile(fits: RegExp, most = Infinity): string {
    let taken = "";
    for (let count = 0; count < most && fits.test(this.peek() ?? ""); count++) taken += this.next();
    return taken;
  }

  /** Reads up to `end`, and that too. */
  until(end: string, what: string): string {
    const start = this.at;
    while (this.peek() !== undefined && this.peek() !== end) this.at++;
    if (this.peek() === undefined) this.fail(`missing ${end}, unterminated ${what}`, start);
    return this.#text.slice(start, this.at++).join("");
  }
}
