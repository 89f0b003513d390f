/**
 * What a master shares with others, as far as its configuration says so; loaded when it does.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SharedSet } from "../channel/shared_set.ts";
import type { MasterOpts } from "../config/mod.ts";
import { SaltConfigurationError } from "../errors.ts";
import type { Cluster, ClusterParts } from "./cluster/mod.ts";

/**
 * Begins to keep data of minions where `cache` says.
 * @throws {SaltConfigurationError} when there is no such place, or a cluster cannot share it.
 */
export async function withCache(
  stops: (() => Promise<unknown> | void)[],
  opts: MasterOpts,
): Promise<void> {
  if (!["sqlite", "localfs", "redis"].includes(opts.cache)) {
    throw new SaltConfigurationError(
      `Cannot use '${opts.cache}' for option cache: there are sqlite, localfs and redis`,
    );
  }
  if (opts.cluster && opts.cache === "localfs") {
    throw new SaltConfigurationError(
      "Cannot use 'localfs' for option cache in a cluster: its masters share what sqlite or redis keep",
    );
  }
  if (opts.cache !== "redis") return;
  const { startRedisMirror } = await import("../cache/redis_mirror.ts");
  stops.push(await startRedisMirror(opts));
}

/** Joins the cluster that `cluster` names; without one, ends what an earlier one began. */
export async function withCluster(
  stops: (() => Promise<unknown> | void)[],
  elsewhere: SharedArrayBuffer | null,
  parts: Omit<ClusterParts, "elsewhere">,
): Promise<Cluster | undefined> {
  if (!elsewhere) {
    const { cachedir } = parts.opts;
    if (existsSync(join(cachedir, "cluster.db"))) {
      (await import("./cluster/leave.ts")).leaveCluster(cachedir);
    }
    return undefined;
  }
  const { openCluster } = await import("./cluster/mod.ts");
  const cluster = await openCluster({ ...parts, elsewhere: new SharedSet(elsewhere) });
  stops.push(() => cluster.stop());
  return cluster;
}
