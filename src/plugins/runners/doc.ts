/** Documentation. (`salt/runners/doc.py`) @module */
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { docText } from "../../loader/docs.ts";
import type { ExecutionFunction } from "../../loader/types.ts";
import { WHEEL } from "../wheel/mod.ts";
import { type DataMap, isMap } from "../../types/mod.ts";

function sorted(map: DataMap): DataMap {
  return Object.fromEntries(Object.keys(map).sort().map((key) => [key, map[key] ?? null]));
}

/** The runner `doc`. */
export const doc = runnerModule({
  name: "doc",
  doc: "Documentation of functions.",
  functions: {
    runner: runnerFn({
      doc: "Docs of all runner functions.",
      args: {},
      example: "salt-run doc.runner",
      run: (ctx) => ctx.docs(),
    }),
    wheel: runnerFn({
      doc: "Docs of all wheel functions.",
      args: {},
      example: "salt-run doc.wheel",
      run: () =>
        sorted(Object.fromEntries(
          WHEEL.flatMap(({ name, functions }) =>
            Object.entries(functions).map(([fun, fn]) => // Described as execution functions are.
            [`${name}.${fun}`, docText(fn as unknown as ExecutionFunction)])
          ),
        )),
    }),
    execution: runnerFn({
      doc: "Docs of all functions that minions have: that of each function once.",
      args: {},
      example: "salt-run doc.execution",
      run: async (ctx) => {
        const docs: DataMap = {};
        for (const { ret } of await ctx.client.cmd({ tgt: "*", tgt_type: "glob" }, "sys.doc", [])) {
          if (isMap(ret)) Object.assign(docs, { ...ret, ...docs });
        }
        return sorted(docs);
      },
    }),
  },
});
