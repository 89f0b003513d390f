/**
 * Values of Python in JSON, as `tests/cases/config/record.py` writes them: `{"$float": "1.0"}`,
 * `{"$int": "…"}`, `{"$bytes": "<base64>"}`, and maps as sorted pairs, since JSON's order is lost.
 * @module
 */
import { Buffer } from "node:buffer";
import { pyFloat } from "../../src/text/py_repr.ts";
import { type Data, type DataMap, Float } from "../../src/types/mod.ts";

/** A value of ours in that form. */
export function toPython(value: unknown): unknown {
  if (typeof value === "bigint") return { $int: String(value) };
  if (value instanceof Float) return { $float: pyFloat(Number(value)) };
  if (typeof value === "number") {
    return Number.isInteger(value) ? value : { $float: pyFloat(value) };
  }
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(toPython);
  if (typeof value !== "object" || value === null) return value ?? null;
  const pairs = Object.entries(value).map(([key, item]) => [key, toPython(item)]);
  return { $map: pairs.sort((a, b) => Buffer.compare(bytesOf(a[0]), bytesOf(b[0]))) };
}

function bytesOf(key: unknown): Buffer {
  return Buffer.from(String(key));
}

/** The value that such a form stands for. */
export function fromPython(form: unknown): Data {
  if (Array.isArray(form)) return form.map(fromPython);
  if (typeof form !== "object" || form === null) return form as Data;
  const { $float, $int, $bytes, $map } = form as Record<string, unknown>;
  if (typeof $float === "string") {
    const number = Number($float);
    return Number.isInteger(number) ? new Float(number) : number;
  }
  if (typeof $int === "string") return BigInt($int);
  if (typeof $bytes === "string") return new Uint8Array(Buffer.from($bytes, "base64"));
  const result: DataMap = {};
  for (const [key, value] of $map as [string, unknown][]) result[key] = fromPython(value);
  return result;
}
