/**
 * Node groups: names for compound expressions, in the options of master or minion.
 * (`salt/utils/minions.py:nodegroup_comp`)
 * @module
 */
import { SaltInvocationError } from "../../errors.ts";

/** Definitions by name: text, or a list of words. */
export type Nodegroups = Readonly<Record<string, unknown>>;

const operators = new Set(["and", "or", "not", "(", ")"]);

function definition(name: string, groups: Nodegroups): string[] {
  const value = Object.hasOwn(groups, name) ? groups[name] : undefined;
  if (value === undefined) throw new SaltInvocationError(`There is no node group "${name}"`);
  if (typeof value === "string") return value.split(/\s+/).filter(Boolean);
  if (Array.isArray(value)) return value.map(String);
  throw new SaltInvocationError(`Node group "${name}" is neither a text nor a list`);
}

/** Words without operators, wildcards and engines are a list of ids, or one regular expression. */
function asOneWord(words: string[]): string | undefined {
  if (words.some((word) => operators.has(word) || word.includes("*") || /^[A-Z]@/.test(word))) {
    return undefined;
  }
  const engine = words.some((word) => /[([{\\?}\])]/.test(word)) ? "E" : "L";
  return `${engine}@${words.join(",")}`;
}

/** Groups that one expansion may look into; nested twofold, a few lines could ask for billions. */
const maxLookups = 10_000;

interface Expansion {
  groups: Nodegroups;
  lookups: number;
}

function expand(name: string, state: Expansion, above: readonly string[]): string[] {
  const { groups } = state;
  if (++state.lookups > maxLookups) {
    throw new SaltInvocationError(`Node group "${above[0] ?? name}" expands to too many words`);
  }
  if (above.includes(name)) {
    throw new SaltInvocationError(
      `Node group "${name}" contains itself: ${[...above, name].join(" → ")}`,
    );
  }
  const words = definition(name, groups);
  const nested = words.some((word) => word.length >= 3 && word.startsWith("N@"));
  const single = asOneWord(words);
  if (single !== undefined) return [single];
  if (!nested && above.length === 0) return words;
  const inner = words.flatMap((word) =>
    word.length >= 3 && word.startsWith("N@")
      ? expand(word.slice(2), state, [...above, name])
      : [word]
  );
  return inner.length > 0 ? ["(", ...inner, ")"] : [];
}

/**
 * The words of the compound expression that a node group stands for.
 * @throws SaltInvocationError when it is not defined, or contains itself.
 */
export function expandNodegroup(name: string, groups: Nodegroups): string[] {
  return expand(name, { groups, lookups: 0 }, []);
}
