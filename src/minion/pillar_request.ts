/**
 * How a minion gets its pillar. (`salt/pillar/__init__.py:RemotePillar`)
 * @module
 */
import type { MinionChannel } from "../channel/types.ts";
import type { MinionOpts } from "../config/mod.ts";
import type { PillarOptions } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import type { DataMap } from "../types/mod.ts";

const log = getLogger("saltx.minion");

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

/** The minion's own pillar. What failed on the master is missing in it, and said in the log. */
export async function fetchPillar(
  channel: MinionChannel,
  opts: MinionOpts,
  grains: DataMap,
  cleanCache: boolean,
): Promise<DataMap> {
  const pillar = await channel.requestPillar(pillarRequest(opts, grains, { cleanCache }));
  const errors = pillar["_errors"];
  if (Array.isArray(errors) && errors.length > 0) {
    log.critical(`Pillar rendered with ${errors.length} errors; see the master's log`);
  }
  return pillar;
}
