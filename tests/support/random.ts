/**
 * Random input that can be made again.
 * @module
 */
import { randomInt } from "node:crypto";
import process from "node:process";

/** Numbers that follow from a seed. (mulberry32) */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** A copy with a few bytes changed, cut off, doubled or put in. */
  mutate(bytes: Uint8Array): Uint8Array {
    let out: Uint8Array = bytes.slice();
    for (let i = this.below(4); i >= 0; i--) {
      const at = this.below(out.length + 1);
      const kind = this.below(4);
      if (kind === 0 && at < out.length) out[at] = this.below(256);
      else if (kind === 1) out = out.slice(0, at);
      else if (kind === 2) out = splice(out, at, this.bytes(this.below(9)));
      else out = splice(out, at, out.slice(at, at + this.below(40)));
    }
    return out;
  }
}

function splice(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + more.length);
  out.set(bytes.subarray(0, at));
  out.set(more, at);
  out.set(bytes.subarray(at), at + more.length);
  return out;
}

/** The seed that SALTX_TEST_SEED sets, or one of its own. */
export function testSeed(): number {
  return Number(process.env["SALTX_TEST_SEED"] ?? randomInt(2 ** 32 - 1));
}

/** Runs `check` `times` times with one random source. A failure names the seed, which SALTX_TEST_SEED sets again. */
export function fuzz(times: number, check: (random: Random) => void): void {
  const seed = testSeed();
  const random = new Random(seed);
  for (let i = 0; i < times; i++) {
    try {
      check(random);
    } catch (error) {
      throw new Error(`Failed in round ${i}; run again with SALTX_TEST_SEED=${seed}`, {
        cause: error,
      });
    }
  }
}

/**
 * Runs `check` `times` times, each with a source of its own. A failure names its seed:
 * SALTX_TEST_SEED makes that round the first one again.
 */
export function rounds(times: number, check: (random: Random, round: number) => void): void {
  const base = testSeed();
  for (let i = 0; i < times; i++) {
    const seed = (base + i) >>> 0;
    try {
      check(new Random(seed), i);
    } catch (error) {
      throw new Error(`Failed in round ${i}; run it again with SALTX_TEST_SEED=${seed}`, {
        cause: error,
      });
    }
  }
}
