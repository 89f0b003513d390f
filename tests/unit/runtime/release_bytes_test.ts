import assert from "node:assert/strict";
import { test } from "node:test";
import { releaseBytes } from "../../../src/runtime/mod.ts";

test("releaseBytes() frees what has its memory for itself", () => {
  const bytes = new Uint8Array(1 << 20);
  releaseBytes(bytes);
  assert.equal(bytes.length, 0);
});

test("releaseBytes() leaves few bytes, parts and shared memory as they are", () => {
  const few = new Uint8Array(1000);
  const part = new Uint8Array(1 << 20).subarray(0, 1 << 19);
  const shared = new Uint8Array(new SharedArrayBuffer(1 << 20));
  for (const bytes of [few, part, shared]) {
    const { length } = bytes;
    releaseBytes(bytes);
    assert.equal(bytes.length, length);
  }
});
