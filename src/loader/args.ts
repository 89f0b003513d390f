/**
 * Arguments as they come from a command line or a peer, taken apart as Salt does it.
 * (`salt/utils/args.py`: `parse_input`, `yamlify_arg`, `condition_input`)
 * @module
 */
import type { Data, DataMap } from "../types/mod.ts";
import { setKey } from "../text/set_key.ts";
import { parseInlineYaml } from "./inline_yaml/mod.ts";

/** How a command line is read. */
export interface ParseArgsOptions {
  /** Names of keyword arguments whose values stay text. (`--no-parse`) */
  noParse?: readonly string[];
}

const keywordPattern = /^((?:_|\p{L}|\p{Nl}|\p{M})[\p{L}\p{N}_.-]*)=(?!=)([^\n]*)\n?$/u;

/** `name=value` taken apart, or null when the text is no keyword argument. */
export function parseKeyword(text: string): [name: string, value: string] | null {
  const match = keywordPattern.exec(text);
  return match ? [match[1]!, match[2]!] : null;
}

/** Whether the map carries keyword arguments. */
export function isKeywordMap(value: Data): value is DataMap {
  return value !== null && typeof value === "object" && !Array.isArray(value) &&
    (value as DataMap)["__kwarg__"] === true;
}

/** Whether Salt would take the text as it is, without asking YAML. */
function staysText(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed === "---" || trimmed === "...") return true;
  if (text.includes("_") && /^[0-9_]+$/.test(trimmed)) return true;
  return /[\t\r\n]/.test(text);
}

/**
 * The value that a command line argument stands for: `5` is a number, `None` nothing, `[a, b]` a
 * list, `{a: b}` a map; dates, `1_000`, `a: b` and whatever is not YAML stay text.
 */
export function yamlifyArg(text: string): Data {
  if (staysText(text)) return text;
  if (text === "None") return null;
  if (text === "|" || text === "!") return text;
  let value: Data;
  try {
    value = parseInlineYaml(text);
  } catch {
    return text;
  }
  // With a comment sign in it, Salt takes the word for YAML only when that gives more than a text.
  if (text.includes("#")) return value === null || typeof value === "string" ? text : value;
  if (Array.isArray(value)) return text.startsWith("[") ? value : text;
  if (value !== null && typeof value === "object" && !(value instanceof Number)) {
    return text.startsWith("{") ? value : text;
  }
  return value;
}

/** Positional and keyword values of a list as it stands on a command line or in a publication. */
export function splitInput(
  input: readonly Data[],
  options: ParseArgsOptions = {},
): { args: Data[]; kwargs: DataMap } {
  const args: Data[] = [];
  const kwargs: DataMap = {};
  for (const arg of input) {
    if (typeof arg === "string") {
      const keyword = parseKeyword(arg);
      if (!keyword) args.push(yamlifyArg(arg));
      else {
        const [name, value] = keyword;
        setKey(kwargs, name, options.noParse?.includes(name) ? value : yamlifyArg(value));
      }
    } else if (isKeywordMap(arg)) {
      for (const [key, value] of Object.entries(arg)) {
        if (key !== "__kwarg__") setKey(kwargs, key, value);
      }
    } else {
      args.push(arg);
    }
  }
  return { args, kwargs };
}

/** Whether a number is long enough to be a job id, which must travel as text. */
function conditionArg(arg: Data): Data {
  if (typeof arg !== "number" && typeof arg !== "bigint") return arg;
  const text = String(arg);
  return /^\d{20}$/.test(text) ? text : arg;
}

/** One list as the publisher wants it: positional values, then a map with `__kwarg__`. */
export function conditionInput(args: readonly Data[], kwargs: DataMap): Data[] {
  const list = args.map(conditionArg);
  if (Object.keys(kwargs).length > 0) list.push({ __kwarg__: true, ...kwargs });
  return list;
}

/**
 * The `arg` of a publication for the words of a command line.
 *
 * @example
 * parseCliArgs(["uptime", "timeout=5"]); // ["uptime", { __kwarg__: true, timeout: 5 }]
 */
export function parseCliArgs(argv: readonly string[], options: ParseArgsOptions = {}): Data[] {
  const { args, kwargs } = splitInput(argv, options);
  return conditionInput(args, kwargs);
}
