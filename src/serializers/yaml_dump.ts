/**
 * Writes YAML in the style of Salt, character for character as PyYAML with libyaml does: block
 * style, sorted keys, lines folded after column 80.
 * (`salt/utils/yamldumper.py:safe_dump`; libyaml `emitter.c`)
 * @module
 */
import { Buffer } from "node:buffer";
import { pyFloat } from "../text/py_repr.ts";
import { type Data, Float } from "../types/mod.ts";
import { scalarTag } from "./yaml_scalar.ts";

/** How to write. */
export interface DumpYamlOptions {
  /** Sort the keys of maps, as Salt does with its plain dicts. True when absent. */
  sortKeys?: boolean;
  /** Spaces a level. 2 when absent. */
  indent?: number;
  /** Dashes stand two columns deeper than their key, instead of below it. */
  indentLists?: boolean;
}

const FOLD_AFTER = 80;
const MAX_SIMPLE_KEY = 128;
const MAX_DEPTH = 500;

const ESCAPES: Record<string, string> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\x85": "N",
  "\xa0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

function isPrintable(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code === 0x0a || (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff);
}

function isBreak(char: string | undefined): boolean {
  return char !== undefined && "\n\r\x85\u2028\u2029".includes(char);
}

function isBlank(char: string | undefined): boolean {
  return char === undefined || char === " " || char === "\t" || isBreak(char);
}

type Style = "plain" | "single" | "double";

/** Which styles a text can be written in. */
interface Analysis {
  plain: boolean;
  single: boolean;
  multiline: boolean;
}

function hasIndicator(chars: readonly string[]): boolean {
  const start = chars.slice(0, 3).join("");
  if (start === "---" || start === "...") return true;
  const [first, second] = chars;
  if (first !== undefined && "#,[]{}&*!|>'\"%@`".includes(first)) return true;
  if (first !== undefined && "-?:".includes(first) && isBlank(second)) return true;
  return chars.some((char, i) =>
    (char === ":" && isBlank(chars[i + 1])) || (char === "#" && i > 0 && isBlank(chars[i - 1]))
  );
}

/** (libyaml `yaml_emitter_analyze_scalar`) */
function analyze(chars: readonly string[]): Analysis {
  if (chars.length === 0) return { plain: true, single: true, multiline: false };
  const multiline = chars.some(isBreak);
  const special = !chars.every(isPrintable);
  let breakSpace = false;
  let spaceBreak = false;
  for (let i = 1; i < chars.length; i++) {
    if (chars[i] === " " && isBreak(chars[i - 1])) breakSpace = true;
    if (isBreak(chars[i]) && chars[i - 1] === " ") spaceBreak = true;
  }
  const edges = [chars[0], chars.at(-1)];
  const looseEdge = edges.some((char) => char === " " || isBreak(char));
  return {
    plain: !multiline && !special && !looseEdge && !hasIndicator(chars),
    single: !special && !breakSpace && !spaceBreak,
    multiline,
  };
}

class Emitter {
  readonly #sortKeys: boolean;
  readonly #step: number;
  readonly #indentLists: boolean;
  readonly #open = new Set<object>();
  #out = "";
  #column = 0;

  constructor(options: DumpYamlOptions) {
    this.#sortKeys = options.sortKeys ?? true;
    this.#step = options.indent ?? 2;
    this.#indentLists = options.indentLists ?? false;
  }

  document(value: Data): string {
    this.#value(value, 0, false);
    return `${this.#out}\n`;
  }

  #put(text: string): void {
    this.#out += text;
    this.#column += text.length;
  }

  #newLine(indent: number): void {
    this.#out += `\n${" ".repeat(indent)}`;
    this.#column = indent;
  }

  /** `indent` is the column of the block that holds the value. */
  #value(value: Data, indent: number, isKey: boolean): void {
    if (typeof value === "string") this.#text(value, indent, isKey);
    else if (value === null || value === undefined) this.#put("null");
    else if (typeof value === "boolean") this.#put(value ? "true" : "false");
    else if (typeof value === "number") this.#put(numberText(value));
    else if (typeof value === "bigint") this.#put(value.toString());
    else if (value instanceof Float) this.#put(floatText(Number(value)));
    else if (value instanceof Uint8Array) this.#binary(value, indent);
    else if (value instanceof Date) this.#put(value.toISOString().replace("T", " ").slice(0, -1));
    else this.#collection(value, indent);
  }

  #collection(value: Data[] | { [key: string]: Data }, indent: number): void {
    if (this.#open.has(value)) throw new TypeError("Cannot write YAML: a value contains itself");
    if (this.#open.size > MAX_DEPTH) {
      throw new RangeError(`Cannot write YAML: values are nested more than ${MAX_DEPTH} deep`);
    }
    this.#open.add(value);
    if (Array.isArray(value)) this.#list(value, indent);
    else this.#map(value, indent);
    this.#open.delete(value);
  }

  #list(items: Data[], indent: number): void {
    if (items.length === 0) return this.#put("[]");
    items.forEach((item, i) => {
      if (i > 0) this.#newLine(indent);
      this.#put(`-${" ".repeat(isCollection(item) ? this.#step - 1 : 1)}`);
      this.#value(item, isCollection(item) ? indent + this.#step : indent, false);
    });
  }

  #map(map: { [key: string]: Data }, indent: number): void {
    const keys = Object.keys(map);
    if (keys.length === 0) return this.#put("{}");
    if (this.#sortKeys) keys.sort(byCodePoint);
    keys.forEach((key, i) => {
      if (i > 0) this.#newLine(indent);
      const simple = new TextEncoder().encode(key).length <= MAX_SIMPLE_KEY &&
        ![...key].some(isBreak);
      if (simple) this.#text(key, indent, true);
      else {
        this.#put("? ");
        this.#text(key, indent, false);
        this.#newLine(indent);
      }
      this.#put(":");
      this.#entryValue(map[key] ?? null, indent, simple);
    });
  }

  #entryValue(value: Data, indent: number, simpleKey: boolean): void {
    const isList = Array.isArray(value) && value.length > 0;
    if (!isList && !isCollection(value)) {
      this.#put(" ");
      return this.#value(value, indent, false);
    }
    const deeper = indent + (isList && !this.#indentLists ? 0 : this.#step);
    if (simpleKey) this.#newLine(deeper);
    else this.#put(" ");
    this.#value(value, simpleKey ? deeper : indent + this.#step, false);
  }

  #text(text: string, indent: number, isKey: boolean): void {
    const chars = [...text];
    const style = chooseStyle(text, chars, isKey);
    const writer = style === "plain"
      ? this.#plain
      : style === "single"
      ? this.#single
      : this.#double;
    // Lines that continue a scalar stand one step inside its block.
    writer.call(this, chars, indent + this.#step, !isKey);
  }

  #plain(chars: readonly string[], indent: number, fold: boolean): void {
    chars.forEach((char, i) => {
      const foldHere = fold && char === " " && this.#column > FOLD_AFTER && chars[i - 1] !== " " &&
        chars[i + 1] !== " ";
      if (foldHere) this.#newLine(indent);
      else this.#putChar(char);
    });
  }

  #putChar(char: string): void {
    this.#out += char;
    this.#column++;
  }

  #single(chars: readonly string[], indent: number, fold: boolean): void {
    this.#put("'");
    let breaks = false;
    chars.forEach((char, i) => {
      if (isBreak(char)) {
        if (!breaks && char === "\n") this.#newLine(0);
        this.#out += char;
        this.#column = 0;
        breaks = true;
        return;
      }
      if (breaks) this.#put(" ".repeat(indent));
      breaks = false;
      const foldHere = fold && char === " " && this.#column > FOLD_AFTER && i > 0 &&
        i < chars.length - 1 && chars[i - 1] !== " " && chars[i + 1] !== " ";
      if (foldHere) this.#newLine(indent);
      else if (char === "'") this.#put("''");
      else this.#putChar(char);
    });
    if (breaks) this.#put(" ".repeat(indent));
    this.#put("'");
  }

  #double(chars: readonly string[], indent: number, fold: boolean): void {
    this.#put('"');
    let spaces = false;
    chars.forEach((char, i) => {
      if (char !== " ") {
        spaces = false;
        const plain = isPrintable(char) && !isBreak(char) && char !== '"' && char !== "\\";
        if (plain) this.#putChar(char);
        else this.#put(`\\${escapeOf(char)}`);
        return;
      }
      const foldHere = fold && !spaces && this.#column > FOLD_AFTER && i > 0 &&
        i < chars.length - 1;
      if (foldHere) {
        this.#newLine(indent);
        if (chars[i + 1] === " ") this.#put("\\");
      } else this.#putChar(char);
      spaces = true;
    });
    this.#put('"');
  }

  #binary(bytes: Uint8Array, indent: number): void {
    const base64 = Buffer.from(bytes).toString("base64");
    this.#put("!!binary |");
    for (let at = 0; at < base64.length; at += 76) {
      this.#newLine(indent + this.#step);
      this.#put(base64.slice(at, at + 76));
    }
  }
}

/** Whether a value is written on lines of its own: a list or map with something in it. */
function isCollection(value: Data): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Float || value instanceof Uint8Array || value instanceof Date) return false;
  return Object.keys(value).length > 0;
}

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** (libyaml `yaml_emitter_select_scalar_style`) */
function chooseStyle(text: string, chars: readonly string[], isKey: boolean): Style {
  const analysis = analyze(chars);
  if (isKey && analysis.multiline) return "double";
  const isText = scalarTag(text) === "str" && text !== "=" && text !== "<<";
  if (analysis.plain && isText) return "plain";
  return analysis.single ? "single" : "double";
}

function escapeOf(char: string): string {
  const known = ESCAPES[char];
  if (known !== undefined) return known;
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `u${hex.padStart(4, "0")}` : `U${hex.padStart(8, "0")}`;
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value < 0 ? "-.inf" : ".inf";
  const text = pyFloat(value);
  // YAML 1.1 wants a point in every float.
  return text.includes(".") ? text : text.replace("e", ".0e");
}

function numberText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : floatText(value);
}

/**
 * The YAML text of a value, with a line end.
 *
 * @throws TypeError when a value contains itself; RangeError when it is nested deeper than 500.
 */
export function dumpYaml(value: Data, options: DumpYamlOptions = {}): string {
  return new Emitter(options).document(value);
}
