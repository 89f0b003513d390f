import { test } from "node:test";
import assert from "node:assert/strict";
import { WorkerPool } from "../../../src/master/workers.ts";
import type { FromWorker, ToWorker, WorkerData } from "../../../src/master/worker_thread.ts";
import type { WorkerThread } from "../../../src/runtime/types.ts";

/** A worker as the pool sees it, that does what the test says. */
class ScriptedWorker implements WorkerThread {
  readonly got: ToWorker[] = [];
  hangs = false;
  #say: (message: unknown) => void = () => {};
  #exit: (code: number, error: Error | undefined) => void = () => {};
  #ended = false;

  constructor(startFails: boolean) {
    queueMicrotask(() =>
      startFails ? this.end(1, new Error("cannot start")) : this.say({ kind: "ready" })
    );
  }
  say(message: FromWorker): void {
    this.#say(message);
  }
  end(code: number, error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#exit(code, error);
  }
  postMessage(message: unknown): void {
    const asked = message as ToWorker;
    this.got.push(asked);
    if (this.hangs) return;
    if (asked.kind === "requests") return;
    queueMicrotask(() =>
      asked.kind === "stop" ? this.end(0) : this.say({ kind: "done", turn: asked.turn })
    );
  }
  onMessage(listener: (message: unknown) => void): void {
    this.#say = listener;
  }
  onExit(listener: (code: number, error: Error | undefined) => void): void {
    const before = this.#exit;
    this.#exit = (code, error) => {
      before(code, error);
      listener(code, error);
    };
  }
  keepsAlive() {}

  terminate(): Promise<void> {
    this.end(1);
    return Promise.resolve();
  }
}

function scripted(count: number, options: { watchInterval?: number; watchTimeout?: number } = {}) {
  const workers: ScriptedWorker[] = [];
  let attached = 0;
  let onReplaced = () => {};
  const replaced = new Promise<void>((resolve) => (onReplaced = resolve));
  const start = (startFails = false) =>
    WorkerPool.start({ fleetKey: "old" } as WorkerData, {
      count,
      ...options,
      spawn: () => {
        const worker = new ScriptedWorker(startFails);
        workers.push(worker);
        return worker;
      },
      onRotate: () => {},
      attach: () => {
        if (++attached > count) onReplaced();
        return { answered() {}, deferred() {}, aside() {}, next() {}, lost() {} };
      },
    });
  return { workers, start, replaced, attached: () => attached };
}

test("WorkerPool.start() rejects with the reason when a worker cannot start", async () => {
  await assert.rejects(scripted(2).start(true), /cannot start/);
});

test("WorkerPool.setFleetKey() resolves when every worker has the key", async () => {
  const { workers, start } = scripted(3);
  const pool = await start();
  await pool.setFleetKey("new");
  for (const worker of workers) {
    assert.deepEqual(worker.got.map((m) => m.kind === "fleet key" && m.key), ["new"]);
  }
  await pool.stop(1000);
});

test("WorkerPool replaces a worker that crashed, and the new one takes requests", async () => {
  const { workers, start, replaced, attached } = scripted(2);
  const pool = await start();
  workers[0]!.end(1, new Error("out of memory"));
  await replaced;
  assert.equal(workers.length, 3);
  assert.equal(attached(), 3);
  await pool.stop(1000);
});

test("WorkerPool ends and replaces a worker that no longer answers", async () => {
  const { workers, start, replaced } = scripted(2, { watchInterval: 5, watchTimeout: 20 });
  const pool = await start();
  workers[1]!.hangs = true;
  await replaced;
  assert.equal(workers.length, 3);
  await pool.stop(1000);
});

test("WorkerPool.setFleetKey() does not wait for a worker that crashes meanwhile", async () => {
  const { workers, start } = scripted(2);
  const pool = await start();
  workers[0]!.hangs = true;
  const set = pool.setFleetKey("new");
  workers[0]!.end(1);
  await set;
  await pool.stop(1000);
});

test("WorkerPool.stop() ends workers that do not stop by themselves", async () => {
  const { workers, start } = scripted(2);
  const pool = await start();
  workers[0]!.hangs = true;
  await pool.stop(10);
  assert.ok(workers[0]!.got.some((message) => message.kind === "stop"));
});
