/**
 * Writes JSON as Python's `json.dumps(ensure_ascii=False)` does, which is how Salt shows it.
 * @module
 */
import { pyFloat, pyRepr } from "../text/py_repr.ts";
import { compareText } from "../text/py_text.ts";
import { type Data, Float } from "../types/mod.ts";

/** How to write. */
export interface DumpJsonOptions {
  /** Spaces a level; null (and when absent) puts all on one line. */
  indent?: number | null;
  sortKeys?: boolean;
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\f": "\\f",
  "\b": "\\b",
};

// deno-lint-ignore no-control-regex -- these are what JSON escapes
const ESCAPED = /["\\\x00-\x1f]/g;

function text(value: string): string {
  const escape = (char: string) =>
    SHORT[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${value.replace(ESCAPED, escape)}"`;
}

function float(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value < 0 ? "-Infinity" : "Infinity";
  return pyFloat(value);
}

function scalar(value: Data): string | undefined {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return text(value);
  if (typeof value === "boolean" || typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    return Number.isInteger(value) ? BigInt(value).toString() : float(value);
  }
  if (value instanceof Float) return float(Number(value));
  // Salt hands `repr` to json for what JSON does not have.
  if (value instanceof Uint8Array || value instanceof Date) return text(pyRepr(value));
  return undefined;
}

function write(value: Data, options: DumpJsonOptions, depth: number): string {
  const plain = scalar(value);
  if (plain !== undefined) return plain;
  const inList = Array.isArray(value);
  const items = inList
    ? value.map((item) => write(item, options, depth + 1))
    : Object.entries(value as { [key: string]: Data })
      .sort(options.sortKeys ? ([a], [b]) => compareText(a, b) : () => 0)
      .map(([key, item]) => `${text(key)}: ${write(item, options, depth + 1)}`);
  const [open, close] = inList ? ["[", "]"] : ["{", "}"];
  if (items.length === 0) return open + close;
  const indent = options.indent ?? null;
  if (indent === null) return open + items.join(", ") + close;
  const line = `\n${" ".repeat(indent * (depth + 1))}`;
  return `${open}${line}${items.join(`,${line}`)}\n${" ".repeat(indent * depth)}${close}`;
}

/** A value as JSON. */
export function dumpJson(value: Data, options: DumpJsonOptions = {}): string {
  return write(value, options, 0);
}
