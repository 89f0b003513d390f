/**
 * Looks whether the first master is back (`master_failback`). (`salt/modules/status.py:ping_master`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import type { NamedMaster } from "./masters.ts";
import { type SessionParts, signIn } from "./session.ts";

const log = getLogger("saltx.minion");

/** s between looks when neither `master_failback_interval` nor `master_alive_interval` says. */
const INTERVAL = 30;

/** ms between looks. */
export function failbackInterval(opts: MinionOpts): number {
  return (opts.master_failback_interval || opts.master_alive_interval || INTERVAL) * 1000;
}

/** Resolves when the master takes this minion; rejects when the signal aborts. */
export async function awaitMaster(
  opts: MinionOpts,
  master: NamedMaster,
  parts: SessionParts,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await parts.clock.sleep(failbackInterval(opts), signal);
    try {
      const { channel } = await signIn(opts, master, parts, { signal, alternatives: true });
      channel.close();
      return;
    } catch (error) {
      signal.throwIfAborted();
      log.debug(`Master ${master.name} is not back yet: ${messageOf(error)}`);
    }
  }
}
