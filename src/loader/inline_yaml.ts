/**
 * YAML of a single line, such as an argument on a command line, read as Salt reads it through
 * libyaml. A recursive descent over one line, without a table of tokens; small, so that no command
 * line has to load the full reader.
 * @module
 */
import {
  parseYamlBool,
  parseYamlFloat,
  parseYamlInt,
  plainScalar,
  scalarTag,
} from "../serializers/yaml_scalar.ts";
import { pyRepr, pyStr } from "../text/py_repr.ts";
import { setKey } from "../text/set_key.ts";
import type { Data, DataMap } from "../types/mod.ts";

const maxDepth = 64;

const escapes: Record<string, string> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  n: "\n",
  v: "\v",
  f: "\f",
  r: "\r",
  e: "\x1b",
  " ": " ",
  '"': '"',
  "/": "/",
  "\\": "\\",
  N: "\x85",
  _: "\xa0",
  L: "\u2028",
  P: "\u2029",
};

const escapeLengths: Record<string, number> = { x: 2, u: 4, U: 8 };

type Style = "plain" | "quoted" | "map" | "list";

interface Node {
  style: Style;
  /** Text of a scalar. */
  text: string;
  value: Data;
}

const emptyNode: Node = { style: "plain", text: "", value: null };

function isMerge(node: Node): boolean {
  return node.style === "plain" && node.text === "<<";
}

/** Why a text is not one YAML value on one line. */
export class InlineYamlError extends Error {
  override name = "InlineYamlError";
}

class InlineReader {
  readonly #text: string;
  readonly #anchors = new Map<string, Node>();
  #at = 0;
  #depth = 0;
  #blocks = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Data {
    if (/^---(?: |$)/.test(this.#text)) this.#at = 3;
    this.#skip();
    const node = this.#block();
    this.#skip();
    if (this.#at < this.#text.length) this.#fail("more than one value");
    return this.#standing(node).value;
  }

  /** A value where block collections may stand; on one line they have one entry. */
  #block(): Node {
    if (this.#peek() === "-" && this.#blankOrEnd(1)) {
      this.#at++;
      this.#skip();
      if (++this.#blocks > maxDepth) this.#fail("nested too deeply");
      return { style: "list", text: "", value: [this.#standing(this.#block()).value] };
    }
    const key = this.#node();
    if (!this.#isValueSign()) return key;
    if (isMerge(key)) this.#fail("a merge of what is not a mapping");
    const text = this.#keyText(key);
    this.#skip();
    this.#at++;
    this.#skip();
    const value = this.#standing(this.#node()).value;
    if (this.#isValueSign()) this.#fail("a mapping in the place of a value");
    return { style: "map", text: "", value: { [text]: value } };
  }

  #fail(why: string): never {
    throw new InlineYamlError(`${why} at column ${this.#at + 1}`);
  }

  #peek(ahead = 0): string {
    return this.#text[this.#at + ahead] ?? "";
  }

  #blankOrEnd(ahead = 0): boolean {
    return /^[ \t]?$/.test(this.#peek(ahead));
  }

  /** Skips blanks, and a comment where one may start. */
  #skip(): void {
    const start = this.#at;
    while (this.#peek() === " ") this.#at++;
    const separated = this.#at === 0 || this.#at > start || this.#text[this.#at - 1] === " " ||
      /[[\]{},:]/.test(this.#text[this.#at - 1] ?? "");
    if (this.#peek() === "#" && separated) this.#at = this.#text.length;
  }

  #node(): Node {
    if (++this.#depth > maxDepth) this.#fail("nested too deeply");
    let tag: string | null = null;
    let anchor: string | null = null;
    for (;;) {
      if (this.#peek() === "!" && tag === null) tag = this.#tag();
      else if (this.#peek() === "&" && anchor === null) anchor = this.#name();
      else break;
      this.#skip();
    }
    const bare = tag === null && anchor === null;
    if (!bare && this.#depth > 1 && this.#peek() === ":") {
      this.#depth--;
      return this.#tagEmpty(tag);
    }
    const node = this.#peek() === "*" ? this.#alias(tag, anchor) : this.#content(tag);
    if (anchor !== null) this.#anchors.set(anchor, node);
    this.#depth--;
    return node;
  }

  #tagEmpty(tag: string | null): Node {
    if (tag === null) return emptyNode;
    return { style: "quoted", text: "", value: this.#tagged(emptyNode, tag) };
  }

  #name(): string {
    const match = /^[0-9A-Za-z_-]+/.exec(this.#text.slice(this.#at + 1));
    if (!match) this.#fail("an anchor without a name");
    this.#at += 1 + match[0].length;
    if (!this.#blankOrEnd() && !/[?:,\]}%@`]/.test(this.#peek())) this.#fail("a bad anchor name");
    return match[0];
  }

  #alias(tag: string | null, anchor: string | null): Node {
    if (tag !== null || anchor !== null) this.#fail("an alias with properties");
    const name = this.#name();
    const node = this.#anchors.get(name);
    if (!node) this.#fail(`undefined alias "${name}"`);
    return node;
  }

  #tag(): string {
    const match = /^!(?:<[^>]*>|[^ ,[\]{}]*)/.exec(this.#text.slice(this.#at))!;
    this.#at += match[0].length;
    if (!this.#blankOrEnd() && !(this.#depth > 1 && this.#peek() === ",")) {
      this.#fail("a bad tag");
    }
    return match[0].replace(/^!<tag:yaml\.org,2002:(.*)>$/, "!!$1");
  }

  #content(tag: string | null): Node {
    const char = this.#peek();
    if (char === "[") return this.#checkTag(this.#list(), tag, "!!seq");
    if (char === "{") return this.#checkTag(this.#map(), tag, "!!map");
    const node = char === '"' || char === "'" ? this.#quoted(char) : this.#plain();
    return tag === null ? node : { ...node, style: "quoted", value: this.#tagged(node, tag) };
  }

  #checkTag(node: Node, tag: string | null, own: string): Node {
    if (tag !== null && tag !== own && tag !== "!") this.#fail(`unsupported tag "${tag}"`);
    return node;
  }

  #tagged(node: Node, tag: string): Data {
    if (tag === "!") return node.text === "" ? "" : node.value;
    if (tag === "!!str" || tag === "!!timestamp") return node.text;
    if (tag === "!!null") return null;
    if (tag === "!!int" && /\d/.test(node.text)) {
      return this.#number(parseYamlInt(node.text), "");
    }
    if (tag === "!!float" && node.text !== "") {
      return this.#number(parseYamlFloat(node.text), node.text);
    }
    if (tag === "!!bool" && scalarTag(node.text) === "bool") return parseYamlBool(node.text);
    this.#fail(`unsupported tag "${tag}"`);
  }

  #quoted(quote: string): Node {
    let text = "";
    this.#at++;
    for (;;) {
      const char = this.#peek();
      if (char === "") this.#fail("a quote that does not end");
      this.#at++;
      if (char === quote) {
        if (quote === '"' || this.#peek() !== "'") break;
        this.#at++;
        text += "'";
      } else if (char === "\\" && quote === '"') {
        text += this.#escape();
      } else {
        text += char;
      }
    }
    return { style: "quoted", text, value: text };
  }

  #escape(): string {
    const char = this.#peek();
    this.#at++;
    if (Object.hasOwn(escapes, char)) return escapes[char]!;
    const length = escapeLengths[char];
    if (length === undefined) this.#fail(`unknown escape "\\${char}"`);
    const digits = this.#text.slice(this.#at, this.#at + length);
    const point = parseInt(digits, 16);
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length < length || point > 0x10ffff) {
      this.#fail("a bad escape");
    }
    if (point >= 0xd800 && point <= 0xdfff) this.#fail("half a character");
    this.#at += length;
    return String.fromCodePoint(point);
  }

  /** Whether what follows, after blanks, would make the last node a key of a block mapping. */
  #isValueSign(): boolean {
    const rest = this.#text.slice(this.#at);
    return /^ *:(?: |$)/.test(rest);
  }

  #plainMayStart(): boolean {
    const char = this.#peek();
    const flow = this.#depth > 1;
    if (char === "" || char === " ") return false;
    if (char === "-") return this.#peek(1) !== " " && (flow || this.#peek(1) !== "");
    if (char === "?" || char === ":") return !flow && !this.#blankOrEnd(1);
    return !/[,[\]{}#&*!|>'"%@`]/.test(char);
  }

  #plain(): Node {
    const flow = this.#depth > 1;
    // An empty node: `[a: ]`, `{a: , b: }`, `!`.
    if (this.#peek() === "" || (flow && /[,\]}]/.test(this.#peek()))) {
      return emptyNode;
    }
    if (!flow && /^[|>](?:[-+]?[1-9]?|[1-9][-+])(?: *| +#.*)$/.test(this.#text.slice(this.#at))) {
      this.#at = this.#text.length;
      return { style: "quoted", text: "", value: "" };
    }
    if (!this.#plainMayStart()) this.#fail("a character that cannot start a value");
    const start = this.#at;
    let end = this.#at;
    while (this.#at < this.#text.length) {
      if (this.#peek() === " ") {
        while (this.#peek() === " ") this.#at++;
        if (this.#peek() === "#") break;
        continue;
      }
      if (this.#plainEnds(flow)) break;
      end = ++this.#at;
    }
    this.#at = end;
    const text = this.#text.slice(start, end);
    return { style: "plain", text, value: this.#number(plainScalar(text), text) };
  }

  #number(value: Data, text: string): Data {
    if (/^[-+]?0_+$/.test(text) || (Number.isNaN(value) && !/nan$/i.test(text))) {
      this.#fail("a number without digits");
    }
    return value;
  }

  #plainEnds(flow: boolean): boolean {
    const char = this.#peek();
    if (char === ":") {
      if (this.#blankOrEnd(1)) return true;
      if (flow && /[,?[\]{}]/.test(this.#peek(1))) this.#fail('a ":" without a space');
    }
    return flow && /[,[\]{}]/.test(char);
  }

  #list(): Node {
    const items: Data[] = [];
    this.#at++;
    for (;;) {
      this.#skip();
      if (this.#peek() === "]") break;
      items.push(this.#listItem());
      this.#skip();
      if (this.#peek() === ",") this.#at++;
      else if (this.#peek() !== "]") this.#fail('"," or "]" is missing');
    }
    this.#at++;
    return { style: "list", text: "", value: items };
  }

  /** An item, or a lone pair: `[a: 1]` is `[{a: 1}]`. */
  #listItem(): Data {
    const explicit = this.#explicitKey();
    const key = explicit && this.#peek() === ":" ? emptyNode : this.#key();
    this.#skip();
    if (this.#peek() !== ":") {
      if (!explicit) return this.#standing(key).value;
      return { [this.#keyText(key)]: null };
    }
    this.#at++;
    this.#skip();
    const value = this.#node();
    if (isMerge(key)) return this.#merged({}, [value]);
    return { [this.#keyText(key)]: this.#standing(value).value };
  }

  /** PyYAML gives `=` and `<<` a meaning, but only as keys. */
  #standing(node: Node): Node {
    if (node.style === "plain" && (node.text === "=" || node.text === "<<")) {
      this.#fail(`"${node.text}" cannot stand alone`);
    }
    return node;
  }

  #explicitKey(): boolean {
    if (this.#peek() !== "?") return false;
    this.#at++;
    this.#skip();
    return true;
  }

  #key(): Node {
    if (/^[:,\]}]?$/.test(this.#peek())) this.#fail("a key is missing");
    return this.#node();
  }

  #keyText(key: Node): string {
    if (key.style === "map" || key.style === "list") this.#fail("a key that is a collection");
    return pyStr(key.value);
  }

  #map(): Node {
    const value: DataMap = {};
    const seen = new Set<string>();
    const merges: Node[] = [];
    this.#at++;
    for (;;) {
      this.#skip();
      if (this.#peek() === "}") break;
      this.#mapPair(value, seen, merges);
      this.#skip();
      if (this.#peek() === ",") this.#at++;
      else if (this.#peek() !== "}") this.#fail('"," or "}" is missing');
    }
    this.#at++;
    return { style: "map", text: "", value: this.#merged(value, merges) };
  }

  #mapPair(value: DataMap, seen: Set<string>, merges: Node[]): void {
    const explicit = this.#explicitKey();
    const empty = explicit && /[:,}]/.test(this.#peek());
    const key = empty ? emptyNode : this.#key();
    const merge = isMerge(key);
    this.#skip();
    let item = emptyNode;
    if (this.#peek() === ":") {
      this.#at++;
      this.#skip();
      item = this.#standing(this.#node());
    }
    if (merge) return void merges.push(item);
    const text = this.#keyText(key);
    // Python holds 1, 1.0 and True for the same key.
    const identity = typeof key.value === "string" ? `s${text}` : pyRepr(numeric(key.value));
    if (seen.has(identity)) this.#fail(`conflicting ID "${text}"`);
    seen.add(identity);
    setKey(value, text, item.value);
  }

  #merged(value: DataMap, merges: Node[]): DataMap {
    if (merges.length === 0) return value;
    const merged: DataMap = {};
    for (const source of merges.flatMap((node) => this.#mergeSources(node))) {
      for (const [key, item] of Object.entries(source)) {
        if (!Object.hasOwn(value, key)) setKey(merged, key, item);
      }
    }
    for (const [key, item] of Object.entries(value)) setKey(merged, key, item);
    return merged;
  }

  #mergeSources(node: Node): DataMap[] {
    if (node.style === "map") return [node.value as DataMap];
    if (node.style !== "list") this.#fail("a merge of what is not a mapping");
    const items = node.value as Data[];
    for (const item of items) {
      if (item === null || typeof item !== "object" || Array.isArray(item)) {
        this.#fail("a merge of what is not a mapping");
      }
    }
    return (items as DataMap[]).toReversed();
  }
}

function numeric(value: Data): Data {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value !== null && typeof value === "object") return Number(value);
  return value;
}

/**
 * Reads one line of YAML as one value.
 * @throws InlineYamlError, or Error, when it is not a scalar or flow collection, or Salt's loader
 * would refuse it.
 */
export function parseInlineYaml(text: string): Data {
  return new InlineReader(text).document();
}
