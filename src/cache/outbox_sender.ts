/**
 * Sends what an outbox holds.
 * @module
 */
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { DataMap } from "../types/mod.ts";
import type { OutboxFile } from "./outbox.ts";

const log = getLogger("saltx.outbox");

/** Items and bytes that are sent together. */
const BATCH = 100;
const BATCH_BYTES = 8 * 1024 * 1024;

/** ms between tries: first and most. */
const FIRST_WAIT = 200;
const MOST_WAIT = 10_000;

/** Tries of an item whose server is there and does not want it. */
const MOST_TRIES = 5;

/** Sends items; rejects when they were not all taken. */
export type SendItems = (items: readonly DataMap[], how: { again: boolean }) => Promise<void>;

/** What a sender works with. */
export interface SenderParts {
  file: OutboxFile;
  /** How the items of a queue are sent. */
  send(queue: string): SendItems;
  /** Whether the failure passes by itself: then it is tried for as long as it takes. */
  passes(error: unknown): boolean;
  /** Resolves after `ms`, or rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Sends each queue by itself: one that is stuck holds no other up. */
export class OutboxSender {
  readonly #parts: SenderParts;
  readonly #lanes = new Map<string, Lane>();
  readonly #stop = new AbortController();

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Something was put in. Without a name: in whichever. */
  wake(queue?: string): void {
    const queues = queue === undefined ? this.#parts.file.waiting().keys() : [queue];
    for (const name of queues) {
      if (this.#stop.signal.aborted) return;
      let lane = this.#lanes.get(name);
      if (!lane) this.#lanes.set(name, lane = new Lane(name, this.#parts, this.#stop.signal));
      lane.wake();
    }
  }

  /** Resolves when nothing is left to send, or after `ms`. */
  async drain(ms: number): Promise<void> {
    const over = new AbortController();
    const late = this.#parts.sleep(ms, over.signal).catch(() => {});
    await Promise.race([Promise.all([...this.#lanes.values()].map((lane) => lane.idle())), late]);
    over.abort();
  }

  /** Ends the sending; what is left is sent after the next start. */
  async close(): Promise<void> {
    this.#stop.abort(new Error("The outbox closes"));
    await Promise.all([...this.#lanes.values()].map((lane) => lane.idle()));
  }
}

/** One queue. */
class Lane {
  readonly #queue: string;
  readonly #parts: SenderParts;
  readonly #stop: AbortSignal;
  readonly #send: SendItems;
  #running: Promise<void> | null = null;
  #woken = false;
  #wait = FIRST_WAIT;
  /** Tries of the first item. */
  #tries = 0;
  #again = false;

  constructor(queue: string, parts: SenderParts, stop: AbortSignal) {
    this.#queue = queue;
    this.#parts = parts;
    this.#stop = stop;
    this.#send = parts.send(queue);
  }

  wake(): void {
    this.#woken = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      // Woken after its last look.
      if (this.#woken && !this.#stop.aborted) this.wake();
    });
  }

  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.aborted) {
      this.#woken = false;
      const most = this.#tries > 0 ? 1 : BATCH;
      const items = this.#parts.file.next(this.#queue, most, BATCH_BYTES);
      if (items.length === 0) {
        if (this.#woken) continue;
        return;
      }
      try {
        await this.#send(items.map(({ item }) => item), { again: this.#again });
        this.#taken(items.map(({ entry }) => entry));
      } catch (error) {
        await this.#failed(items.map(({ entry }) => entry), error);
      }
    }
  }

  #taken(entries: number[]): void {
    this.#parts.file.remove(entries);
    if (this.#again) log.info(`${this.#queue} takes what waited for it`);
    this.#again = false;
    this.#tries = 0;
    this.#wait = FIRST_WAIT;
  }

  /** Waits before the next try. One item that is refused again and again is given up. */
  async #failed(entries: number[], error: unknown): Promise<void> {
    const why = messageOf(error);
    if (!this.#again) {
      log.warning(
        `${this.#queue} does not take what is sent to it; it is kept and sent again: ${why}`,
      );
    }
    this.#again = true;
    if (this.#parts.passes(error)) this.#tries = 0;
    // Alone from now on: a single item may be what is wrong.
    else if (entries.length > 1) this.#tries = 1;
    else if (++this.#tries > MOST_TRIES) {
      log.error(`${this.#queue} refuses an item again and again; it is given up: ${why}`);
      return this.#taken(entries);
    }
    const wait = this.#wait;
    this.#wait = Math.min(wait * 2, MOST_WAIT);
    await this.#parts.sleep(wait, this.#stop).catch(() => {});
  }
}
