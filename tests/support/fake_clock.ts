/**
 * A clock that stands still but for what is slept.
 * @module
 */
import type { Clock } from "../../src/channel/clock.ts";

/** Sleeps take no time; what was slept, in ms, can be read. `random` always gives 0.5. */
export class FakeClock implements Clock {
  readonly slept: number[] = [];
  ms = Date.parse("2026-11-21T08:00:00Z");
  /** Called before each sleep ends. */
  onSleep: () => void = () => {};

  now(): Date {
    return new Date(this.ms);
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await Promise.resolve();
    signal?.throwIfAborted();
    this.slept.push(ms);
    this.ms += ms;
    this.onSleep();
  }

  random(): number {
    return 0.5;
  }
}
