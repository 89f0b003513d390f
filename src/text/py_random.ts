/**
 * Python's `random.Random`: the same numbers for the same seed, since users rely on them (a minion's
 * minute in a cron job stays the same).
 * @module
 */
import { createHash } from "node:crypto";

const size = 624;
const middle = 397;

/** The Mersenne Twister as Python seeds and reads it. (CPython `_randommodule.c`, `random.py`) */
export class PyRandom {
  readonly #state = new Uint32Array(size);
  #at = size;

  /** @param seed A number or a text, as `random.seed()` takes them. */
  constructor(seed: bigint | string) {
    this.#initByArray(keyOf(seed));
  }

  #initOne(seed: number): void {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < size; i++) {
      const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = Math.imul(1812433253, previous) + i;
    }
  }

  #initByArray(key: Uint32Array): void {
    const state = this.#state;
    this.#initOne(19650218);
    let i = 1;
    for (let k = 0; k < Math.max(size, key.length); k++) {
      const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
      const j = k % key.length;
      state[i] = (state[i]! ^ Math.imul(previous, 1664525)) + key[j]! + j;
      if (++i >= size) [state[0], i] = [state[size - 1]!, 1];
    }
    for (let k = 0; k < size - 1; k++) {
      const previous = state[i - 1]! ^ (state[i - 1]! >>> 30);
      state[i] = (state[i]! ^ Math.imul(previous, 1566083941)) - i;
      if (++i >= size) [state[0], i] = [state[size - 1]!, 1];
    }
    state[0] = 0x80000000;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < size; i++) {
      const y = (state[i]! & 0x80000000) | (state[(i + 1) % size]! & 0x7fffffff);
      const odd = y & 1 ? 0x9908b0df : 0;
      state[i] = state[(i + middle) % size]! ^ (y >>> 1) ^ odd;
    }
    this.#at = 0;
  }

  #next(): number {
    if (this.#at >= size) this.#twist();
    let y = this.#state[this.#at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** A number of so many random bits. */
  getrandbits(bits: number): bigint {
    let value = 0n;
    for (let shift = 0, left = bits; left > 0; shift += 32, left -= 32) {
      const word = left < 32 ? this.#next() >>> (32 - left) : this.#next();
      value |= BigInt(word) << BigInt(shift);
    }
    return value;
  }

  /** A number from 0 to below `limit`. (`randrange(limit)`) */
  below(limit: bigint): bigint {
    const bits = limit.toString(2).length;
    let value = this.getrandbits(bits);
    while (value >= limit) value = this.getrandbits(bits);
    return value;
  }

  /** A number from `low` to `high`, both included. (`randint`) */
  between(low: bigint, high: bigint): bigint {
    return low + this.below(high - low + 1n);
  }

  /** `count` of the items, each at most once, in random order. (`sample`) */
  sample<T>(items: readonly T[], count: number): T[] {
    const total = items.length;
    const limit = 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0);
    const result: T[] = [];
    if (total <= limit) {
      const pool = [...items];
      for (let i = 0; i < count; i++) {
        const at = Number(this.below(BigInt(total - i)));
        result.push(pool[at]!);
        pool[at] = pool[total - i - 1]!;
      }
      return result;
    }
    const taken = new Set<number>();
    while (result.length < count) {
      const at = Number(this.below(BigInt(total)));
      if (taken.has(at)) continue;
      taken.add(at);
      result.push(items[at]!);
    }
    return result;
  }
}

/** A seed as the 32-bit words that it starts from. */
function keyOf(seed: bigint | string): Uint32Array {
  let value: bigint;
  if (typeof seed === "string") {
    const bytes = Buffer.from(seed);
    const digest = createHash("sha512").update(bytes).digest("hex");
    value = BigInt(`0x${bytes.toString("hex")}${digest}`);
  } else value = seed < 0n ? -seed : seed;
  const words: number[] = [];
  do {
    words.push(Number(value & 0xffffffffn));
    value >>= 32n;
  } while (value > 0n);
  return Uint32Array.from(words);
}
