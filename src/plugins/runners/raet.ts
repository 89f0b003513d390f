/** What a master that speaks RAET counts. @module */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { CommandExecutionError } from "../../errors.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { RAET_STATS_FILE } from "../../transport/raet/figures.ts";
import type { DataMap } from "../../types/mod.ts";

/** The runner `raet`. */
export const raet = runnerModule({
  name: "raet",
  doc: "What a master that speaks RAET counts.",
  functions: {
    send: runnerFn({
      doc:
        "Sends a message to a program of a minion's host, or of this one, that has opened a yard. " +
        "True: its host has it.",
      args: {
        estate: {
          type: "string",
          required: true,
          doc: "`<minion id>_minion`; `here` for this host.",
        },
        yard: { type: "string", required: true, doc: "The program's yard." },
        share: { type: "string", required: true, doc: "The yard's share." },
        text: { type: "string", required: true, doc: "What to send." },
        timeout: { type: "int", default: 10, doc: "Seconds until it is given up." },
      },
      example: "salt-run raet.send web1_minion inventory updates 'look again'",
      run: async (ctx, { estate, yard, share, text, timeout }): Promise<boolean> => {
        const [{ openEventClient }, { Yard }] = await Promise.all([
          import("../../event/mod.ts"),
          import("../../event/yard.ts"),
        ]);
        const bus = await openEventClient({ node: "master", sockDir: ctx.opts.sock_dir });
        try {
          await using own = await Yard.open(bus, `run_${process.pid}`, {});
          const to = estate === "here" ? null : estate;
          await own.send([to, yard, share], new TextEncoder().encode(text), { ttl: timeout });
          return true;
        } finally {
          bus.close();
        }
      },
    }),
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
