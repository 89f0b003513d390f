/**
 * Nodegroups in targets, replaced by what they stand for, so that minions need not know them.
 * (`salt/client/__init__.py:LocalClient._prep_pub`, `salt/utils/minions.py:nodegroup_comp`)
 * @module
 */
import { SaltInvocationError } from "../errors.ts";
import { isMap, type Target } from "../types/mod.ts";

function definition(name: string, nodegroups: unknown): string[] {
  const value = isMap(nodegroups) ? nodegroups[name] : undefined;
  if (typeof value === "string") return value.split(/\s+/).filter((word) => word !== "");
  if (Array.isArray(value)) return value.map(String);
  throw new SaltInvocationError(
    `Node group ${name} unavailable in the 'nodegroups' of the master's configuration`,
  );
}

const WORDS = new Set(["and", "or", "not", "(", ")"]);

/** A group as words of a compound target. */
function expand(name: string, nodegroups: unknown, outer: readonly string[]): string[] {
  if (outer.includes(name)) {
    const path = [...outer, name].join(" -> ");
    throw new SaltInvocationError(`Node group ${name} contains itself: ${path}`);
  }
  const words = definition(name, nodegroups);
  // Without any logic, kind or wildcard the words are names of minions, or one regular expression.
  if (words.every((word) => !WORDS.has(word) && !/^[A-Z]@/.test(word) && !word.includes("*"))) {
    return [`${words.some((word) => /[([{\\?\]})]/.test(word)) ? "E" : "L"}@${words.join(",")}`];
  }
  const parts = words.flatMap((word) =>
    word.startsWith("N@") ? expand(word.slice(2), nodegroups, [...outer, name]) : [word]
  );
  return ["(", ...parts, ")"];
}

/**
 * The target as it is sent: nodegroups become compound targets.
 * @throws {SaltInvocationError} for a group that is not there or contains itself.
 */
export function resolveTarget(target: Target, nodegroups: unknown): Target {
  if (target.tgt_type === "nodegroup") {
    const words = expand(String(target.tgt), nodegroups, []);
    return { ...target, tgt: words.join(" "), tgt_type: "compound" };
  }
  if (target.tgt_type !== "compound") return target;
  const words = typeof target.tgt === "string" ? target.tgt.split(/\s+/) : target.tgt;
  const resolved = words.flatMap((word) =>
    word.startsWith("N@") && word.length > 2 ? expand(word.slice(2), nodegroups, []) : [word]
  );
  return { ...target, tgt: resolved.join(" ") };
}
