/**
 * A clock that moves only when told, so that what waits can be tested in no time.
 * @module
 */

/** Looks, 5 ms apart, at something that does not wait for this clock. */
const MAX_IDLE = 2000;

interface Timer {
  at: number;
  fire: () => void;
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Time in ms from 0 on. */
export class StepClock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const timer: Timer = {
        at: this.#now + ms,
        fire: () => {
          this.#timers.delete(timer);
          resolve();
        },
      };
      this.#timers.add(timer);
      signal?.addEventListener("abort", timer.fire, { once: true });
    });
  }

  /** Moves to a time, waking on the way whoever waits for an earlier one. */
  async moveTo(time: number): Promise<void> {
    await settle();
    for (let next = this.#first(); next && next.at <= time; next = this.#first()) {
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      await settle();
    }
    this.#now = Math.max(this.#now, time);
  }

  /** Moves on from wait to wait until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const finished = promise.finally(() => (done = true));
    finished.catch(() => {});
    await settle();
    for (let idle = 0; !done;) {
      const next = this.#first();
      if (next) {
        await this.moveTo(next.at);
        idle = 0;
      } else if (idle++ < MAX_IDLE) {
        // Something real is under way, such as a file being written.
        await Promise.race([finished.catch(() => {}), new Promise((wake) => setTimeout(wake, 5))]);
      } else {
        throw new Error(`Nothing waits for the clock at ${this.#now} ms, and it is not done`);
      }
    }
    return await finished;
  }

  #first(): Timer | undefined {
    return [...this.#timers].sort((a, b) => a.at - b.at)[0];
  }
}
