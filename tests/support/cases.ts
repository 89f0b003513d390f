/**
 * Cases as data: what real Salt answered, for the same question to saltx.
 * @module
 */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { type Data, Float } from "../../src/types/mod.ts";

/** Values that JSON does not have are written as `{"$float": "1.0"}` and `{"$bytes": "<base64>"}`. */
export function revive(value: unknown): Data {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value as Data;
  const entries = Object.entries(value);
  const [key, only] = entries[0] ?? [];
  if (entries.length === 1 && key === "$float") return new Float(pyNumber(String(only)));
  if (entries.length === 1 && key === "$bytes") {
    return Uint8Array.from(Buffer.from(String(only), "base64"));
  }
  return Object.fromEntries(entries.map(([name, item]) => [name, revive(item)]));
}

function pyNumber(text: string): number {
  return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
}

/** Numbers beyond 2^53 as bigint, as Salt's wire gives them. */
function bigNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  const big = typeof value === "number" && source && /^-?\d+$/.test(source) &&
    !Number.isSafeInteger(value);
  return big ? BigInt(source) : value;
}

/** A JSON file of cases below `tests/cases`. */
export function readCases<T>(name: string): T {
  const url = new URL(`../cases/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8"), bigNumbers) as T;
}
