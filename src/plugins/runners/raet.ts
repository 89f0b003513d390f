/** What a master that speaks RAET counts. @module */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandExecutionError } from "../../errors.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { RAET_STATS_FILE } from "../../transport/raet/master_road.ts";
import type { DataMap } from "../../types/mod.ts";

/** The runner `raet`. */
export const raet = runnerModule({
  name: "raet",
  doc: "What a master that speaks RAET counts.",
  functions: {
    stats: runnerFn({
      doc: "Counters of the stack and of each remote, at most five seconds old.",
      args: {},
      example: "salt-run raet.stats",
      run: async (ctx): Promise<DataMap> => {
        const path = join(ctx.opts.cachedir, RAET_STATS_FILE);
        try {
          return JSON.parse(await readFile(path, "utf8")) as DataMap;
        } catch (error) {
          throw new CommandExecutionError(
            `There are no counters of RAET in "${path}": does this master run with transport: raet?`,
            { cause: error },
          );
        }
      },
    }),
  },
});
