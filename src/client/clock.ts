/**
 * Time, handed in so that waiting can be tested without waiting.
 * @module
 */

import { monotonicMs } from "../runtime/monotonic.ts";

/** Time as clients see it. */
export interface Clock {
  /** ms; only differences mean something. */
  now(): number;
  /** Resolves after `ms`, or as soon as the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's time. */
export const systemClock: Clock = {
  now: monotonicMs,
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(done, Math.min(ms, 0x7fffffff));
      function done() {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      }
      signal.addEventListener("abort", done);
    }),
};
