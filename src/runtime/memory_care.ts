/**
 * When a daemon's thread gives memory back: V8 and the C library keep what a flood made them take, in
 * case that another one comes.
 * @module
 */

/** ms between looks. */
export const LOOK_INTERVAL = 2000;

/** ms that lie at least between two releases of a quiet thread, and before one of a busy thread. */
const QUIET_GAP = 10_000;
const BUSY_GAP = 60_000;

/** Share of the time below which a thread is quiet: nobody waits for it while it cleans up. */
const QUIET = 0.02;

/** Growth since the last release below which another one is not worth its 20 ms. */
const SMALLEST_GROWTH = 1 << 20;
/** The same of a thread that was quiet all the time, as a share of what it held. */
const SHARE_OF_GROWTH = 0.1;

/** What {@linkcode MemoryCare} looks at and does. */
export interface MemoryCareParts {
  /** Bytes of memory held. */
  held(): number;
  /** Which share of the time since the last call the thread was busy, 0 to 1. */
  busy(): number;
  /** Gives back what can be given back, in a busy thread not what it will soon need again. */
  release(quiet: boolean): void;
}

/** Decides at each look. */
export class MemoryCare {
  readonly #parts: MemoryCareParts;
  /** Bytes held after the last release, or less where others gave back more since. */
  #least: number;
  /** When it last released, quiet or busy. */
  #quietAt = -Infinity;
  #busyAt = -Infinity;
  /** Whether the thread was busy since it last released in quiet. */
  #stirred = false;

  constructor(parts: MemoryCareParts) {
    this.#parts = parts;
    this.#least = parts.held();
  }

  /** Releases when it is time to. `now` is in ms. Returns whether it did. */
  look(now: number): boolean {
    const quiet = this.#parts.busy() < QUIET;
    this.#stirred ||= !quiet;
    if (now - this.#quietAt < QUIET_GAP) return false;
    if (!quiet && now - Math.max(this.#quietAt, this.#busyAt) < BUSY_GAP) return false;
    const held = this.#parts.held();
    this.#least = Math.min(this.#least, held);
    if (held - this.#least < this.#worthIt(quiet)) return false;
    this.#parts.release(quiet);
    this.#least = this.#parts.held();
    if (quiet) [this.#quietAt, this.#stirred] = [now, false];
    else this.#busyAt = now;
    // Releasing is no work that another release would have to follow.
    this.#parts.busy();
    return true;
  }

  /** Bytes of growth from which on a release is worth it. */
  #worthIt(quiet: boolean): number {
    // What was left to a busy thread is still there.
    if (quiet && this.#busyAt > this.#quietAt) return 0;
    if (quiet && this.#stirred) return SMALLEST_GROWTH;
    return Math.max(SMALLEST_GROWTH, this.#least * SHARE_OF_GROWTH);
  }
}
