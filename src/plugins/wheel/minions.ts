/** Which minions are there. (`salt/wheel/minions.py`) @module */
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";

/** The wheel module `minions`. */
export const minions = runnerModule({
  name: "minions",
  doc: "Which minions are there.",
  functions: {
    connected: runnerFn({
      doc: "Ids of the minions that hold a connection.",
      args: {},
      run: async (ctx) => [...(await ctx.connected()).keys()].sort(),
    }),
  },
});
