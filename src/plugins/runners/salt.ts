/** Execution functions, called from the master. (`salt/runners/salt.py`) @module */
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { cameBack, type DataMap, type TgtType } from "../../types/mod.ts";

/** The runner `salt`. */
export const salt = runnerModule({
  name: "salt",
  doc: "Execution functions, on the master's host or on minions.",
  functions: {
    cmd: runnerFn({
      doc: "Calls an execution function on the master's host.",
      args: {
        fun: { type: "string", required: true, doc: "The function." },
        args: { type: "any", variadic: true, doc: "Its values." },
        kwargs: { type: "any", keywords: true, doc: "Its named values." },
      },
      example: "salt-run salt.cmd test.ping\nsalt-run salt.cmd test.arg 1 2 3 a=1",
      run: (ctx, { fun, args, kwargs }) => ctx.execute(fun, args, kwargs),
    }),
    execute: runnerFn({
      doc: "Calls an execution function on minions and gives what each returned.",
      args: {
        tgt: { type: "string", required: true, doc: "Whom." },
        fun: { type: "string", required: true, doc: "The function." },
        arg: { type: "list", default: [], doc: "Its values." },
        timeout: { type: "int", doc: "Seconds to wait for answers." },
        tgt_type: { type: "string", default: "glob", doc: "How to read the target." },
        kwarg: { type: "map", doc: "Named values of the function." },
      },
      example: "salt-run salt.execute '*' test.ping",
      run: async (ctx, args) => {
        const named = args.kwarg ? [{ __kwarg__: true, ...args.kwarg }] : [];
        const results = await ctx.client.cmd(
          { tgt: args.tgt, tgt_type: args.tgt_type as TgtType },
          args.fun,
          [...args.arg, ...named],
          args.timeout === null ? {} : { timeout: args.timeout },
        );
        const returned = results.filter(({ end }) => cameBack(end));
        return Object.fromEntries(returned.map(({ id, ret }) => [id, ret])) as DataMap;
      },
    }),
  },
});
