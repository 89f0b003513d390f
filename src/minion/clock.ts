/**
 * Time, handed in so that what waits can be tested without waiting.
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";

/** Time as the minion sees it. */
export interface Clock {
  now(): Date;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** 0 to 1, as Math.random. */
  random(): number;
}

/** The machine's time. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  random: Math.random,
};

/** Waits that double from `first` to `most` ms, each spread over half its length so that a fleet does not move in step. */
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  readonly #random: () => number;
  #next: number;

  constructor(first: number, most: number, random: () => number) {
    this.#first = first;
    this.#most = Math.max(first, most);
    this.#random = random;
    this.#next = first;
  }

  /** How long to wait now, in ms. */
  next(): number {
    const base = this.#next;
    this.#next = Math.min(base * 2, this.#most);
    return base / 2 + this.#random() * base / 2;
  }

  /** Starts again from `first`. */
  reset(): void {
    this.#next = this.#first;
  }
}
