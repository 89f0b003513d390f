/** What functions there are, and how they are used. (`salt/modules/sysmod.py`) @module */
import { argspecOf, docReport, selectFunctions } from "../../loader/docs.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { globFilter } from "../../text/glob.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { runnerDocs } from "./_runner_docs.ts";

const words = {
  type: "list",
  variadic: true,
  doc: "Modules, functions or patterns; everything when left out.",
} as const;

function functionNames(ctx: ExecContext, args: Data[]): string[] {
  if (args.length === 0) return ctx.registry.functionNames();
  const names = args.flatMap((word) => selectFunctions(ctx.registry, pyStr(word)));
  return [...new Set(names)].sort();
}

function moduleNames(ctx: ExecContext, args: Data[]): string[] {
  if (args.length === 0) return ctx.registry.moduleNames();
  const names = args.map(pyStr).flatMap((word) => {
    if (!word.includes("*")) return ctx.registry.moduleNames().filter((name) => name === word);
    const functions = globFilter(ctx.registry.functionNames(), word);
    return functions.map((name) => name.split(".")[0]!);
  });
  return [...new Set(names)].sort();
}

function argspec(ctx: ExecContext, word: string): DataMap {
  if (word === "") return {};
  const specs: DataMap = {};
  for (const name of selectFunctions(ctx.registry, word)) {
    specs[name] = argspecOf(ctx.registry.lookup(name)!.fn);
  }
  return specs;
}

/** The module `sys`. */
export const sys = executionModule({
  name: "sysmod",
  virtualname: "sys",
  doc: "What functions there are, and how they are used.",
  functions: {
    doc: fn({
      doc: "Returns the docs of functions.",
      args: { args: words },
      example: "salt '*' sys.doc\nsalt '*' sys.doc sys\nsalt '*' sys.doc sys.doc\n" +
        "salt '*' sys.doc 'network.ip*'",
      run: (ctx, { args }) => docReport(ctx.registry, args.map(pyStr)),
    }),
    list_functions: fn({
      doc: "Lists the functions of modules.",
      args: { args: words, kwargs: { type: "map", keywords: true, doc: "" } },
      example: "salt '*' sys.list_functions\nsalt '*' sys.list_functions sys\n" +
        "salt '*' sys.list_functions 'sys.list_*'",
      run: (ctx, { args }) => functionNames(ctx, args),
    }),
    list_modules: fn({
      doc: "Lists the modules.",
      args: { args: words },
      example: "salt '*' sys.list_modules\nsalt '*' sys.list_modules 's*'",
      run: (ctx, { args }) => moduleNames(ctx, args),
    }),
    argspec: fn({
      doc: "Returns the arguments of functions: names, defaults, and whether more are taken.",
      args: { module: { type: "string", default: "", doc: "Module, function or pattern." } },
      example: "salt '*' sys.argspec pkg.install\nsalt '*' sys.argspec sys\n" +
        "salt '*' sys.argspec 'pkg.*'",
      run: (ctx, { module }) => argspec(ctx, module),
    }),
    reload_modules: fn({
      doc: "Loads the modules anew.",
      args: {},
      example: "salt '*' sys.reload_modules",
      run: (ctx) => ctx.minion.refreshModules(),
    }),
    ...runnerDocs,
  },
});
