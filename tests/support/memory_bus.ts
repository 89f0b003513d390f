/**
 * An event bus within one process.
 * @module
 */
import type { EventClient, EventSubscription } from "../../src/event/types.ts";
import type { DataMap, SaltEvent } from "../../src/types/mod.ts";

class MemorySubscription implements EventSubscription {
  readonly ready = Promise.resolve();
  readonly dropped = 0;
  readonly #prefixes: readonly string[];
  readonly #queue: SaltEvent[] = [];
  readonly #leave: () => void;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(prefixes: readonly string[], leave: (self: MemorySubscription) => void) {
    this.#prefixes = prefixes;
    this.#leave = () => leave(this);
  }

  offer(event: SaltEvent): void {
    if (!this.#prefixes.some((prefix) => event.tag.startsWith(prefix))) return;
    this.#queue.push(event);
    this.#wake?.();
  }

  async next(): Promise<SaltEvent | null> {
    while (this.#queue.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#queue.shift() ?? null;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<SaltEvent> {
    for (let event = await this.next(); event !== null; event = await this.next()) yield event;
  }

  close(): void {
    this.#closed = true;
    this.#leave();
    this.#wake?.();
  }
}

/** A bus; each client sees what any of them fires. */
export class MemoryBus {
  readonly #subscriptions = new Set<MemorySubscription>();

  get subscriptions(): number {
    return this.#subscriptions.size;
  }

  fire(tag: string, data: DataMap): void {
    for (const subscription of [...this.#subscriptions]) subscription.offer({ tag, data });
  }

  client(): EventClient {
    const own = new Set<MemorySubscription>();
    return {
      subscribe: (...prefixes) => {
        const subscription = new MemorySubscription(prefixes, (gone) => {
          own.delete(gone);
          this.#subscriptions.delete(gone);
        });
        own.add(subscription);
        this.#subscriptions.add(subscription);
        return subscription;
      },
      fire: (tag, data) => {
        this.fire(tag, data);
        return Promise.resolve();
      },
      close: () => {
        for (const subscription of [...own]) subscription.close();
      },
    };
  }
}
