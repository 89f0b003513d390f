/**
 * A line that is read from left to right.
 * @module
 */

/** Why a text is not one YAML value on one line. */
export class InlineYamlError extends Error {
  override name = "InlineYamlError";
}

/** A line, and the place up to which it has been read. */
export class LineText {
  /** The place of the next character. */
  at = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** What has not been read. */
  get rest(): string {
    return this.text.slice(this.at);
  }

  /** @throws InlineYamlError, which names the place. */
  fail(why: string): never {
    throw new InlineYamlError(`${why} at column ${this.at + 1}`);
  }

  /** The character `ahead` of the next one, which stays unread; empty behind the end. */
  peek(ahead = 0): string {
    return this.text[this.at + ahead] ?? "";
  }

  /** Whether a blank is there, or nothing. */
  isBlankOrEnd(ahead = 0): boolean {
    return /^[ \t]?$/.test(this.peek(ahead));
  }

  /** Skips blanks, and a comment where one may start. */
  skip(): void {
    const start = this.at;
    while (this.peek() === " ") this.at++;
    const separated = this.at === 0 || this.at > start || this.text[this.at - 1] === " " ||
      /[[\]{},:]/.test(this.text[this.at - 1] ?? "");
    if (this.peek() === "#" && separated) this.at = this.text.length;
  }
}
