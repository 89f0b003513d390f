/**
 * What is to be done once when a master is in a cluster no longer.
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openSharedJobCache, openSharedMine, openSharedMinionData } from "../../cache/mod.ts";
import { getLogger } from "../../logging/mod.ts";

const log = getLogger("saltx.cluster");

/** Ends noting what others would have to be told, and forgets this master's name in the cluster. */
export function leaveCluster(cachedir: string): void {
  const stores = [
    openSharedJobCache({ cachedir }),
    openSharedMinionData({ cachedir }),
    openSharedMine({ cachedir }),
  ];
  for (const store of stores) {
    store.changes.disable();
    store.close();
  }
  for (const end of ["", "-wal", "-shm"]) {
    rmSync(join(cachedir, `cluster.db${end}`), { force: true });
  }
  log.info("This master is in a cluster no longer (option cluster is empty)");
}
