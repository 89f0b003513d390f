/**
 * Which grains and pillar values a target looks at: a master that holds a whole fleet against it reads
 * those alone.
 * @module
 */
import type { DataKeys } from "../../cache/mod.ts";
import { yamlifyArg } from "../../loader/args.ts";
import { defaultDelimiter } from "../../loader/traverse.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Target, TgtType } from "../../types/mod.ts";
import { type Compound, parseCompound } from "./compound.ts";
import { expandNodegroup, type Nodegroups } from "./nodegroups.ts";

const NOTHING: DataKeys = { grains: [], pillar: [] };

/**
 * The outermost keys below which all lies that the matcher of this target asks for; null when it may ask
 * for anything.
 * @throws {SaltInvocationError} for a target that cannot be read.
 */
export function keysRead(target: Target, nodegroups: Nodegroups = {}): DataKeys | null {
  const { tgt, tgt_type } = target;
  if (tgt_type === "compound" && typeof tgt !== "string") {
    return ofTree(parseCompound(tgt.map(String), nodegroups));
  }
  if (typeof tgt !== "string") return NOTHING;
  if (tgt_type === "compound") return ofTree(parseCompound(tgt, nodegroups));
  if (tgt_type === "nodegroup") {
    return ofTree(parseCompound(expandNodegroup(tgt, nodegroups), nodegroups));
  }
  return ofTerm(tgt_type, tgt, target.delimiter);
}

function ofTree(tree: Compound): DataKeys | null {
  if (tree.kind === "term") return ofTerm(tree.term.engine, tree.term.pattern, tree.term.delimiter);
  if (tree.kind === "not") return ofTree(tree.of);
  const [left, right] = [ofTree(tree.left), ofTree(tree.right)];
  return left && right && {
    grains: [...new Set([...left.grains, ...right.grains])],
    pillar: [...new Set([...left.pillar, ...right.pillar])],
  };
}

function ofTerm(type: TgtType, pattern: string, delimiter = defaultDelimiter): DataKeys | null {
  switch (type) {
    case "grain":
    case "grain_pcre":
      return dataKeys("grains", pattern, delimiter);
    case "pillar":
    case "pillar_pcre":
    case "pillar_exact":
      return dataKeys("pillar", pattern, delimiter);
    case "ipcidr":
      return { grains: ["ipv4", "ipv6"], pillar: [] };
    default:
      return NOTHING;
  }
}

/** Every reading of a path begins with its first part, which may stand for what YAML makes of it too. */
function dataKeys(name: keyof DataKeys, pattern: string, delimiter: string): DataKeys | null {
  const [first = ""] = pattern.split(delimiter);
  if (first === "*") return null;
  return { ...NOTHING, [name]: [...new Set([first, pyStr(yamlifyArg(first))])] };
}
