/**
 * The full YAML reader: npm:yaml takes the text apart, the values are built here by Salt's rules.
 * @module
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from "yaml";
import { YamlError } from "../errors.ts";
import { pyStr } from "../text/py_repr.ts";
import type { Data, DataMap } from "../types/mod.ts";
import { parseYamlBool, parseYamlFloat, parseYamlInt, plainScalar } from "./yaml_scalar.ts";

/** How many values aliases may stand for, before a document counts as an attack on memory. */
const MAX_ALIASED_VALUES = 100_000;

/** Deeper nesting than this is refused before it can exhaust the stack. */
const MAX_DEPTH = 500;

const CORE = "tag:yaml.org,2002:";

/** One document being turned into values. */
class Builder {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #file: string | undefined;
  /** Value and number of values in it, by anchored node. */
  readonly #anchored = new Map<Node, { value: Data; size: number }>();
  readonly #open = new Set<Node>();
  #count = 0;
  #aliased = 0;

  constructor(document: Document, lines: LineCounter, file: string | undefined) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  fail(reason: string, node: Node | null): never {
    throw yamlError(reason, node?.range?.[0], this.#lines, this.#file);
  }

  value(node: Node | null | undefined, depth = 0): Data {
    this.#count++;
    if (!node) return null;
    if (depth > MAX_DEPTH) this.fail(`values are nested more than ${MAX_DEPTH} deep`, node);
    if (isAlias(node)) return this.#alias(node);
    const before = this.#count;
    this.#open.add(node);
    const value = this.#content(node, depth);
    this.#open.delete(node);
    if ((node as { anchor?: string }).anchor) {
      this.#anchored.set(node, { value, size: this.#count - before + 1 });
    }
    return value;
  }

  #content(node: Node, depth: number): Data {
    const tag = node.tag?.replace(/^!!/, CORE);
    if (isScalar(node)) return this.#scalar(node, tag);
    if (isSeq(node)) {
      if (tag === `${CORE}omap` || tag === `${CORE}pairs`) return this.#pairs(node.items, depth);
      this.#expectTag(tag, "seq", node);
      return node.items.map((item) => this.value(item as Node, depth + 1));
    }
    if (isMap(node)) {
      if (tag !== `${CORE}set`) this.#expectTag(tag, "map", node);
      return this.#map(node, depth);
    }
    return this.fail("this kind of value is not known", node);
  }

  #expectTag(tag: string | undefined, kind: string, node: Node): void {
    if (tag !== undefined && tag !== CORE + kind && tag !== "!") {
      this.fail(`the tag "${tag}" is not one that Salt knows`, node);
    }
  }

  #scalar(node: Node, tag: string | undefined): Data {
    const scalar = node as Node & { value: unknown; type?: string; source?: string };
    const text = String(scalar.value ?? "");
    if (tag === undefined) return scalar.type === "PLAIN" ? plainScalar(text) : text;
    switch (tag) {
      case "!":
      case `${CORE}str`:
      case `${CORE}python/unicode`:
      case `${CORE}timestamp`:
        return text;
      case `${CORE}null`:
        return null;
      case `${CORE}bool`:
        return parseYamlBool(text);
      case `${CORE}int`: {
        const value = parseYamlInt(text);
        return Number.isNaN(value) ? this.fail(`"${text}" is not an integer`, node) : value;
      }
      case `${CORE}float`: {
        const value = parseYamlFloat(text);
        const isNumber = !Number.isNaN(Number(value)) || /^\.nan$/i.test(text);
        return isNumber ? value : this.fail(`"${text}" is not a number`, node);
      }
      case `${CORE}binary`:
        return new Uint8Array(Buffer.from(text, "base64"));
      default:
        return this.fail(`the tag "${tag}" is not one that Salt knows`, node);
    }
  }

  #alias(node: Node & { source: string; resolve(doc: Document): Node | undefined }): Data {
    const target = node.resolve(this.#document);
    if (!target) this.fail(`the alias "${node.source}" has no anchor before it`, node);
    if (this.#open.has(target)) this.fail(`the alias "${node.source}" contains itself`, node);
    const known = this.#anchored.get(target);
    if (!known) this.fail(`the alias "${node.source}" has no anchor before it`, node);
    this.#count += known.size;
    this.#aliased += known.size;
    if (this.#aliased > MAX_ALIASED_VALUES) {
      this.fail(`aliases stand for more than ${MAX_ALIASED_VALUES} values`, node);
    }
    return known.value;
  }

  #map(node: YAMLMap, depth: number): DataMap {
    const result: DataMap = {};
    const own: [string, Data][] = [];
    const merged: [string, Data][] = [];
    const seen = new Set<string>();
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      if (isMergeKey(keyNode)) {
        merged.push(...this.#merged(pair.value as Node | null, depth));
        continue;
      }
      const key = this.#key(keyNode, depth);
      if (seen.has(key)) this.fail(`found conflicting ID "${key}"`, keyNode);
      seen.add(key);
      own.push([key, this.value(pair.value as Node | null, depth + 1)]);
    }
    // What is merged in comes first, and gives way to the map's own keys.
    for (const [key, value] of merged) if (!seen.has(key)) define(result, key, value);
    for (const [key, value] of own) define(result, key, value);
    return result;
  }

  #key(node: Node | null, depth: number): string {
    const key = this.value(node, depth + 1);
    if (typeof key === "object" && key !== null && (isMap(node) || isSeq(node) || isAlias(node))) {
      this.fail("a map key must be a single value, not a list or map", node);
    }
    return pyStr(key);
  }

  /** The entries that `<<` brings in: of a list of maps, those of the first map win. */
  #merged(node: Node | null, depth: number): [string, Data][] {
    const source = isAlias(node) ? node.resolve(this.#document) : node;
    const value = this.value(node, depth + 1);
    const maps = isSeq(source) ? (value as Data[]).toReversed() : [value];
    return maps.flatMap((map) => {
      if (typeof map !== "object" || map === null || Array.isArray(map)) {
        return this.fail("expected a map or a list of maps for merging", node);
      }
      return Object.entries(map as DataMap);
    });
  }

  #pairs(items: readonly unknown[], depth: number): Data[] {
    return items.map((item) => {
      const pair = isMap(item) ? item.items[0] : item as { key: Node; value: Node };
      return [this.value(pair?.key as Node, depth + 1), this.value(pair?.value as Node, depth + 1)];
    });
  }
}

function isMergeKey(node: Node | null): boolean {
  return isScalar(node) && node.value === "<<" && node.type === "PLAIN" && !node.tag;
}

/** Sets a key, `__proto__` too, as plain data. */
function define(target: DataMap, key: string, value: Data): void {
  if (key !== "__proto__") target[key] = value;
  else {
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
}

function yamlError(
  reason: string,
  offset: number | undefined,
  lines: LineCounter,
  file: string | undefined,
): YamlError {
  const { line, col } = lines.linePos(offset ?? 0);
  return new YamlError(reason, { file, line, column: col });
}

function open(text: string, file: string | undefined): { doc: Document; lines: LineCounter } {
  const lines = new LineCounter();
  let doc: Document;
  try {
    doc = parseDocument(text, {
      version: "1.1",
      schema: "failsafe",
      merge: false,
      uniqueKeys: false,
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "error",
    });
  } catch (error) {
    // The composer recurses; text made to exhaust the stack ends here.
    if (error instanceof RangeError) {
      throw new YamlError("values are nested too deep", { file, line: 1, column: 1 });
    }
    throw error;
  }
  const first = doc.errors[0];
  if (first) {
    const reason = first.code === "MULTIPLE_DOCS"
      ? "expected one document, found another after it"
      : first.message;
    throw yamlError(reason, first.pos[0], lines, file);
  }
  return { doc, lines };
}

/**
 * The value of a YAML text.
 * @throws YamlError with file, line and column.
 */
export function readYamlDocument(text: string, file: string | undefined): Data {
  const { doc, lines } = open(text, file);
  return new Builder(doc, lines, file).value(doc.contents);
}

/** The lines (from 1) on which the top-level keys of a YAML map stand; empty where it is none. */
export function topLevelKeyLines(text: string): Map<string, number> {
  const { doc, lines } = open(text, undefined);
  const result = new Map<string, number>();
  if (!isMap(doc.contents)) return result;
  for (const pair of doc.contents.items) {
    const key = pair.key;
    if (isScalar(key)) result.set(String(key.value), lines.linePos(key.range?.[0] ?? 0).line);
  }
  return result;
}
