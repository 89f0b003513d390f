/**
 * Reading of fields that a peer may have sent as anything.
 * @module
 */
import { AuthenticationError } from "../errors.ts";
import type { Data, DataMap } from "../types/mod.ts";

const utf8 = new TextEncoder();

/** Bytes of a binary field; one that happened to be valid UTF-8 was read as text. */
export function bytesField(map: DataMap, name: string): Uint8Array {
  const value = map[name];
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return utf8.encode(value);
  throw new AuthenticationError(`The answer has no "${name}"`);
}

/** A text field. */
export function textField(map: DataMap, name: string): string {
  const value = map[name];
  if (typeof value === "string") return value;
  throw new AuthenticationError(`The answer has no "${name}"`);
}

/** A peer's word in a message: short, and on one line. */
export function shownData(value: Data | undefined): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}` : v);
  return (text ?? "nothing").slice(0, 80);
}
