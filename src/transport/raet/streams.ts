/**
 * Puts whole messages of one remote into the order in which they were sent.
 * @module
 */
import type { Incoming } from "./inbox.ts";
import { WireError } from "./wire.ts";

/** Streams that a remote may have. */
const MAX_STREAMS = 16;
/** Messages by which one may be ahead of the next in order. */
const MAX_AHEAD = 512;

/** A message's place. */
export interface Order {
  stream: number;
  sequence: number;
}

interface Held {
  /** Null: it will never come. */
  message: Incoming | null;
  /** ms; then what is missing before it is not waited for any more. */
  until: number;
}

interface Stream {
  next: number;
  held: Map<number, Held>;
}

/** The streams of one remote. */
export class Streams {
  readonly #streams = new Map<number, Stream>();

  /**
   * Takes a message, or the news that it will never come.
   * @returns what is next in order now; null when its place has passed.
   * @throws WireError when it is too far ahead.
   */
  take(order: Order, message: Incoming | null, until: number): Incoming[] | null {
    let stream = this.#streams.get(order.stream);
    if (!stream) {
      if (this.#streams.size >= MAX_STREAMS) throw new WireError("There are too many streams");
      this.#streams.set(order.stream, stream = { next: 0, held: new Map() });
    }
    if (order.sequence < stream.next) return null;
    if (order.sequence - stream.next > MAX_AHEAD) throw new WireError("A stream jumps ahead");
    stream.held.set(order.sequence, { message, until });
    return release(stream);
  }

  /** What has waited long enough for others: their senders have given those up by now. */
  expire(now: number): Incoming[] {
    const ready: Incoming[] = [];
    for (const stream of this.#streams.values()) {
      const over = [...stream.held].filter(([, { message, until }]) => message && until <= now);
      if (over.length === 0) continue;
      // All before the last of them goes with it, in order.
      const last = Math.max(...over.map(([sequence]) => sequence));
      while (stream.next <= last) {
        const { message } = stream.held.get(stream.next) ?? { message: null };
        stream.held.delete(stream.next);
        stream.next += 1;
        if (message) ready.push(message);
      }
      ready.push(...release(stream));
    }
    return ready;
  }

  /** When {@linkcode expire} has something to do; Infinity when nothing is held. */
  nextExpiry(): number {
    let first = Infinity;
    for (const { held } of this.#streams.values()) {
      for (const { message, until } of held.values()) if (message) first = Math.min(first, until);
    }
    return first;
  }

  clear(): void {
    this.#streams.clear();
  }
}

function release(stream: Stream): Incoming[] {
  const ready: Incoming[] = [];
  for (;;) {
    const next = stream.held.get(stream.next);
    if (next === undefined) return ready;
    stream.held.delete(stream.next);
    stream.next += 1;
    if (next.message) ready.push(next.message);
  }
}
