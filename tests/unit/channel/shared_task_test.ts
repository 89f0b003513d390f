import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedTask } from "../../../src/channel/shared_task.ts";

test("SharedTask.join() - callers share one run, and later ones start another", async () => {
  let runs = 0;
  const task = new SharedTask(() => Promise.resolve(++runs));
  assert.deepEqual(await Promise.all([task.join(), task.join()]), [1, 1]);
  assert.equal(await task.join(), 2);
});

test("SharedTask.join() - a failure reaches all callers and is not kept", async () => {
  let fails = true;
  const task = new SharedTask(() => fails ? Promise.reject(new Error("no")) : Promise.resolve(1));
  const results = await Promise.allSettled([task.join(), task.join()]);
  assert.deepEqual(results.map((r) => r.status), ["rejected", "rejected"]);
  fails = false;
  assert.equal(await task.join(), 1);
});

test("SharedTask - work is stopped when the last caller gives up, not before", async () => {
  let stopped = false;
  const task = new SharedTask((signal) =>
    new Promise<number>(() => signal.addEventListener("abort", () => stopped = true))
  );
  const [a, b] = [new AbortController(), new AbortController()];
  const [first, second] = [task.join(a.signal), task.join(b.signal)];
  a.abort(new Error("a"));
  await assert.rejects(first, { message: "a" });
  assert.equal(stopped, false);
  b.abort(new Error("b"));
  await assert.rejects(second, { message: "b" });
  assert.equal(stopped, true);
});

test("SharedTask.stop() rejects all who wait", async () => {
  const task = new SharedTask(() => new Promise<number>(() => {}));
  const waiting = [task.join(), task.join()].map((p) => assert.rejects(p, { message: "over" }));
  task.stop(new Error("over"));
  await Promise.all(waiting);
});
