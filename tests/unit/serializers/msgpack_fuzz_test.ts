import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltDeserializationError } from "../../../src/errors.ts";
import { packLocal, packWire, unpack } from "../../../src/serializers/msgpack.ts";
import { type Data, Float } from "../../../src/types/mod.ts";
import { fuzz, type Random } from "../../support/random.ts";

const texts = ["", "a", "__proto__", "é✓", "x".repeat(40), "x".repeat(300), "toString"];

/** Integers that both forms of reading give back as they are. */
function integer(random: Random): number | bigint {
  const bits = random.below(65);
  let value = 0n;
  for (let i = 0; i < bits; i++) value = (value << 1n) | BigInt(random.below(2));
  if (bits < 64 && random.below(2) === 1) value = -value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function data(random: Random, depth: number): Data {
  const kind = random.below(depth > 4 ? 7 : 9);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return integer(random);
  if (kind === 2) return new Float(random.below(1000) - 500);
  if (kind === 3) return random.below(2 ** 31) / 7 + 0.1234567;
  if (kind === 4) return new Date(random.below(2 ** 31) * 1000);
  if (kind === 5) return random.pick(texts);
  if (kind === 6) return Uint8Array.of(0xff, ...random.bytes(random.below(300)));
  const count = random.below(20);
  if (kind === 7) return Array.from({ length: count }, () => data(random, depth + 1));
  const entries = Array.from({ length: count }, () => [
    random.pick(texts) + random.below(5),
    data(random, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

/** Datetimes read as a class of their own. */
function plain(value: Data): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Uint8Array || value instanceof Float) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

test("unpack() gives back whatever packWire() and packLocal() wrote", () => {
  fuzz(500, (random) => {
    const value = data(random, 0);
    assert.deepEqual(plain(unpack(packWire(value))), plain(value));
    assert.deepEqual(plain(unpack(packLocal(value), { keepBinary: true })), plain(value));
  });
});

test("unpack() throws nothing but SaltDeserializationError, whatever it is given", () => {
  fuzz(5000, (random) => {
    const bytes = random.below(2) === 0
      ? random.bytes(random.below(60))
      : random.mutate(packLocal(data(random, 2)));
    const options = random.pick([{}, { raw: true }, { keepBinary: true }, { maxValues: 5 }]);
    try {
      unpack(bytes, options);
    } catch (error) {
      assert.ok(error instanceof SaltDeserializationError, String(error));
    }
  });
});

test("what unpack() reads can be packed again", () => {
  fuzz(3000, (random) => {
    let value: Data;
    try {
      value = unpack(random.bytes(1 + random.below(30)));
    } catch {
      return;
    }
    assert.deepEqual(plain(unpack(packLocal(value))), plain(unpack(packWire(value))));
  });
});
