/** The master's configuration. (`salt/wheel/config.py`) @module */
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import type { Data } from "../../types/mod.ts";

/** The wheel module `config`. */
export const config = runnerModule({
  name: "config",
  doc: "The master's configuration.",
  functions: {
    values: runnerFn({
      doc: "All options of the master.",
      args: {},
      run: (ctx) => ctx.opts as unknown as Data,
    }),
  },
});
