/**
 * The protocol vectors in `tests/vectors/` (see the README there): loading and decoding.
 * @module
 */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";

/** A decoded JSON file of vectors. */
// deno-lint-ignore no-explicit-any -- vectors have many shapes, and a wrong guess fails the test
export function loadVectors(name: string): any {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf8"));
}

/** Bytes of a `_b64` field. */
export function b64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** Bytes of a `_hex` field. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** A test key pair by its name in `keys.json`. */
export function testKey(name: string): { privateKey: string; publicKey: string } {
  const key = loadVectors("keys.json").keys[name];
  return { privateKey: key.private_pem, publicKey: key.public_pem };
}
