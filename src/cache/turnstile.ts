/**
 * Lets one thread of this process at a time write to a database. SQLite has a lock of its own, but
 * whoever finds it taken sleeps for milliseconds, and its thread's other work with it; here the next
 * one goes on as soon as the one before has done.
 * @module
 */

const FREE = 0;
const TAKEN = 1;
/** Taken, and somebody waits. */
const AWAITED = 2;

/** ms after which the lock counts as left behind by a thread that is gone: SQLite's own remains. */
const PATIENCE = 2000;

/** A new lock, to be handed to every thread that uses the database. */
export function newTurnstile(): SharedArrayBuffer {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}

/** One thread's view of the lock. */
export class Turnstile {
  readonly #state: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.#state = new Int32Array(memory);
  }

  /** Runs `work` alone. Not to be entered twice by the same thread. */
  pass<T>(work: () => T): T {
    this.#enter();
    try {
      return work();
    } finally {
      if (Atomics.exchange(this.#state, 0, FREE) === AWAITED) Atomics.notify(this.#state, 0, 1);
    }
  }

  #enter(): void {
    if (Atomics.compareExchange(this.#state, 0, FREE, TAKEN) === FREE) return;
    const end = performance.now() + PATIENCE;
    while (Atomics.exchange(this.#state, 0, AWAITED) !== FREE) {
      const left = end - performance.now();
      if (left <= 0 || Atomics.wait(this.#state, 0, AWAITED, left) === "timed-out") return;
    }
  }
}
