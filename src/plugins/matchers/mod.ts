/**
 * Whom a target means; the same code for master (whom to expect) and minion (is it me).
 *
 * A target that cannot be read is an error here. A minion that gets one logs it and is not meant; a
 * master tells the user.
 * @module
 */
import { SaltInvocationError } from "../../errors.ts";
import { compileGlob } from "../../text/glob.ts";
import { inNetwork, parseAddress, parseNetwork } from "../../text/ip.ts";
import { formatAddress } from "../../text/ip.ts";
import { compilePattern } from "../../text/pcre/mod.ts";
import type { DataMap, Target, TgtType } from "../../types/mod.ts";
import { type Compound, parseCompound } from "./compound.ts";
import { expandNodegroup, type Nodegroups } from "./nodegroups.ts";
import { compileSubdict, type SubdictMode } from "./subdict.ts";

export { keysRead } from "./reads.ts";
export { expandNodegroup, type Nodegroups };

/** What is known of a minion when it is held against a target. */
export interface MinionFacts {
  id: string;
  grains?: DataMap | undefined;
  pillar?: DataMap | undefined;
}

/** Whether a minion is meant. */
export type Matcher = (facts: MinionFacts) => boolean;

/** What reading a target depends on. */
export interface MatcherOptions {
  /** Definitions of node groups. */
  nodegroups?: Nodegroups;
  /**
   * Compares pillar values only as they are, also inside compound targets: for minions that ask
   * (mine, publish), which may not search other minions' pillar.
   */
  pillarExact?: boolean;
}

/** An argument for `sets`, by the type of a target. */
type Compiler = (tgt: string, delimiter: string | undefined, options: MatcherOptions) => Matcher;

function idTest(test: (id: string) => boolean): Matcher {
  return (facts) => test(facts.id);
}

function compileList(tgt: string): Matcher {
  const ids = new Set(tgt.split(","));
  const all = `,${tgt},`;
  return ({ id }) => ids.has(id) || (id.includes(",") && all.includes(`,${id},`));
}

function compileData(source: "grains" | "pillar", mode: SubdictMode): Compiler {
  return (tgt, delimiter = ":", options) => {
    if (!tgt.includes(delimiter)) {
      throw new SaltInvocationError(
        `Invalid ${source} target "${tgt}": it needs the form "key${delimiter}value"`,
      );
    }
    const exact = source === "pillar" && options.pillarExact;
    const test = compileSubdict(tgt, exact ? "exact" : mode, delimiter);
    return (facts) => test(facts[source]);
  };
}

function addresses(facts: MinionFacts, version: 4 | 6): string[] {
  const list = facts.grains?.[`ipv${version}`];
  return Array.isArray(list) ? list.filter((item) => typeof item === "string") : [];
}

function compileIp(tgt: string): Matcher {
  const address = parseAddress(tgt);
  if (address) {
    const text = formatAddress(address.version, address.value);
    return (facts) => addresses(facts, address.version).includes(text);
  }
  const network = parseNetwork(tgt);
  if (!network) {
    throw new SaltInvocationError(
      `Invalid IP/CIDR target "${tgt}": it needs an address, or a network without host bits ` +
        "such as 10.0.0.0/8",
    );
  }
  return (facts) =>
    addresses(facts, network.version).some((text) => {
      const known = parseAddress(text);
      return known !== undefined && inNetwork(known, network);
    });
}

function fromTree(tree: Compound, options: MatcherOptions): Matcher {
  switch (tree.kind) {
    case "term": {
      const { engine, pattern, delimiter } = tree.term;
      return compilers[engine](pattern, delimiter, options);
    }
    case "not": {
      const of = fromTree(tree.of, options);
      return (facts) => !of(facts);
    }
    default: {
      const [left, right] = [fromTree(tree.left, options), fromTree(tree.right, options)];
      return tree.kind === "and"
        ? (facts) => left(facts) && right(facts)
        : (facts) => left(facts) || right(facts);
    }
  }
}

function compileCompound(tgt: string | readonly string[], options: MatcherOptions): Matcher {
  return fromTree(parseCompound(tgt, options.nodegroups ?? {}), options);
}

const compilers: Record<TgtType, Compiler> = {
  glob: (tgt) => idTest(compileGlob(tgt)),
  pcre: (tgt) => {
    const pattern = compilePattern(tgt);
    return idTest((id) => pattern.match(id) !== null);
  },
  list: compileList,
  grain: compileData("grains", "glob"),
  grain_pcre: compileData("grains", "pcre"),
  pillar: compileData("pillar", "glob"),
  pillar_pcre: compileData("pillar", "pcre"),
  pillar_exact: compileData("pillar", "exact"),
  ipcidr: compileIp,
  compound: (tgt, _delimiter, options) => compileCompound(tgt, options),
  nodegroup: (tgt, _delimiter, options) =>
    compileCompound(expandNodegroup(tgt, options.nodegroups ?? {}), options),
  range: (tgt) => {
    throw new SaltInvocationError(
      `Cannot use the range target "${tgt}": range targets need a range server, which saltx does ` +
        "not speak to; use a list, a grain or a node group",
    );
  },
};

/**
 * Reads a target once, to hold many minions against it.
 *
 * @throws SaltInvocationError for a target that cannot be read. The matcher itself may throw
 * PatternError (one of those) for a regular expression that takes too long.
 */
export function compileTarget(target: Target, options: MatcherOptions = {}): Matcher {
  const { tgt, tgt_type, delimiter } = target;
  if (Array.isArray(tgt)) {
    if (tgt_type === "compound") return compileCompound(tgt.map(String), options);
    if (tgt_type !== "list") {
      throw new SaltInvocationError(`A ${tgt_type} target must be a text, not a list`);
    }
    const ids = new Set(tgt);
    return (facts) => ids.has(facts.id);
  }
  if (typeof tgt !== "string" || !Object.hasOwn(compilers, tgt_type)) {
    throw new SaltInvocationError(`Cannot use a target of type "${tgt_type}"`);
  }
  return compilers[tgt_type](tgt, delimiter, options);
}

/**
 * Whether the minion is meant.
 * @throws SaltInvocationError for a target that cannot be read.
 */
export function matches(
  target: Target,
  facts: MinionFacts,
  options: MatcherOptions = {},
): boolean {
  return compileTarget(target, options)(facts);
}
