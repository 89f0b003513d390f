/** Takes a template apart as Jinja does. (`jinja2/lexer.py`) @module */
import { rstrip } from "../../text/py_text.ts";
import { SaltRenderError } from "./errors.ts";

/** How Salt lets Jinja's syntax be set: `jinja_env`, or the line `#jinja2: {...}`. */
export interface Syntax {
  block_start_string: string;
  block_end_string: string;
  variable_start_string: string;
  variable_end_string: string;
  comment_start_string: string;
  comment_end_string: string;
  line_statement_prefix: string | null;
  line_comment_prefix: string | null;
  trim_blocks: boolean;
  lstrip_blocks: boolean;
  keep_trailing_newline: boolean;
}

/** Jinja's own. */
export const defaultSyntax: Readonly<Syntax> = {
  block_start_string: "{%",
  block_end_string: "%}",
  variable_start_string: "{{",
  variable_end_string: "}}",
  comment_start_string: "{#",
  comment_end_string: "#}",
  line_statement_prefix: null,
  line_comment_prefix: null,
  trim_blocks: false,
  lstrip_blocks: false,
  keep_trailing_newline: false,
};

export type TokenType =
  | "data"
  | "block_begin"
  | "block_end"
  | "variable_begin"
  | "variable_end"
  | "name"
  | "string"
  | "integer"
  | "float"
  | "operator"
  | "eof";

export interface Token {
  type: TokenType;
  value: string;
  line: number;
}

function quoted(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

const space = /[ \t\r\n\f\v]+/y;
const float = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const integer = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const name = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const string = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/y;
const operator = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;
const closing: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

class Lexer {
  readonly #text: string;
  readonly #syntax: Syntax;
  readonly #tokens: Token[] = [];
  readonly #begin: RegExp;
  #at = 0;
  #line = 1;
  #counted = 0;
  #lineStarting = true;

  constructor(text: string, syntax: Syntax) {
    this.#text = text;
    this.#syntax = syntax;
    const marks: [string, string][] = [
      ["block", syntax.block_start_string],
      ["variable", syntax.variable_start_string],
      ["comment", syntax.comment_start_string],
    ];
    marks.sort((a, b) => b[1].length - a[1].length);
    const parts = marks.map(([kind, mark]) => `(?<${kind}>${quoted(mark)})`);
    if (syntax.line_statement_prefix) {
      parts.unshift(`(?<line>^[ \\t\\v]*${quoted(syntax.line_statement_prefix)})`);
    }
    if (syntax.line_comment_prefix) {
      parts.unshift(`(?<remark>(?:^|(?<=\\S))[^\\S\\r\\n]*${quoted(syntax.line_comment_prefix)})`);
    }
    this.#begin = new RegExp(`(?:${parts.join("|")})(?<sign>[-+]?)`, "gm");
  }

  #lineAt(index: number): number {
    for (; this.#counted < index; this.#counted++) {
      if (this.#text[this.#counted] === "\n") this.#line++;
    }
    return this.#line;
  }

  #push(type: TokenType, value: string, at: number): void {
    this.#tokens.push({ type, value, line: this.#lineAt(at) });
  }

  #fail(reason: string, at: number): never {
    const error = new SaltRenderError("syntax", reason);
    error.line = this.#lineAt(at);
    throw error;
  }

  /** Text before a mark, as the sign at the mark and `lstrip_blocks` leave it. */
  #strip(text: string, sign: string, isVariable: boolean): string {
    if (sign === "-") return rstrip(text);
    if (sign === "+" || !this.#syntax.lstrip_blocks || isVariable) return text;
    const start = text.lastIndexOf("\n") + 1;
    const stripped = (start > 0 || this.#lineStarting) && /^\s+$/.test(text.slice(start));
    return stripped ? text.slice(0, start) : text;
  }

  #end(mark: string, newline: boolean): RegExp {
    const end = quoted(mark);
    const after = newline && this.#syntax.trim_blocks ? "\\n?" : "";
    return new RegExp(newline ? `\\+${end}|-${end}\\s*|${end}${after}` : `-${end}\\s*|${end}`, "y");
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0] ?? null;
  }

  /** Goes behind what was matched. */
  #pass(text: string): void {
    this.#at += text.length;
    this.#lineStarting = text.endsWith("\n");
  }

  run(): Token[] {
    const { block_end_string, variable_end_string } = this.#syntax;
    while (this.#at < this.#text.length) {
      this.#begin.lastIndex = this.#at;
      const found = this.#begin.exec(this.#text);
      if (!found) {
        this.#push("data", this.#text.slice(this.#at), this.#at);
        break;
      }
      const { block, variable, comment, line, remark, sign } = found.groups!;
      const isVariable = variable !== undefined;
      const data = this.#strip(this.#text.slice(this.#at, found.index), sign ?? "", isVariable);
      if (data !== "") this.#push("data", data, this.#at);
      const start = found.index;
      this.#at = found.index + found[0].length;
      this.#lineStarting = false;
      if (comment !== undefined) this.#comment(start);
      else if (remark !== undefined) {
        this.#match(/[^\n]*/y) !== null && this.#pass(this.#match(/[^\n]*/y)!);
      } else if (line !== undefined) this.#code("block", /[ \t\v]*(?:\n|$)/y, start);
      else if (isVariable) this.#code("variable", this.#end(variable_end_string, false), start);
      else if (block !== undefined && !this.#raw(start)) {
        this.#code("block", this.#end(block_end_string, true), start);
      }
    }
    this.#push("eof", "", this.#text.length);
    return this.#tokens;
  }

  #comment(start: number): void {
    const end = this.#end(this.#syntax.comment_end_string, true);
    const pattern = new RegExp(end.source, "g");
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found && this.#at === this.#text.length) return;
    if (!found) this.#fail("Missing end of comment tag", start);
    this.#at = found.index;
    this.#pass(found[0]);
  }

  /** Takes `{% raw %}…{% endraw %}` whole. */
  #raw(start: number): boolean {
    const { block_start_string, block_end_string, trim_blocks } = this.#syntax;
    const [open, close] = [quoted(block_start_string), quoted(block_end_string)];
    const begin = this.#match(new RegExp(`\\s*raw\\s*(?:-${close}\\s*|${close})`, "y"));
    if (begin === null) return false;
    this.#pass(begin);
    const pattern = new RegExp(
      `${open}(?<sign>[-+]?)\\s*endraw\\s*(?:\\+${close}|-${close}\\s*|${close}${
        trim_blocks ? "\\n?" : ""
      })`,
      "g",
    );
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (!found) this.#fail("Missing end of raw directive", start);
    const raw = this.#text.slice(this.#at, found.index);
    const data = this.#strip(raw, found.groups!["sign"] ?? "", false);
    if (data !== "") this.#push("data", data, this.#at);
    this.#at = found.index;
    this.#pass(found[0]);
    return true;
  }

  /** Tokens of a block or variable, to its end. */
  #code(kind: "block" | "variable", end: RegExp, start: number): void {
    this.#push(`${kind}_begin`, "", start);
    const open: string[] = [];
    for (;;) {
      if (open.length === 0) {
        const ended = this.#match(end);
        if (ended !== null) {
          this.#push(`${kind}_end`, "", this.#at);
          this.#pass(ended);
          return;
        }
      }
      if (this.#at >= this.#text.length) {
        this.#fail(`unexpected end of template: this ${kind} is not closed`, start);
      }
      const blank = this.#match(space);
      if (blank !== null) this.#at += blank.length;
      else this.#token(open);
    }
  }

  #token(open: string[]): void {
    const kinds: [TokenType, RegExp][] = [
      ["float", float],
      ["integer", integer],
      ["name", name],
      ["string", string],
      ["operator", operator],
    ];
    for (const [type, pattern] of kinds) {
      const text = this.#match(pattern);
      if (text === null) continue;
      // In `a.1.2` the digits are steps of a path and no float.
      if (type === "float" && this.#text[this.#at - 1] === ".") continue;
      if (type === "operator") this.#balance(text, open);
      this.#push(type, text, this.#at);
      this.#at += text.length;
      return;
    }
    this.#fail(`unexpected char ${JSON.stringify(this.#text[this.#at])}`, this.#at);
  }

  #balance(text: string, open: string[]): void {
    if (text in closing) open.push(closing[text]!);
    else if (text === ")" || text === "]" || text === "}") {
      const wanted = open.pop();
      if (wanted === undefined) this.#fail(`unexpected '${text}'`, this.#at);
      if (wanted !== text) this.#fail(`unexpected '${text}', expected '${wanted}'`, this.#at);
    }
  }
}

/**
 * The tokens of a template.
 * @throws SaltRenderError of kind `syntax`, with its line.
 */
export function tokenize(source: string, syntax: Syntax): Token[] {
  const text = source.replace(/\r\n?/g, "\n");
  const cut = !syntax.keep_trailing_newline && text.endsWith("\n");
  return new Lexer(cut ? text.slice(0, -1) : text, syntax).run();
}
