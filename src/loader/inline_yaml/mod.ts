/**
 * YAML of a single line, such as an argument on a command line, read as Salt reads it through
 * libyaml. A recursive descent over one line, without a table of tokens; small, so that no command
 * line has to load the full reader.
 * @module
 */
import { pyRepr, pyStr } from "../../text/py_repr.ts";
import { setKey } from "../../text/set_key.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { LineText } from "./line_text.ts";
import { merged } from "./merge.ts";
import { emptyNode, isMerge, type Node } from "./node.ts";
import { readPlain, readQuoted, taggedValue } from "./scalar.ts";

/** Deepest nesting that is read. */
const maxDepth = 64;

class InlineReader {
  readonly #line: LineText;
  readonly #anchors = new Map<string, Node>();
  #depth = 0;
  #blocks = 0;

  constructor(text: string) {
    this.#line = new LineText(text);
  }

  document(): Data {
    if (/^---(?: |$)/.test(this.#line.text)) this.#line.at = 3;
    this.#line.skip();
    const node = this.#block();
    this.#line.skip();
    if (!this.#line.isAtEnd) this.#line.fail("more than one value");
    return this.#standing(node).value;
  }

  /** A value where block collections may stand; on one line they have one entry. */
  #block(): Node {
    if (this.#line.peek() === "-" && this.#line.isBlankOrEnd(1)) {
      this.#line.at++;
      this.#line.skip();
      if (++this.#blocks > maxDepth) this.#line.fail("nested too deeply");
      return { style: "list", text: "", value: [this.#standing(this.#block()).value] };
    }
    const key = this.#node();
    if (!this.#isValueSign()) return key;
    if (isMerge(key)) this.#line.fail("a merge of what is not a mapping");
    const text = this.#keyText(key);
    this.#line.skip();
    this.#line.at++;
    this.#line.skip();
    const value = this.#standing(this.#node()).value;
    if (this.#isValueSign()) this.#line.fail("a mapping in the place of a value");
    return { style: "map", text: "", value: { [text]: value } };
  }

  #node(): Node {
    if (++this.#depth > maxDepth) this.#line.fail("nested too deeply");
    let tag: string | null = null;
    let anchor: string | null = null;
    for (;;) {
      if (this.#line.peek() === "!" && tag === null) tag = this.#tag();
      else if (this.#line.peek() === "&" && anchor === null) anchor = this.#name();
      else break;
      this.#line.skip();
    }
    const bare = tag === null && anchor === null;
    if (!bare && this.#depth > 1 && this.#line.peek() === ":") {
      this.#depth--;
      return this.#tagEmpty(tag);
    }
    const node = this.#line.peek() === "*" ? this.#alias(tag, anchor) : this.#content(tag);
    if (anchor !== null) this.#anchors.set(anchor, node);
    this.#depth--;
    return node;
  }

  #tagEmpty(tag: string | null): Node {
    if (tag === null) return emptyNode;
    return { style: "quoted", text: "", value: taggedValue(this.#line, emptyNode, tag) };
  }

  #name(): string {
    const match = /^[0-9A-Za-z_-]+/.exec(this.#line.rest.slice(1));
    if (!match) this.#line.fail("an anchor without a name");
    this.#line.at += 1 + match[0].length;
    if (!this.#line.isBlankOrEnd() && !/[?:,\]}%@`]/.test(this.#line.peek())) {
      this.#line.fail("a bad anchor name");
    }
    return match[0];
  }

  #alias(tag: string | null, anchor: string | null): Node {
    if (tag !== null || anchor !== null) this.#line.fail("an alias with properties");
    const name = this.#name();
    const node = this.#anchors.get(name);
    if (!node) this.#line.fail(`undefined alias "${name}"`);
    return node;
  }

  #tag(): string {
    const match = /^!(?:<[^>]*>|[^ ,[\]{}]*)/.exec(this.#line.rest)!;
    this.#line.at += match[0].length;
    if (!this.#line.isBlankOrEnd() && !(this.#depth > 1 && this.#line.peek() === ",")) {
      this.#line.fail("a bad tag");
    }
    return match[0].replace(/^!<tag:yaml\.org,2002:(.*)>$/, "!!$1");
  }

  #content(tag: string | null): Node {
    const char = this.#line.peek();
    if (char === "[") return this.#checkTag(this.#list(), tag, "!!seq");
    if (char === "{") return this.#checkTag(this.#map(), tag, "!!map");
    const node = char === '"' || char === "'"
      ? readQuoted(this.#line, char)
      : readPlain(this.#line, this.#depth > 1);
    return tag === null
      ? node
      : { ...node, style: "quoted", value: taggedValue(this.#line, node, tag) };
  }

  #checkTag(node: Node, tag: string | null, own: string): Node {
    if (tag !== null && tag !== own && tag !== "!") this.#line.fail(`unsupported tag "${tag}"`);
    return node;
  }

  /** Whether what follows, after blanks, would make the last node a key of a block mapping. */
  #isValueSign(): boolean {
    const rest = this.#line.rest;
    return /^ *:(?: |$)/.test(rest);
  }

  #list(): Node {
    const items: Data[] = [];
    this.#line.at++;
    for (;;) {
      this.#line.skip();
      if (this.#line.peek() === "]") break;
      items.push(this.#listItem());
      this.#line.skip();
      if (this.#line.peek() === ",") this.#line.at++;
      else if (this.#line.peek() !== "]") this.#line.fail('"," or "]" is missing');
    }
    this.#line.at++;
    return { style: "list", text: "", value: items };
  }

  /** An item, or a lone pair: `[a: 1]` is `[{a: 1}]`. */
  #listItem(): Data {
    const explicit = this.#explicitKey();
    const key = explicit && this.#line.peek() === ":" ? emptyNode : this.#key();
    this.#line.skip();
    if (this.#line.peek() !== ":") {
      if (!explicit) return this.#standing(key).value;
      return { [this.#keyText(key)]: null };
    }
    this.#line.at++;
    this.#line.skip();
    const value = this.#node();
    if (isMerge(key)) return merged(this.#line, {}, [value]);
    return { [this.#keyText(key)]: this.#standing(value).value };
  }

  /** PyYAML gives `=` and `<<` a meaning, but only as keys. */
  #standing(node: Node): Node {
    if (node.style === "plain" && (node.text === "=" || node.text === "<<")) {
      this.#line.fail(`"${node.text}" cannot stand alone`);
    }
    return node;
  }

  #explicitKey(): boolean {
    if (this.#line.peek() !== "?") return false;
    this.#line.at++;
    this.#line.skip();
    return true;
  }

  #key(): Node {
    if (/^[:,\]}]?$/.test(this.#line.peek())) this.#line.fail("a key is missing");
    return this.#node();
  }

  #keyText(key: Node): string {
    if (key.style === "map" || key.style === "list") this.#line.fail("a key that is a collection");
    return pyStr(key.value);
  }

  #map(): Node {
    const value: DataMap = {};
    const seen = new Set<string>();
    const merges: Node[] = [];
    this.#line.at++;
    for (;;) {
      this.#line.skip();
      if (this.#line.peek() === "}") break;
      this.#mapPair(value, seen, merges);
      this.#line.skip();
      if (this.#line.peek() === ",") this.#line.at++;
      else if (this.#line.peek() !== "}") this.#line.fail('"," or "}" is missing');
    }
    this.#line.at++;
    return { style: "map", text: "", value: merged(this.#line, value, merges) };
  }

  #mapPair(value: DataMap, seen: Set<string>, merges: Node[]): void {
    const explicit = this.#explicitKey();
    const empty = explicit && /[:,}]/.test(this.#line.peek());
    const key = empty ? emptyNode : this.#key();
    const merge = isMerge(key);
    this.#line.skip();
    let item = emptyNode;
    if (this.#line.peek() === ":") {
      this.#line.at++;
      this.#line.skip();
      item = this.#standing(this.#node());
    }
    if (merge) return void merges.push(item);
    const text = this.#keyText(key);
    // Python holds 1, 1.0 and True for the same key.
    const identity = typeof key.value === "string" ? `s${text}` : pyRepr(numeric(key.value));
    if (seen.has(identity)) this.#line.fail(`conflicting ID "${text}"`);
    seen.add(identity);
    setKey(value, text, item.value);
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
