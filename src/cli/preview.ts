/**
 * Whom a target is expected to match, from the master's files: no master has to run.
 * (`salt/client/__init__.py:LocalClient.gather_minions`)
 * @module
 */
import { openMinionDataCache } from "../cache/mod.ts";
import { resolveTarget } from "../client/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import { EstateKeyStore } from "../key/mod.ts";
import { expectedMinions } from "../master/targets.ts";
import type { DataMap, Target } from "../types/mod.ts";

/** The ids. */
export function previewTarget(opts: MasterOpts, target: Target): readonly string[] {
  const minions = openMinionDataCache(opts);
  try {
    const resolved = resolveTarget(target, opts.nodegroups);
    const nodegroups = opts.nodegroups as DataMap;
    return expectedMinions(resolved, { keys: new EstateKeyStore(opts), minions, nodegroups })
      .minions;
  } finally {
    minions.close();
  }
}
