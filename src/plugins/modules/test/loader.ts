/** Functions of `test` that show what is loaded. @module */
import { type ExecContext, fn, type ModuleRegistry } from "../../../loader/types.ts";
import type { DataMap } from "../../../types/mod.ts";

/** The file that serves a module, by the name users call. */
function providerOf(registry: ModuleRegistry, module: string): string {
  const first = registry.functionNames().find((name) => name.startsWith(`${module}.`));
  return first === undefined ? "" : registry.lookup(first)!.module.name;
}

function providers(ctx: ExecContext): DataMap {
  const { registry } = ctx;
  return Object.fromEntries(
    registry.moduleNames().map((module) => [providerOf(registry, module), module]),
  );
}

/** Modules and the files behind them. */
export const loaderFunctions = {
  provider: fn({
    doc: "Returns the name of the file that serves a module.",
    args: { module: { type: "string", required: true, doc: "The module, such as `service`." } },
    example: "salt '*' test.provider service",
    run: (ctx, { module }) => providerOf(ctx.registry, module),
  }),
  providers: fn({
    doc: "Returns the files that serve modules, with the names by which they are called.",
    args: {},
    example: "salt '*' test.providers",
    run: (ctx) => providers(ctx),
  }),
  not_loaded: fn({
    doc: "Lists modules that this minion does not load.",
    args: {},
    example: "salt '*' test.not_loaded",
    run: (ctx) => ctx.registry.unavailableNames(),
  }),
  module_report: fn({
    doc: "Returns all modules and functions, and by which ways they can be reached.",
    args: {},
    example: "salt '*' test.module_report",
    run(ctx) {
      const functions = ctx.registry.functionNames();
      const modules = ctx.registry.moduleNames();
      return {
        functions,
        function_attrs: functions,
        function_subs: functions,
        modules,
        module_attrs: modules,
        missing_attrs: [],
        missing_subs: [],
      };
    },
  }),
  attr_call: fn({
    doc: "Calls `grains.items` from within a module.",
    args: {},
    example: "salt '*' test.attr_call",
    run: (ctx) => ctx.salt("grains.items"),
  }),
};
