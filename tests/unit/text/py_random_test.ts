import assert from "node:assert/strict";
import { test } from "node:test";
import { PyRandom } from "../../../src/text/py_random.ts";

// The expected numbers were printed by CPython 3.11.

test("PyRandom gives Python's numbers for a text", () => {
  const random = new PyRandom("minion");
  assert.equal(random.below(60n), 8n);
  assert.equal(random.between(1n, 1000n), 732n);
  assert.equal(random.getrandbits(70), 1049586362354058362469n);
});

test("PyRandom gives Python's numbers for numbers, also long ones", () => {
  assert.equal(new PyRandom(42n).below(100n), 81n);
  assert.equal(new PyRandom(0n).below(10n), 6n);
  assert.equal(new PyRandom(2n ** 70n).below(1000n), 238n);
});

test("PyRandom.sample() takes what Python takes, from short and long lists", () => {
  const random = new PyRandom(42n);
  random.below(100n);
  assert.deepEqual(random.sample([1, 2, 3, 4, 5, 6], 3), [1, 6, 3]);
  const long = Array.from({ length: 200 }, (_, index) => index);
  assert.deepEqual(random.sample(long, 6), [62, 57, 35, 188, 26, 173]);
});
