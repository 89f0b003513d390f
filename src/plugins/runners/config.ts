/** The master's configuration. (`salt/runners/config.py`) @module */
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { traverse } from "../../loader/traverse.ts";
import type { Data } from "../../types/mod.ts";

/** The runner `config`. */
export const config = runnerModule({
  name: "config",
  doc: "The master's configuration.",
  functions: {
    get: runnerFn({
      doc: "An option of the master; parts of nested ones are named by a path.",
      args: {
        key: { type: "string", required: true, doc: "The option, such as file_roots:base." },
        default: { type: "any", default: "", doc: "What to give when there is none." },
        delimiter: { type: "string", default: ":", doc: "What stands between the parts." },
      },
      example: "salt-run config.get gitfs_remotes\nsalt-run config.get file_roots:base",
      run: (ctx, args) => {
        const opts = ctx.opts as unknown as Data;
        return traverse(opts, args.key, args.delimiter) ?? args.default;
      },
    }),
    values: runnerFn({
      doc: "All options of the master.",
      args: {},
      example: "salt-run config.values",
      run: (ctx) => ctx.opts as unknown as Data,
    }),
  },
});
