import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { BULK_TAG_BYTES, openBulk, sealBulk } from "../../../src/crypt/mod.ts";
import { AuthenticationError } from "../../../src/errors.ts";

/** A reader of bytes that stops early where they end. */
function readerOf(bytes: Uint8Array): (into: Uint8Array) => number {
  let at = 0;
  return (into) => {
    const part = bytes.subarray(at, at + into.length);
    into.set(part);
    at += part.length;
    return part.length;
  };
}

function seal(bytes: Uint8Array, length = bytes.length): { key: Uint8Array; box: Uint8Array } {
  const box = new Uint8Array(length + BULK_TAG_BYTES);
  const { key, used } = sealBulk(box, length, readerOf(bytes));
  return { key, box: box.subarray(0, used) };
}

test("openBulk() gives what sealBulk() was given, under a key of its own each time", () => {
  for (const length of [0, 1, 1000, 1 << 16, (1 << 16) + 1, 1 << 20]) {
    const bytes = new Uint8Array(randomBytes(length));
    const [first, second] = [seal(bytes), seal(bytes)];
    assert.notDeepEqual(first.key, second.key);
    assert.equal(first.box.length, length + BULK_TAG_BYTES);
    assert.deepEqual(openBulk(first.key, first.box), bytes);
  }
});

test("sealBulk() takes what there is when it is less than was said", () => {
  for (const length of [0, 10, 1 << 16, 100_000]) {
    const bytes = new Uint8Array(randomBytes(length));
    const { key, box } = seal(bytes, 200_000);
    assert.equal(box.length, length + BULK_TAG_BYTES);
    assert.deepEqual(openBulk(key, box), bytes);
  }
});

test("openBulk() refuses a box that was changed, cut, or is under another key", () => {
  const { key, box: whole } = seal(new Uint8Array(100));
  for (const at of [0, 50, 99, 100, 115]) {
    const changed = whole.map((byte, index) => index === at ? byte ^ 1 : byte);
    assert.throws(() => openBulk(key, changed), AuthenticationError);
  }
  for (const length of [0, 15, 16, 115]) {
    assert.throws(() => openBulk(key, whole.subarray(0, length)), AuthenticationError);
  }
  assert.throws(() => openBulk(key.map((byte) => byte ^ 1), whole), AuthenticationError);
  assert.throws(() => openBulk(key.subarray(1), whole), AuthenticationError);
});
