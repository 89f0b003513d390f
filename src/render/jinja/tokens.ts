/** The tokens of a template as the parser goes through them. @module */
import { SaltRenderError } from "./errors.ts";
import type { Token, TokenType } from "./lexer.ts";

/** How deep expressions and blocks may be nested. */
const deepest = 200;

/** A place in the tokens. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;
  /** For each macro that is being parsed: the names that it uses of those that catch arguments. */
  readonly macros: Set<string>[] = [];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#at]!;
  }
  get ahead(): Token {
    return this.#tokens[this.#at + 1] ?? this.#tokens.at(-1)!;
  }
  next(): Token {
    const token = this.current;
    if (this.#at < this.#tokens.length - 1) this.#at++;
    return token;
  }
  is(type: TokenType, ...values: string[]): boolean {
    const token = this.current;
    return token.type === type && (values.length === 0 || values.includes(token.value));
  }
  isOp(...values: string[]): boolean {
    return this.is("operator", ...values);
  }
  isName(...values: string[]): boolean {
    return this.is("name", ...values);
  }
  skip(type: TokenType, value: string): boolean {
    const found = this.is(type, value);
    if (found) this.next();
    return found;
  }
  skipOp(value: string): boolean {
    return this.skip("operator", value);
  }
  skipName(value: string): boolean {
    return this.skip("name", value);
  }
  expect(type: TokenType, value?: string): Token {
    const found = value === undefined ? this.is(type) : this.is(type, value);
    if (!found) {
      this.fail(`expected ${this.#shown({ type, value: value ?? "" })}, got ${this.got()}`);
    }
    return this.next();
  }
  got(): string {
    return this.#shown(this.current);
  }
  #shown({ type, value }: { type: TokenType; value: string }): string {
    if (value !== "") return `'${value}'`;
    if (type === "block_end") return "the end of the statement block";
    if (type === "variable_end") return "the end of the print statement";
    return type === "eof" ? "the end of the template" : `a ${type.replace("_", " ")}`;
  }
  /** Bounds the depth of what `parse` parses. */
  nested<T>(parse: () => T): T {
    if (++this.#depth > deepest) this.fail("this is nested too deep");
    const parsed = parse();
    this.#depth--;
    return parsed;
  }
  /** @throws SaltRenderError always. */
  fail(reason: string, line = this.current.line): never {
    const error = new SaltRenderError("syntax", reason);
    error.line = line;
    throw error;
  }
}
