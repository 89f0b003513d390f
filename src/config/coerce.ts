/**
 * Checks one value against its option.
 *
 * What Salt's check lets pass is accepted, and brought to the option's own type so that the code
 * that reads it need not ask: `"5"` for a whole number, a number for a text. What Salt merely warns
 * about is an error here. (`salt/config/__init__.py:_validate_opts`)
 * @module
 */
import { type Data, Float } from "../types/mod.ts";
import { pyStr } from "../text/py_repr.ts";
import type { OptionKind, OptionSpec } from "./option.ts";

/** A value as it is to be used, or what was wanted in its place. */
export type Coerced = { value: unknown } | { wanted: string };

const KIND_WORDS: Record<OptionKind, string> = {
  bool: "true or false",
  int: "a whole number",
  float: "a number",
  str: "a text",
  list: "a list",
  map: "a map",
  null: "nothing",
  any: "anything",
};

/** What an option takes, in words: `a whole number from 1 to 65535`. */
export function wantedText(spec: OptionSpec): string {
  if (spec.choices) return `one of ${spec.choices.map((choice) => `"${choice}"`).join(", ")}`;
  const kinds = spec.kinds.filter((kind) => kind !== "null" || spec.kinds.length === 1);
  const words = kinds.map((kind) => KIND_WORDS[kind]).join(" or ");
  const { min, max } = spec;
  if (min !== undefined && max !== undefined) return `${words} from ${min} to ${max}`;
  if (min !== undefined) return `${words} of at least ${min}`;
  return max === undefined ? words : `${words} of at most ${max}`;
}

function kindOf(value: unknown): OptionKind | "other" {
  if (value === null || value === undefined) return "null";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (typeof value === "bigint") return "int";
  if (value instanceof Float) return "float";
  if (typeof value === "string") return "str";
  if (Array.isArray(value)) return "list";
  return value instanceof Uint8Array || value instanceof Date ? "other" : "map";
}

/** A plain number of what YAML gave; integers beyond 2^53 lose their last digits. */
function plainNumber(value: unknown): number {
  return Number(value as number | bigint | Float);
}

function intText(text: string): number | undefined {
  const bare = text.trim().replace(/(\d)_(?=\d)/g, "$1");
  return /^[-+]?\d+$/.test(bare) ? Number(bare) : undefined;
}

function floatText(text: string): number | undefined {
  const bare = text.trim().replace(/(\d)_(?=\d)/g, "$1");
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(bare) ? Number(bare) : undefined;
}

/** The value as another kind, where Salt would have let it pass as that kind. */
function convert(value: unknown, kind: OptionKind): unknown {
  const from = kindOf(value);
  if (kind === "int" && from === "str") return intText(value as string);
  if (kind === "float" && from === "int") return plainNumber(value);
  if (kind === "float" && from === "str") return floatText(value as string);
  if (kind === "str" && (from === "int" || from === "float" || from === "bool")) {
    return pyStr(value as Data);
  }
  // Python makes an empty dict of anything empty.
  if (kind === "map" && from === "list" && (value as unknown[]).length === 0) return {};
  if (kind === "map" && value === "") return {};
  return undefined;
}

function toKinds(spec: OptionSpec, value: unknown): unknown {
  const from = kindOf(value);
  if (spec.kinds.includes("any")) return value;
  if (from !== "other" && spec.kinds.includes(from)) {
    return from === "int" || from === "float" ? plainNumber(value) : value;
  }
  for (const kind of ["int", "float", "str", "map"] as const) {
    if (!spec.kinds.includes(kind)) continue;
    const converted = convert(value, kind);
    if (converted !== undefined) return converted;
  }
  return undefined;
}

function inRange(spec: OptionSpec, value: unknown): boolean {
  if (typeof value === "number") {
    return value >= (spec.min ?? -Infinity) && value <= (spec.max ?? Infinity);
  }
  if (spec.choices && typeof value === "string") return spec.choices.includes(value);
  return true;
}

/**
 * The value of an option that a file or the command line gave.
 *
 * An option left empty (`key:`) has its default, but where Salt takes it as "none" (`log_file:`).
 */
export function coerce(spec: OptionSpec, value: unknown): Coerced {
  if (value === null && !spec.kinds.includes("null") && !spec.kinds.includes("any")) {
    return { value: spec.emptyIsNone ? "" : spec.default };
  }
  let converted = toKinds(spec, value);
  if (spec.wrapped && typeof converted === "string") {
    converted = converted === "" ? [] : [converted];
  }
  if (spec.lowerCase && typeof converted === "string") converted = converted.toLowerCase();
  if (converted === undefined || !inRange(spec, converted)) return { wanted: wantedText(spec) };
  return { value: converted };
}
