/**
 * How often something may happen, in all and for each source.
 * @module
 */

/** A bucket of permissions that fills with time. */
export class Bucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes one permission; false when there is none. */
  take(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#perMs);
    this.#at = Math.max(this.#at, now);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Sources that are remembered; the longest unheard is forgotten beyond it. */
const MAX_SOURCES = 65_536;

/** A bucket for each source. */
export class SourceLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Sources that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  take(source: string, now: number): boolean {
    const bucket = this.#buckets.get(source) ?? new Bucket(this.#perSecond, this.#burst, now);
    this.#buckets.delete(source);
    this.#buckets.set(source, bucket);
    if (this.#buckets.size > MAX_SOURCES) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
    return bucket.take(now);
  }
}
