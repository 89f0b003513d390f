/**
 * Keeps the request workers alive: starts them, gives them new keys, replaces what crashed or hangs.
 * @module
 */
import { getLogger, relay } from "../logging/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { WorkerThread } from "../runtime/types.ts";
import { packRequests, unpackAnswers } from "../transport/zeromq/request_batch.ts";
import type { WorkerLink } from "../transport/zeromq/request_server.ts";
import type { RequestWorker } from "../transport/zeromq/worker_slot.ts";
import type { MetricFamily } from "./metrics/meters.ts";
import type { FromWorker, ToWorker, WorkerData } from "./worker_thread.ts";

const log = getLogger("saltx.workers");

/** ms between questions whether a worker is still there, and how long it may take to say so. */
const WATCH_INTERVAL = 5000;
const WATCH_TIMEOUT = 30_000;

/** A worker that crashes at once is not started again at once: ms, doubled up to the second number. */
const RESTART_FIRST = 100;
const RESTART_MAX = 30_000;

/** ms that workers get to say what they have counted. */
const METRICS_TIMEOUT = 2000;

/** How long a start may take before the master gives up, in ms. */
const START_TIMEOUT = 60_000;

interface Slot {
  number: number;
  thread: WorkerThread;
  ready: boolean;
  link: WorkerLink | null;
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
  /** A worker takes requests from now on. */
  attach?(worker: RequestWorker): WorkerLink;
  /** A worker has an event for the bus, as bytes. */
  onEvent?(frame: Uint8Array): void;
}

/** A set of worker threads of fixed size. */
export class WorkerPool {
  readonly #data: WorkerData;
  readonly #options: WorkerPoolOptions;
  readonly #slots: Slot[] = [];
  readonly #turns = new Map<number, { waiting: Set<Slot>; resolve(): void }>();
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #restarts = new Set<ReturnType<typeof setTimeout>>();
  readonly #asked = new Map<number, (families: MetricFamily[]) => void>();
  /** Workers that crashed or hung. */
  lost = 0;
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

  /** Workers that take requests. */
  get ready(): number {
    return this.#slots.filter(({ ready }) => ready).length;
  }

  /** What each has counted; of one that does not answer in time, nothing. */
  async metrics(timeoutMs = METRICS_TIMEOUT): Promise<MetricFamily[][]> {
    return await Promise.all(
      this.#slots.filter(({ ready }) => ready).map((slot) =>
        new Promise<MetricFamily[]>((resolve) => {
          const turn = ++this.#turn;
          const end = (families: MetricFamily[]) => {
            clearTimeout(timer);
            this.#asked.delete(turn);
            resolve(families);
          };
          const timer = setTimeout(() => end([]), timeoutMs);
          this.#asked.set(turn, end);
          this.#post(slot, { kind: "metrics", turn });
        })
      ),
    );
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
    const slot: Slot = {
      number,
      thread,
      ready: false,
      link: null,
      asked: null,
      startedAt,
      crashes,
    };
    this.#slots.push(slot);
    thread.onMessage((message) => this.#hear(slot, message as FromWorker));
    thread.onExit((code, error) => this.#lost(slot, code, error));
  }

  #hear(slot: Slot, message: FromWorker): void {
    if (message.kind === "answers") this.#answered(slot, message);
    else if (message.kind === "metrics") this.#asked.get(message.turn)?.(message.families);
    else if (message.kind === "log") relay(message.record);
    else if (message.kind === "rotate") this.#options.onRotate(message.reason);
    else if (message.kind === "done") this.#done(slot, message.turn);
    else {
      slot.ready = true;
      slot.link = this.#options.attach?.({
        take: (requests) => {
          const batch = packRequests(requests);
          this.#post(slot, { kind: "requests", batch }, [batch]);
        },
      }) ?? null;
      if (this.#slots.every((one) => one.ready)) this.#onReady?.();
    }
  }

  /** Events go first: who has an acknowledgement may rely on their having been fired. */
  #answered(slot: Slot, { batch, large, next }: FromWorker & { kind: "answers" }): void {
    const { answers, events, deferred, aside } = unpackAnswers(batch);
    for (const event of events) this.#options.onEvent?.(event);
    if (deferred.length > 0) slot.link?.deferred(deferred);
    if (aside.length > 0) slot.link?.aside(aside);
    slot.link?.answered([...answers, ...large]);
    if (next) slot.link?.next();
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
    slot.link?.lost();
    for (const [turn, state] of this.#turns) {
      state.waiting.delete(slot);
      this.#settle(turn);
    }
    if (this.#stopping) return;
    this.lost += 1;
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

  #post(slot: Slot, message: ToWorker, transfer?: ArrayBuffer[]): void {
    slot.thread.postMessage(message, transfer);
  }
}
