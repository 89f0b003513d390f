/**
 * How Python writes values: users of Salt see it in messages, and comparisons of grains use it.
 * @module
 */
import { type Data, Float } from "../types/mod.ts";

/** A float as Python's `repr` writes it: `1.0`, `1e+16`, `1e-05`, `inf`, `nan`. */
export function pyFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
    const digits = exponent.slice(1).padStart(2, "0");
    return `${mantissa}e${exponent[0]}${digits}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

const shortEscapes: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = quote;
  for (const char of text) {
    const point = char.codePointAt(0)!;
    if (char === quote || char === "\\") out += `\\${char}`;
    else if (shortEscapes[char]) out += shortEscapes[char];
    else if (char === " " || !/[\p{C}\p{Z}]/u.test(char)) out += char;
    else if (point < 0x100) out += `\\x${hex(point, 2)}`;
    else out += point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
  }
  return out + quote;
}

function reprBytes(bytes: Uint8Array): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'";
  let out = `b${quote}`;
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (char === quote || char === "\\") out += `\\${char}`;
    else if (shortEscapes[char]) out += shortEscapes[char];
    else out += byte >= 0x20 && byte < 0x7f ? char : `\\x${hex(byte, 2)}`;
  }
  return out + quote;
}

/** A value as Python's `repr` writes it: `'text'`, `None`, `True`, `{'a': [1, 2.0]}`. */
export function pyRepr(value: Data): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    return Number.isInteger(value) ? BigInt(value).toString() : pyFloat(value);
  }
  if (value instanceof Float) return pyFloat(Number(value));
  if (typeof value === "string") return reprText(value);
  if (value instanceof Uint8Array) return reprBytes(value);
  if (value instanceof Date) return `'${value.toISOString()}'`;
  if (Array.isArray(value)) return `[${value.map(pyRepr).join(", ")}]`;
  const pairs = Object.entries(value).map(([key, item]) => `${reprText(key)}: ${pyRepr(item)}`);
  return `{${pairs.join(", ")}}`;
}

/** A value as Python's `str` writes it: as {@linkcode pyRepr}, but text without quotes. */
export function pyStr(value: Data): string {
  return typeof value === "string" ? value : pyRepr(value);
}

/** What Python's `if value:` decides. */
export function pyTruthy(value: Data): boolean {
  if (value === null || value === undefined) return false;
  if (value instanceof Float) return Number(value) !== 0;
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length > 0;
  if (value instanceof Date) return true;
  if (typeof value === "number") return value !== 0;
  if (typeof value === "object") return Object.keys(value).length > 0;
  return Boolean(value);
}

/** What `type(value).__name__` says in Python. */
export function pyTypeName(value: Data): string {
  if (value === null || value === undefined) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (value instanceof Float) return "float";
  if (typeof value === "string") return "str";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Date) return "datetime";
  return Array.isArray(value) ? "list" : "dict";
}
