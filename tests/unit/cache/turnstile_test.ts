import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { newTurnstile, Turnstile } from "../../../src/cache/turnstile.ts";

/** Adds to a number in shared memory, not atomically: only a lock keeps sums right. */
const ADDER = `
const { workerData } = require("node:worker_threads");
import(workerData.url).then(({ Turnstile }) => {
  const turnstile = new Turnstile(workerData.lock);
  const sum = new Int32Array(workerData.sum);
  for (let i = 0; i < workerData.times; i++) {
    turnstile.pass(() => {
      const before = sum[0];
      for (let n = 0; n < 20; n++);
      sum[0] = before + 1;
    });
  }
});
`;

test("Turnstile.pass() lets one thread in at a time", async () => {
  const [lock, sum] = [newTurnstile(), new SharedArrayBuffer(4)];
  const url = new URL("../../../src/cache/turnstile.ts", import.meta.url).href;
  const workers = Array.from(
    { length: 3 },
    () => new Worker(ADDER, { eval: true, workerData: { url, lock, sum, times: 20_000 } }),
  );
  await Promise.all(workers.map((worker) => once(worker, "exit")));
  assert.equal(new Int32Array(sum)[0], 60_000);
});

test("Turnstile.pass() gives the lock back when the work fails", () => {
  const turnstile = new Turnstile(newTurnstile());
  assert.throws(() =>
    turnstile.pass(() => {
      throw new Error("no");
    }), /no/);
  assert.equal(turnstile.pass(() => 1), 1);
});
