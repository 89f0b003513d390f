/**
 * Lets only so many works go on at once.
 * @module
 */
import { Fifo } from "../../runtime/fifo.ts";

/** Works beyond the bound wait, and begin in the order they came in. */
export class Slots {
  readonly #waiting = new Fifo<() => void>();
  #free: number;

  /** @param most Works that go on at once. */
  constructor(most: number) {
    this.#free = most;
  }

  /** Does a work as soon as it may begin. @throws what `work` throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Handed on rather than freed: nobody who comes just now gets before those that wait.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
