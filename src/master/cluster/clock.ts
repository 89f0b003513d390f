/**
 * Times by which masters order what they decide: the wall clock, never going back and never behind
 * what was heard of others. As text, so that Redis compares them too.
 * @module
 */

/** 13 digits of ms since 1970, a dash, 6 digits that tell apart what falls into the same ms. */
export type Version = string;

/** ms that another master's clock may be ahead; what is further ahead does not move this one. */
const MAX_AHEAD = 86_400_000;

/** One master's clock. */
export class HybridClock {
  readonly #now: () => number;
  #ms = 0;
  #count = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A version later than all that were given or heard. */
  tick(): Version {
    const now = this.#now();
    if (now > this.#ms) {
      this.#ms = now;
      this.#count = 0;
    } else this.#count += 1;
    return versionOf(this.#ms, this.#count);
  }

  /** Takes note of a version that another master gave. */
  hear(version: Version): void {
    const [ms, count] = version.split("-").map(Number) as [number, number];
    if (!(ms <= this.#now() + MAX_AHEAD)) return;
    if (ms > this.#ms) [this.#ms, this.#count] = [ms, count];
    else if (ms === this.#ms) this.#count = Math.max(this.#count, count);
  }
}

/** The version of a moment. */
export function versionOf(ms: number, count = 0): Version {
  return `${String(Math.trunc(ms)).padStart(13, "0")}-${String(count).padStart(6, "0")}`;
}

/** Whether a text is a version: what comes from Redis has to be looked at. */
export function isVersion(text: string): boolean {
  return /^\d{13}-\d{6}$/.test(text);
}
