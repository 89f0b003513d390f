/**
 * Events of several subscriptions in one queue, with a clock that is handed in.
 * @module
 */
import type { EventSubscription } from "../event/types.ts";
import type { SaltEvent } from "../types/mod.ts";
import type { Clock } from "./clock.ts";

/** Collects from the moment a subscription is added. */
export class EventQueue {
  readonly #clock: Clock;
  readonly #queue: SaltEvent[] = [];
  readonly #subscriptions = new Set<EventSubscription>();
  #wake: AbortController | undefined;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads a subscription until it or this queue is closed. */
  add(subscription: EventSubscription): void {
    this.#subscriptions.add(subscription);
    void this.#read(subscription);
  }

  async #read(subscription: EventSubscription): Promise<void> {
    try {
      for await (const event of subscription) {
        if (this.#closed) return;
        this.#queue.push(event);
        this.#wake?.abort();
      }
    } finally {
      this.#subscriptions.delete(subscription);
      this.#wake?.abort();
    }
  }

  /** The next event; null once it is `deadline` on the clock, the signal aborted or all is closed. */
  async next(deadline: number, signal?: AbortSignal): Promise<SaltEvent | null> {
    while (true) {
      const event = this.#queue.shift();
      if (event) return event;
      const left = deadline - this.#clock.now();
      if (left <= 0 || signal?.aborted || this.#closed) return null;
      const wake = new AbortController();
      this.#wake = wake;
      // Looked at again: an event or an end may have come before the wait began.
      if (this.#queue.length > 0) continue;
      const stop = signal ? AbortSignal.any([signal, wake.signal]) : wake.signal;
      await this.#clock.wait(left, stop);
    }
  }

  /** Whether there is still somebody to hear from. */
  get open(): boolean {
    return this.#subscriptions.size > 0;
  }

  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions) subscription.close();
    this.#wake?.abort();
  }
}
