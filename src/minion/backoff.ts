/**
 * Waits between tries.
 * @module
 */

/** Waits that double from `first` to `most` ms, each spread over half its length so that a fleet does not move in step. */
export class Backoff {
  readonly #first: number;
  readonly #most: number;
  readonly #random: () => number;
  #next: number;

  constructor(first: number, most: number, random: () => number) {
    this.#first = first;
    this.#most = Math.max(first, most);
    this.#random = random;
    this.#next = first;
  }

  /** How long to wait now, in ms. */
  next(): number {
    const base = this.#next;
    this.#next = Math.min(base * 2, this.#most);
    return base / 2 + this.#random() * base / 2;
  }

  /** Starts again from `first`. */
  reset(): void {
    this.#next = this.#first;
  }
}
