/**
 * Nodegroups in targets, replaced by what they stand for, so that minions need not know them.
 * (`salt/client/__init__.py:LocalClient._prep_pub`)
 * @module
 */
import { expandNodegroup } from "../plugins/matchers/nodegroups.ts";
import { isMap, type Target } from "../types/mod.ts";

/**
 * The target as it is sent: nodegroups become compound targets.
 * @throws {SaltInvocationError} for a group that is not there or contains itself.
 */
export function resolveTarget(target: Target, nodegroups: unknown): Target {
  const groups = isMap(nodegroups) ? nodegroups : {};
  if (target.tgt_type === "nodegroup") {
    const words = expandNodegroup(String(target.tgt), groups);
    return { ...target, tgt: words.join(" "), tgt_type: "compound" };
  }
  if (target.tgt_type !== "compound") return target;
  const words = typeof target.tgt === "string" ? target.tgt.split(/\s+/) : target.tgt;
  const resolved = words.flatMap((word) => {
    if (!word.startsWith("N@") || word.length < 3) return [word];
    // In brackets: what the group says holds before what stands around it, unlike in Salt.
    return ["(", ...expandNodegroup(word.slice(2), groups), ")"];
  });
  return { ...target, tgt: resolved.join(" ") };
}
