/**
 * The request by which a minion gets its pillar. (`salt/pillar/__init__.py:RemotePillar`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import type { PillarOptions } from "../loader/types.ts";
import type { DataMap } from "../types/mod.ts";

/** `cleanCache`: the master is to forget what it has compiled. */
export function pillarRequest(
  opts: MinionOpts,
  grains: DataMap,
  options: PillarOptions & { cleanCache?: boolean } = {},
): DataMap {
  const { pillarenv = opts.pillarenv, saltenv = opts.saltenv, override = {} } = options;
  return {
    cmd: "_pillar",
    id: opts.id,
    grains,
    saltenv,
    pillarenv,
    pillar_override: override,
    extra_minion_data: {},
    ver: "2",
    ...(options.cleanCache ? { clean_cache: true } : {}),
  };
}
