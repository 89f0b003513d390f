/** What runners and returners there are, as `sys` tells it. (`salt/modules/sysmod.py`) @module */
import { customFiles } from "../../loader/custom/files.ts";
import { argspecOf, docText } from "../../loader/docs.ts";
import { type ExecContext, fn } from "../../loader/types.ts";
import type { RunnerFunction } from "../../loader/runner_types.ts";
import { globFilter } from "../../text/glob.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";

const words = {
  type: "list",
  variadic: true,
  doc: "Modules, functions or patterns; everything when left out.",
} as const;

/** Functions of all runners of this program, by name. */
async function runnerFunctions(): Promise<Map<string, RunnerFunction>> {
  const { RUNNERS } = await import("../runners/mod.ts");
  return new Map(RUNNERS.flatMap(({ name, functions, aliases = {} }) => [
    ...Object.entries(functions).map(([key, fn]) => [`${name}.${key}`, fn] as const),
    ...Object.entries(aliases).map(([key, of]) => [`${name}.${key}`, functions[of]!] as const),
  ]));
}

/** Names that a word means: a module, a function or a pattern. */
function meant(names: readonly string[], word: string): string[] {
  if (word.includes("*")) return globFilter(names, word);
  const module = word.endsWith(".") ? word : `${word}.`;
  return names.filter((name) => name === word || name.startsWith(module));
}

function chosen(names: readonly string[], args: readonly Data[]): string[] {
  const some = args.length === 0 ? names : args.flatMap((word) => meant(names, pyStr(word)));
  return [...new Set(some)].sort();
}

/** Modules of the functions that words mean; a word is a module or a pattern. */
function modulesOf(names: readonly string[], args: readonly Data[]): string[] {
  const listed = args.map(pyStr).filter((word) => word.includes("*") || !word.includes("."));
  const some = args.length === 0 ? names : listed.flatMap((word) => meant(names, word));
  return [...new Set(some.map((name) => name.split(".")[0]!))].sort();
}

async function returners({ opts }: ExecContext, args: readonly Data[]): Promise<string[]> {
  const { returnerNames } = await import("../returners/mod.ts");
  const own = customFiles(opts, "returners").map(({ name }) => name);
  return modulesOf([...returnerNames, ...own].map((name) => `${name}.returner`), args);
}

async function runnerReport(
  args: readonly Data[],
  about: (fn: RunnerFunction) => Data,
): Promise<DataMap> {
  const functions = await runnerFunctions();
  const names = chosen([...functions.keys()], args);
  return Object.fromEntries(names.map((name) => [name, about(functions.get(name)!)]));
}

/** Functions of `sys` about runners and returners. */
export const runnerDocs = {
  list_runners: fn({
    doc: "Lists the runners of this program.",
    args: { args: words },
    example: "salt '*' sys.list_runners\nsalt '*' sys.list_runners 'm*'",
    run: async (_ctx, { args }) => modulesOf([...(await runnerFunctions()).keys()], args),
  }),
  list_runner_functions: fn({
    doc: "Lists the functions of runners.",
    args: { args: words, kwargs: { type: "map", keywords: true, doc: "" } },
    example: "salt '*' sys.list_runner_functions\nsalt '*' sys.list_runner_functions state",
    run: async (_ctx, { args }) => chosen([...(await runnerFunctions()).keys()], args),
  }),
  runner_doc: fn({
    doc: "Returns the docs of runners' functions.",
    args: { args: words },
    example: "salt '*' sys.runner_doc\nsalt '*' sys.runner_doc cache.grains",
    run: (_ctx, { args }) => runnerReport(args, docText),
  }),
  runner_argspec: fn({
    doc: "Returns the arguments of runners' functions.",
    args: { module: { type: "string", default: "", doc: "Module, function or pattern." } },
    example: "salt '*' sys.runner_argspec state\nsalt '*' sys.runner_argspec 'jobs.*'",
    run: (_ctx, { module }) => runnerReport(module === "" ? [] : [module], argspecOf),
  }),
  list_returners: fn({
    doc: "Lists the returners.",
    args: { args: words },
    example: "salt '*' sys.list_returners\nsalt '*' sys.list_returners 's*'",
    run: (ctx, { args }) => returners(ctx, args),
  }),
};
