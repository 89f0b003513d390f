/**
 * Keeps the request workers alive: starts them, gives them new keys, replaces what crashed or hangs.
 * @module
 */
import { getLogger, relay } from "../logging/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { WorkerThread } from "../runtime/types.ts";
import type { FromWorker, ToWorker, WorkerData } from "./worker_thread.ts";

const log = getLogger("saltx.workers");

/** ms between questions whether a worker is still there, and how long it may take to say so. */
const WATCH_INTERVAL = 5000;
const WATCH_TIMEOUT = 30_000;

/** A worker that crashes at once is not started again at once: ms, doubled up to the second number. */
const RESTART_FIRST = 100;
const RESTART_MAX = 30_000;

/** How long a start may take before the master gives up, in ms. */
const START_TIMEOUT = 60_000;

interface Slot {
  number: number;
  thread: WorkerThread;
  ready: boolean;
  /** performance.now() when the oldest unanswered question was put. */
  asked: number | null;
  startedAt: number;
  crashes: number;
}

/** How many workers, how they start, and whom they tell. */
export interface WorkerPoolOptions {
  count: number;
  spawn?(data: WorkerData): WorkerThread;
  /** Instead of {@linkcode WATCH_INTERVAL} and {@linkcode WATCH_TIMEOUT}. */
  watchInterval?: number;
  watchTimeout?: number;
  /** A worker wants a new fleet key. */
  onRotate(reason: string): void;
  /** A lost worker has been replaced: what it had with it can be served again. */
  onLost(): void;
}

/** A set of worker threads of fixed size. */
export class WorkerPool {
  readonly #data: WorkerData;
  readonly #options: WorkerPoolOptions;
  readonly #slots: Slot[] = [];
  readonly #turns = new Map<number, { waiting: Set<Slot>; resolve(): void }>();
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  #turn = 0;
  #stopping = false;
  #onReady: (() => void) | undefined;
  #onFailure: ((error: Error) => void) | undefined;

  private constructor(data: WorkerData, options: WorkerPoolOptions) {
    this.#data = data;
    this.#options = options;
    this.#watch = setInterval(() => this.#check(), options.watchInterval ?? WATCH_INTERVAL);
    this.#watch.unref?.();
  }

  /** Starts `count` workers and waits until all take requests. */
  static async start(data: WorkerData, options: WorkerPoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(data, options);
    const timeout = AbortSignal.timeout(START_TIMEOUT);
    const ready = new Promise<void>((resolve, reject) => {
      pool.#onReady = resolve;
      pool.#onFailure = reject;
      timeout.addEventListener("abort", () => reject(new Error("The workers do not start")));
    });
    for (let number = 0; number < options.count; number++) pool.#open(number, 0);
    try {
      await ready;
    } catch (error) {
      await pool.stop(0);
      throw error;
    } finally {
      pool.#onReady = pool.#onFailure = undefined;
    }
    return pool;
  }

  /** Puts another fleet key in force; resolves when every worker has it. */
  async setFleetKey(key: string): Promise<void> {
    this.#data.fleetKey = key;
    const turn = ++this.#turn;
    await new Promise<void>((resolve) => {
      this.#turns.set(turn, { waiting: new Set(this.#slots), resolve });
      for (const slot of this.#slots) this.#post(slot, { kind: "fleet key", key, turn });
      this.#settle(turn);
    });
  }

  /** Lets each finish its request; ends those that take longer than `drainMs`. */
  async stop(drainMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    for (const timer of this.#restarts) clearTimeout(timer);
    const ended = Promise.all(
      this.#slots.map((slot) =>
        new Promise<void>((resolve) => slot.thread.onExit(() => resolve()))
      ),
    );
    for (const slot of this.#slots) this.#post(slot, { kind: "stop" });
    const timer = setTimeout(() => {
      for (const slot of this.#slots) slot.thread.terminate();
    }, drainMs);
    await ended;
    clearTimeout(timer);
  }

  #open(number: number, crashes: number): void {
    const spawn = this.#options.spawn ?? ((data) => runtime.spawnThread("master-worker", data));
    const thread = spawn(this.#data);
    const startedAt = performance.now();
    const slot: Slot = { number, thread, ready: false, asked: null, startedAt, crashes };
    this.#slots.push(slot);
    thread.onMessage((message) => this.#hear(slot, message as FromWorker));
    thread.onExit((code, error) => this.#lost(slot, code, error));
  }

  #hear(slot: Slot, message: FromWorker): void {
    if (message.kind === "log") relay(message.record);
    else if (message.kind === "rotate") this.#options.onRotate(message.reason);
    else if (message.kind === "done") this.#done(slot, message.turn);
    else {
      slot.ready = true;
      if (slot.crashes > 0) this.#options.onLost();
      if (this.#slots.every((one) => one.ready)) this.#onReady?.();
    }
  }

  #done(slot: Slot, turn: number): void {
    slot.asked = null;
    this.#turns.get(turn)?.waiting.delete(slot);
    this.#settle(turn);
  }

  #settle(turn: number): void {
    const state = this.#turns.get(turn);
    if (!state || state.waiting.size > 0) return;
    this.#turns.delete(turn);
    state.resolve();
  }

  #lost(slot: Slot, code: number, error: Error | undefined): void {
    this.#slots.splice(this.#slots.indexOf(slot), 1);
    for (const [turn, state] of this.#turns) {
      state.waiting.delete(slot);
      this.#settle(turn);
    }
    if (this.#stopping) return;
    if (!slot.ready && this.#onFailure) {
      return this.#onFailure(error ?? new Error(`Worker ${slot.number} ended with code ${code}`));
    }
    const crashes = performance.now() - slot.startedAt > RESTART_MAX ? 1 : slot.crashes + 1;
    const wait = Math.min(RESTART_FIRST * 2 ** (crashes - 1), RESTART_MAX);
    log.critical(
      `Worker ${slot.number} ended with code ${code}; starts again in ${wait} ms`,
      error,
    );
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#open(slot.number, crashes);
    }, wait);
    this.#restarts.add(timer);
  }

  /** A worker that has not answered for too long is blocked: its thread is ended and replaced. */
  #check(): void {
    const now = performance.now();
    const timeout = this.#options.watchTimeout ?? WATCH_TIMEOUT;
    for (const slot of this.#slots) {
      if (slot.asked !== null && now - slot.asked > timeout) {
        log.critical(`Worker ${slot.number} has not answered for ${timeout / 1000} s; replaced`);
        slot.asked = null;
        slot.thread.terminate();
      } else if (slot.ready && slot.asked === null) {
        slot.asked = now;
        this.#post(slot, { kind: "are you there", turn: 0 });
      }
    }
  }

  #post(slot: Slot, message: ToWorker): void {
    slot.thread.postMessage(message);
  }
}
