/**
 * Sets that all workers share, in a memory of fixed size: which requests were served, who signed in.
 * @module
 */
import { createHash } from "node:crypto";

/** Places that one nonce may be in. */
const WAYS = 8;

/** A new table for `size` entries (a power of two), to be handed to every worker. 8 bytes each. */
export function sharedTable(size = 1 << 18): SharedArrayBuffer {
  return new SharedArrayBuffer(size * 8 + 4);
}

/**
 * A set of texts in shared memory. The oldest of a bucket makes room, so what was added is forgotten
 * only after about as many other entries as the table has places; false alarms have odds of 8 in 2^64.
 */
export class SharedSet {
  readonly #slots: BigInt64Array;
  readonly #hands: Int32Array;
  readonly #buckets: number;

  constructor(table: SharedArrayBuffer) {
    const size = (table.byteLength - 4) / 8;
    this.#slots = new BigInt64Array(table, 0, size);
    this.#hands = new Int32Array(table, size * 8, 1);
    this.#buckets = size / WAYS;
  }

  /** Whether the parts were not in the set; now they are. */
  add(...parts: string[]): boolean {
    const { mark, start } = this.#place(parts);
    // Removed entries leave holes: what stands behind one has to be looked for first.
    if (this.#holds(mark, start)) return false;
    for (let i = start; i < start + WAYS; i++) {
      const found = Atomics.compareExchange(this.#slots, i, 0n, mark);
      if (found === 0n) return true;
      if (found === mark) return false;
    }
    // The bucket is full: a turning hand picks the place, so that no entry is favoured.
    const hand = Atomics.add(this.#hands, 0, 1) & (WAYS - 1);
    Atomics.store(this.#slots, start + hand, mark);
    return true;
  }

  /** Takes an entry out, if it is in. */
  remove(...parts: string[]): void {
    const { mark, start } = this.#place(parts);
    for (let i = start; i < start + WAYS; i++) {
      Atomics.compareExchange(this.#slots, i, mark, 0n);
    }
  }

  has(...parts: string[]): boolean {
    const { mark, start } = this.#place(parts);
    return this.#holds(mark, start);
  }

  #holds(mark: bigint, start: number): boolean {
    for (let i = start; i < start + WAYS; i++) {
      if (Atomics.load(this.#slots, i) === mark) return true;
    }
    return false;
  }

  #place(parts: string[]): { mark: bigint; start: number } {
    const digest = createHash("sha256").update(parts.join("\0")).digest();
    return {
      mark: digest.readBigInt64LE(0) || 1n,
      start: (digest.readUInt32LE(8) % this.#buckets) * WAYS,
    };
  }
}
