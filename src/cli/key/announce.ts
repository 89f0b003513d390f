/**
 * Makes a change of keys known: to a master that runs, and to what is kept about minions.
 * @module
 */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { KeyAction, KeyStore } from "../../key/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { messageOf } from "../../errors.ts";

const log = getLogger("saltx.key");

/** Forgets what the master keeps about minions that have no key any more. (`salt/key.py:Key.check_minion_cache`) */
export async function forgetMinions(
  cachedir: string,
  store: KeyStore,
  ids: readonly string[],
): Promise<void> {
  const gone = ids.filter((id) => store.stateOf(id) === null);
  if (gone.length === 0) return;
  for (const id of gone) {
    try {
      // Where a real Salt master kept it.
      rmSync(join(cachedir, "minions", id), { recursive: true, force: true });
    } catch (error) {
      log.warning(`The cached data of ${id} cannot be removed: ${messageOf(error)}`);
    }
  }
  if (!existsSync(join(cachedir, "minion_data.db"))) return;
  const { openMinionDataCache } = await import("../../cache/mod.ts");
  const cache = openMinionDataCache({ cachedir });
  try {
    cache.forget(gone);
  } finally {
    cache.close();
  }
}

/**
 * Fires a `salt/key` event for each id, if a master is running: it acts on a deletion or rejection at
 * once instead of at its next look around. Opens no socket when there is no master; a failure is
 * logged, for the change itself is done.
 */
export async function tellMaster(
  sockDir: string,
  act: KeyAction,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0 || !existsSync(join(sockDir, "master_event_pull.ipc"))) return;
  try {
    const { openEventClient } = await import("../../event/mod.ts");
    const bus = await openEventClient({ node: "master", sockDir });
    try {
      for (const id of ids) await bus.fire("salt/key", { result: true, act, id });
    } finally {
      bus.close();
    }
  } catch (error) {
    log.warning(`The master was not told of the change: ${messageOf(error)}`);
  }
}
