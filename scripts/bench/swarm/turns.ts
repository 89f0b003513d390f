/**
 * Lets so many do something at a time; the others wait in the order in which they came.
 * @module
 */
import { Fifo } from "../../../src/runtime/fifo.ts";

/** `using _turn = await turns.enter()` gives the turn back at the end of the block. */
export class Turns {
  #free: number;
  readonly #waiting = new Fifo<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async enter(): Promise<Disposable> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return { [Symbol.dispose]: () => this.#leave() };
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}
