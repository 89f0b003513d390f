/**
 * The request by which a minion gets its pillar. (`salt/pillar/__init__.py:RemotePillar`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import type { DataMap } from "../types/mod.ts";

/** @param cleanCache the master is to forget what it has compiled. */
export function pillarRequest(opts: MinionOpts, grains: DataMap, cleanCache = false): DataMap {
  return {
    cmd: "_pillar",
    id: opts.id,
    grains,
    saltenv: opts.saltenv,
    pillarenv: opts.pillarenv,
    pillar_override: {},
    extra_minion_data: {},
    ver: "2",
    ...(cleanCache ? { clean_cache: true } : {}),
  };
}
