/**
 * Starting and ending worker threads, over `node:worker_threads`, which both runtimes have.
 * @module
 */
import type * as WorkerThreads from "node:worker_threads";
import { CELL, CELLS } from "./open_sockets.ts";
import type { WorkerThread } from "./types.ts";

/** What a thread is told at its start. */
export interface ThreadStart {
  name: string;
  data: unknown;
  /** Anything that comes here means: close your sockets and end. */
  stop: WorkerThreads.MessagePort;
  /** See {@linkcode CELL}. */
  cells: Int32Array<SharedArrayBuffer>;
}

/** For how long a thread may take to close its sockets, in ms. */
const STOP_PATIENCE = 1000;
/** The same for one that has none open, as far as can be seen. */
const STOP_PATIENCE_WITHOUT = 100;

/** `node:worker_threads`, which a command that starts no thread never loads. */
export function workerThreads(): typeof WorkerThreads {
  return process.getBuiltinModule("node:worker_threads");
}

/**
 * MiB of memory for new objects: a request's do not outlive it, and with the 48 that are the default
 * each thread fills them before it looks what is still needed.
 */
const YOUNG_MB = 12;

const running = new Set<Thread>();

/** Starts `program` as a thread that runs the entry point `name`. */
export function startThread(
  program: { file: URL } | { source: string },
  name: string,
  data: unknown,
): WorkerThread {
  const { Worker, MessageChannel } = workerThreads();
  const { port1, port2 } = new MessageChannel();
  port1.unref();
  const cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  const workerData: ThreadStart = { name, data, stop: port2, cells };
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB };
  const options = { name, workerData, transferList: [port2], resourceLimits };
  const worker = "file" in program
    ? new Worker(program.file, options)
    : new Worker(program.source, { ...options, eval: true });
  const thread = new Thread(name, worker, port1, cells);
  running.add(thread);
  return thread;
}

class Thread implements WorkerThread {
  readonly #name: string;
  readonly #worker: WorkerThreads.Worker;
  readonly #stop: WorkerThreads.MessagePort;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #onExit: ((code: number, error: Error | undefined) => void)[] = [];
  readonly #early: unknown[] = [];
  #heard = false;
  #failure: Error | undefined;
  #ended: { code: number; error: Error | undefined } | undefined;

  constructor(
    name: string,
    worker: WorkerThreads.Worker,
    stop: WorkerThreads.MessagePort,
    cells: Int32Array<SharedArrayBuffer>,
  ) {
    this.#name = name;
    this.#worker = worker;
    this.#stop = stop;
    this.#cells = cells;
    worker.on("message", (message) => this.#heard || this.#early.push(message));
    worker.on("error", (error) => {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", (code) => this.#end(this.#failure && code === 0 ? 1 : code, this.#failure));
  }

  postMessage(message: unknown, transfer?: ArrayBuffer[]): void {
    this.#worker.postMessage(message, transfer ?? []);
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#heard = true;
    for (const message of this.#early.splice(0)) queueMicrotask(() => listener(message));
    this.#worker.on("message", listener);
  }

  onExit(listener: (code: number, error: Error | undefined) => void): void {
    if (this.#ended) listener(this.#ended.code, this.#ended.error);
    else this.#onExit.push(listener);
  }

  keepsAlive(keep: boolean): void {
    if (keep) this.#worker.ref();
    else this.#worker.unref();
  }

  async terminate(): Promise<void> {
    if (this.#ended) return;
    this.askToStop();
    const patience = this.count("open") > 0 ? STOP_PATIENCE : STOP_PATIENCE_WITHOUT;
    if (await this.#endsWithin(patience)) return;
    if (this.count("waiting") > 0 && this.count("stopped") === 0) return this.#leaveBehind();
    await this.#worker.terminate();
  }

  askToStop(): void {
    this.#stop.postMessage("stop");
  }

  /** Blocks until the thread has closed its sockets. Returns whether its end can do no harm. */
  waitForSockets(timeoutMs: number): boolean {
    Atomics.wait(this.#cells, CELL.stopped, 0, timeoutMs);
    return this.count("stopped") > 0 || this.count("waiting") === 0;
  }

  count(cell: keyof typeof CELL): number {
    return Atomics.load(this.#cells, CELL[cell]);
  }

  #endsWithin(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.#ended !== undefined), timeoutMs);
      this.onExit(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** It is stuck with sockets that wait: to its starter it has ended, and it is never heard again. */
  #leaveBehind(): void {
    this.#worker.removeAllListeners("message");
    this.#worker.unref();
    this.#end(1, new Error(`The thread "${this.#name}" is stuck and was left behind`), true);
  }

  #end(code: number, error: Error | undefined, stillThere = false): void {
    if (!stillThere) running.delete(this);
    if (this.#ended) return;
    this.#ended = { code, error };
    for (const listener of this.#onExit.splice(0)) listener(code, error);
  }
}

/**
 * For the end of the program: makes all threads close their sockets, and waits for that.
 * Returns whether ending the program can do no harm.
 */
export function stopThreads(): boolean {
  const holders = [...running].filter((thread) => thread.count("open") > 0);
  for (const thread of holders) thread.askToStop();
  const deadline = performance.now() + STOP_PATIENCE;
  return holders
    .map((thread) => thread.waitForSockets(Math.max(0, deadline - performance.now())))
    .every((harmless) => harmless);
}
