/**
 * What a connection does again and again, at Salt's intervals in minutes.
 * (`salt/minion.py:Minion.tune_in`)
 * @module
 */
import type { Clock } from "../channel/clock.ts";
import type { MinionOpts } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";

const log = getLogger("saltx.minion");

/** What is done while there is a connection. */
export interface TimedWork {
  connected(): boolean;
  ping(): Promise<unknown>;
  refreshGrains(): Promise<unknown>;
}

/** Starts `ping_interval` and `grains_refresh_every`; the signal ends both. */
export function startTimers(
  opts: Pick<MinionOpts, "ping_interval" | "grains_refresh_every">,
  clock: Clock,
  signal: AbortSignal,
  work: TimedWork,
): void {
  const every = async (minutes: number, run: () => Promise<unknown>) => {
    while (minutes > 0 && !signal.aborted) {
      await clock.sleep(minutes * 60_000, signal).catch(() => {});
      if (signal.aborted || !work.connected()) continue;
      await run().catch((error) => log.warning(messageOf(error)));
    }
  };
  void every(opts.ping_interval, work.ping);
  void every(opts.grains_refresh_every, work.refreshGrains);
}
