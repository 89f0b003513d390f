import assert from "node:assert/strict";
import { test } from "node:test";
import { Fifo } from "../../../src/runtime/fifo.ts";

test("Fifo - gives items back in order, through its own tidying up", () => {
  const fifo = new Fifo<number>();
  for (let i = 0; i < 10_000; i++) fifo.push(i);
  for (let i = 0; i < 9_000; i++) assert.equal(fifo.shift(), i);
  assert.equal(fifo.peek(), 9_000);
  assert.equal(fifo.length, 1_000);
  fifo.push(10_000);
  assert.deepEqual(fifo.drain(), Array.from({ length: 1_001 }, (_, i) => 9_000 + i));
  assert.equal(fifo.length, 0);
  assert.equal(fifo.shift(), undefined);
  assert.equal(fifo.peek(), undefined);
});

test("remove() - takes out one item, and only one that still waits", () => {
  const fifo = new Fifo<string>();
  for (const item of ["a", "b", "c"]) fifo.push(item);
  fifo.shift();
  fifo.remove("a");
  fifo.remove("b");
  assert.deepEqual(fifo.drain(), ["c"]);
});
