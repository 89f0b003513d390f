/**
 * The grammar of access rules: who may run which functions with which arguments on which minions.
 *
 * A rule is a function pattern (allowed everywhere), or one key, a compound target, with the functions
 * allowed there; a function may carry patterns for its arguments. Patterns are regular expressions
 * that must match from the start, as in Salt. (`salt/utils/minions.py:CkMinions.auth_check`)
 *
 * Stricter than Salt: of a job with several functions every one must be allowed.
 * @module
 */
import { globMatch } from "../../text/glob.ts";
import { compilePattern, PatternError } from "../../text/pcre/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** Rules as they stand in `publisher_acl` and `external_auth`. */
export type AuthList = readonly unknown[];

/** What is to be decided. */
export interface AclQuery {
  funs: readonly string[];
  /** Arguments of each function. */
  args: readonly (readonly Data[])[];
  /** The minions that the job would go to. */
  minions: readonly string[];
  /** The minions that a compound target of a rule matches. */
  expand(target: string): ReadonlySet<string>;
  /** Whether lower masters, whose minions are not known here, judge by the same rules themselves. */
  lowerMasters?: boolean;
}

/** Always allowed: the command line polls with it. */
const ALWAYS = "saltutil.find_job";

/** Whether every function of a job is allowed on all of its minions. */
export function allowsJob(list: AuthList, query: AclQuery): boolean {
  return query.funs.every((fun, i) =>
    fun === ALWAYS || list.some((rule) => ruleAllows(rule, fun, query.args[i] ?? [], query))
  );
}

function ruleAllows(rule: unknown, fun: string, args: readonly Data[], query: AclQuery): boolean {
  if (typeof rule === "string") return matchesPattern(rule, fun);
  const entry = singleEntry(rule);
  if (!entry || entry[0].startsWith("@")) return false;
  const allowed = query.expand(entry[0]);
  if (allowed.size === 0 && !(query.lowerMasters && query.minions.length === 0)) return false;
  if (!query.minions.every((id) => allowed.has(id))) return false;
  return functionsAllow(entry[1], fun, args);
}

/**
 * Whether a runner or wheel function is allowed: `@runner`, `@runners`, `@jobs`, or a map of one of
 * these to functions. (`salt/utils/minions.py:CkMinions.spec_check`)
 */
export function allowsSpecial(
  list: AuthList,
  form: "runner" | "wheel",
  fun: string,
  args: readonly Data[],
): boolean {
  const [module, name, ...rest] = fun.split(".");
  if (!module || !name || rest.length > 0) return false;
  return list.some((rule) => {
    if (typeof rule === "string") return [`@${module}`, `@${form}`, `@${form}s`].includes(rule);
    const entry = singleEntry(rule);
    if (!entry) return false;
    if (entry[0] === `@${module}`) return functionsAllow(entry[1], name, args);
    if (entry[0] === `@${form}` || entry[0] === `@${form}s`) {
      return functionsAllow(entry[1], fun, args);
    }
    return false;
  });
}

function functionsAllow(rules: unknown, fun: string, args: readonly Data[]): boolean {
  return asList(rules).some((rule) => {
    if (typeof rule === "string") return matchesPattern(rule, fun);
    const entry = singleEntry(rule);
    return entry !== null && matchesPattern(entry[0], fun) &&
      asList(entry[1]).some((condition) => argumentsAllow(condition, args));
  });
}

/** `{args: [pattern or null …], kwargs: {name: pattern or null}}`. */
function argumentsAllow(condition: unknown, args: readonly Data[]): boolean {
  if (!isMap(condition)) return false;
  const { positional, keywords } = splitArguments(args);
  const wanted = asList(condition["args"] ?? []);
  const named = isMap(condition["kwargs"]) ? condition["kwargs"] : {};
  return wanted.every((pattern, i) =>
    i < positional.length && valueAllowed(pattern, positional[i])
  ) &&
    Object.entries(named).every(([name, pattern]) =>
      Object.hasOwn(keywords, name) && valueAllowed(pattern, keywords[name])
    );
}

function valueAllowed(pattern: unknown, value: Data | undefined): boolean {
  if (pattern === null) return true;
  return asList(pattern).some((one) => matchesPattern(String(one), String(value)));
}

/** Keyword arguments travel as a marked map, or as text `name=value` that the minion splits. */
function splitArguments(args: readonly Data[]): { positional: Data[]; keywords: DataMap } {
  const positional: Data[] = [];
  const keywords: DataMap = {};
  for (const arg of args) {
    const text = typeof arg === "string" ? /^([A-Za-z_]\w*)=(.*)$/s.exec(arg) : null;
    if (text) keywords[text[1]!] = text[2]!;
    else if (isMap(arg) && "__kwarg__" in arg) Object.assign(keywords, arg);
    else positional.push(arg);
  }
  return { positional, keywords };
}

/** Rules of everyone whom `name` and `groups` match. (`CkMinions.fill_auth_list`) */
export function rulesFor(
  config: { readonly [who: string]: unknown },
  name: string,
  groups: readonly string[],
  permissive: boolean,
): AuthList {
  const rules: unknown[] = [];
  let named = false;
  for (const [who, list] of Object.entries(config)) {
    if (who.startsWith("^") || (who === "*" && !permissive)) continue;
    if (who.endsWith("%")) {
      if (groups.includes(who.slice(0, -1))) rules.push(...asList(list));
    } else if (nameMatches(who, name)) {
      named = true;
      rules.push(...asList(list));
    }
  }
  if (!permissive && !named && "*" in config) rules.push(...asList(config["*"]));
  return rules;
}

/** A name against a glob or a whole regular expression. (`salt/utils/stringutils.py:expr_match`) */
export function nameMatches(pattern: string, name: string): boolean {
  return pattern === name || globMatch(pattern, name) || patternHolds(pattern, name, "fullmatch");
}

function matchesPattern(pattern: string, text: string): boolean {
  return !pattern.startsWith("@") && patternHolds(pattern, text, "match");
}

/** A pattern that is no regular expression allows nothing. */
function patternHolds(pattern: string, text: string, how: "match" | "fullmatch"): boolean {
  try {
    return compilePattern(pattern)[how](text) !== null;
  } catch (error) {
    if (error instanceof PatternError) return false;
    throw error;
  }
}

function singleEntry(rule: unknown): [string, unknown] | null {
  if (!isMap(rule)) return null;
  const entries = Object.entries(rule);
  return entries.length === 1 ? entries[0]! : null;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
