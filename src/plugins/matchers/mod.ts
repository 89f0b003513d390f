/**
 * Whom a target means; the same code for master and minion.
 * @module
 */
import { compileGlob } from "../../text/glob.ts";
import type { DataMap, Target } from "../../types/mod.ts";

/** What is known of a minion when it is held against a target. */
export interface MinionFacts {
  id: string;
  grains?: DataMap;
  pillar?: DataMap;
  /** Expressions by name of node group. */
  nodegroups?: Readonly<Record<string, unknown>>;
}

/**
 * Whether the minion is meant.
 * @throws SaltInvocationError for a target that cannot be read.
 */
export function matches(target: Target, facts: MinionFacts): boolean {
  return compileTarget(target)(facts);
}

/**
 * Reads a target once, to hold many minions against it.
 * @throws SaltInvocationError for a target that cannot be read.
 */
export function compileTarget(target: Target): (facts: MinionFacts) => boolean {
  const { tgt } = target;
  if (Array.isArray(tgt)) return (facts) => tgt.includes(facts.id);
  if (target.tgt_type === "list") {
    const ids = tgt.split(",").map((id) => id.trim());
    return (facts) => ids.includes(facts.id);
  }
  const test = compileGlob(tgt);
  return (facts) => test(facts.id);
}
