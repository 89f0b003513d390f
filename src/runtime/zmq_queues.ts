/**
 * The order of calls on one socket, the same for every adapter: receives are answered first come,
 * first served, each with its own timeout, and no message is lost to a timeout.
 * @module
 */
import { monotonicMs } from "./monotonic.ts";
import { Fifo } from "./fifo.ts";
import { timeoutError } from "./zmq_error.ts";

/** Sends that may wait on one socket; more is a caller that does not wait, or a peer that is gone. */
export const MAX_WAITING_SENDS = 100_000;

/** What sends and receives take and give. */
export type Frames = Uint8Array | string | (Uint8Array | string)[];

/** A call that waits for its turn. */
export interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** By the clock of `monotonicMs()`; Infinity without a timeout. */
  deadline: number;
}

/** Calls that wait, each with an optional timeout after which it is rejected with `EAGAIN`. */
export class WaitQueue<T> {
  readonly #waiters = new Fifo<Waiter<T>>();

  get length(): number {
    return this.#waiters.length;
  }

  /**
   * @param timeoutMs Infinity waits without end.
   * @param onTimeout called after the one that waited too long has left the queue.
   */
  wait(timeoutMs: number, onTimeout?: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = monotonicMs() + timeoutMs;
      const waiter: Waiter<T> = { resolve, reject, timer: undefined, deadline };
      if (timeoutMs !== Infinity) {
        waiter.timer = setTimeout(() => {
          this.#waiters.remove(waiter);
          reject(timeoutError());
          onTimeout?.();
        }, Math.max(0, Math.ceil(timeoutMs)));
      }
      this.#waiters.push(waiter);
    });
  }

  /** The next one in line, whose timeout no longer runs. */
  next(): Waiter<T> | undefined {
    const waiter = this.#waiters.shift();
    if (waiter?.timer !== undefined) clearTimeout(waiter.timer);
    return waiter;
  }

  rejectAll(makeError: () => Error): void {
    for (let waiter = this.next(); waiter; waiter = this.next()) waiter.reject(makeError());
  }
}
