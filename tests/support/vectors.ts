/**
 * The protocol vectors in `tests/vectors/` (see the README there): loading and decoding.
 * @module
 */
import assert from "node:assert/strict";
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

/**
 * Fails unless `actual` is what a vector file shows as `shown`: see "Conventions" in its README. Whole
 * floats count as numbers, for the files do not tell them apart.
 */
// deno-lint-ignore no-explicit-any -- JSON
export function assertShown(actual: unknown, shown: any, path = "value"): void {
  if (typeof shown === "string" && /\(\d+ chars, see raw\)$/.test(shown)) {
    const [, head, length] = /^(.*)\.\.\.\((\d+) chars, see raw\)$/s.exec(shown) as string[];
    assert.equal(typeof actual, "string", path);
    assert.ok((actual as string).startsWith(head as string), path);
    return assert.equal((actual as string).length, Number(length), path);
  }
  if (Array.isArray(shown)) {
    assert.ok(Array.isArray(actual), path);
    assert.equal(actual.length, shown.length, `${path}.length`);
    return shown.forEach((item, i) => assertShown(actual[i], item, `${path}[${i}]`));
  }
  if (shown === null || typeof shown !== "object") {
    return assert.deepEqual(actual instanceof Number ? Number(actual) : actual, shown, path);
  }
  if (typeof shown.$bytes === "number") {
    return assert.equal((actual as Uint8Array).length, shown.$bytes, path);
  }
  if (typeof shown.$b64 === "string") return assert.deepEqual(actual, b64(shown.$b64), path);
  if (typeof shown.$int === "string") return assert.equal(String(actual), shown.$int, path);
  const map = actual as Record<string, unknown>;
  assert.deepEqual(Object.keys(map), Object.keys(shown), `keys of ${path}`);
  for (const [key, item] of Object.entries(shown)) assertShown(map[key], item, `${path}.${key}`);
}
