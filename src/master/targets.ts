/**
 * Which minions are expected to answer: a guess from accepted keys and cached data, never the decision
 * who runs a job. (`salt/utils/minions.py:CkMinions.check_minions`)
 * @module
 */
import type { MinionDataCache } from "../cache/mod.ts";
import type { KeyStore } from "../key/mod.ts";
import { compileTarget, keysRead, type Nodegroups } from "../plugins/matchers/mod.ts";
import type { MinionId, Target } from "../types/mod.ts";

/** Where the guess comes from. */
export interface TargetSources {
  keys: KeyStore;
  minions: MinionDataCache;
  nodegroups: Nodegroups;
}

/** Expected ids, and ids that a list names but that have no accepted key. */
export interface Expected {
  minions: MinionId[];
  missing: string[];
}

/** Kinds of target that the id alone decides. */
const BY_ID = new Set(["glob", "pcre", "list"]);

/**
 * A minion without cached data is expected too where data decides: it may well match.
 * @throws {SaltInvocationError} for a target that cannot be read.
 */
export function expectedMinions(target: Target, sources: TargetSources): Expected {
  const accepted = sources.keys.ids("accepted");
  if (target.tgt_type === "list") return expectedOfList(target, accepted);
  const { nodegroups } = sources;
  const meant = compileTarget(target, { nodegroups });
  if (BY_ID.has(target.tgt_type)) {
    return { minions: accepted.filter((id) => meant({ id })) as MinionId[], missing: [] };
  }
  const view = sources.minions.view(keysRead(target, nodegroups));
  const minions = accepted.filter((id) => {
    const data = view(id);
    return data === null || meant({ id, grains: data.grains, pillar: data.pillar });
  });
  return { minions: minions as MinionId[], missing: [] };
}

/**
 * The accepted minions that a rule's compound target covers. Other than for the expected ones, a minion
 * without cached data is not covered by what data decides.
 */
export function coveredMinions(tgt: string, sources: TargetSources): Set<string> {
  const { nodegroups } = sources;
  const target: Target = { tgt, tgt_type: "compound" };
  const meant = compileTarget(target, { nodegroups });
  const view = sources.minions.view(keysRead(target, nodegroups));
  return new Set(
    sources.keys.ids("accepted").filter((id) => {
      const { grains = {}, pillar = {} } = view(id) ?? {};
      return meant({ id, grains, pillar });
    }),
  );
}

function expectedOfList(target: Target, accepted: string[]): Expected {
  const wanted = Array.isArray(target.tgt)
    ? target.tgt
    : target.tgt.split(",").map((id) => id.trim()).filter((id) => id !== "");
  const known = new Set(accepted);
  return {
    minions: wanted.filter((id) => known.has(id)) as MinionId[],
    missing: wanted.filter((id) => !known.has(id)),
  };
}
