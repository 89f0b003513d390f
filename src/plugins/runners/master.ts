/** What the master counts. @module */
import { randomUUID } from "node:crypto";
import { CommandExecutionError } from "../../errors.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** ms that the master gets to gather what its threads have counted. */
const PATIENCE = 10_000;

/** One line of each value: `name{label=value}`. Buckets of histograms stay out: mean and count tell. */
function flatten(families: Data): DataMap {
  const lines: DataMap = {};
  for (const family of Array.isArray(families) ? families : []) {
    if (!isMap(family) || !Array.isArray(family["values"])) continue;
    for (const value of family["values"]) {
      if (!isMap(value)) continue;
      const name = String(value["metricName"] ?? family["name"]);
      if (name.endsWith("_bucket")) continue;
      const labels = isMap(value["labels"]) ? Object.entries(value["labels"]) : [];
      const shown = labels.map(([label, of]) => `${label}=${String(of)}`).join(",");
      lines[shown === "" ? name : `${name}{${shown}}`] = value["value"] ?? null;
    }
  }
  return lines;
}

/** The runner `master`. */
export const master = runnerModule({
  name: "master",
  doc: "What the master counts.",
  functions: {
    stats: runnerFn({
      doc:
        "Counters and gauges of the running master: queues, workers, kinds of requests, errors. The " +
        "same as at `metrics_address`, without the buckets of histograms.",
      args: {},
      example: "salt-run master.stats",
      run: async (ctx): Promise<DataMap> => {
        const { openEventClient } = await import("../../event/mod.ts");
        const bus = await openEventClient({ node: "master", sockDir: ctx.opts.sock_dir });
        const name = randomUUID();
        const answer = bus.subscribe(`saltx/stats/answer/${name}`);
        try {
          await answer.ready;
          await bus.fire("saltx/stats/ask", { name });
          const event = await answer.next(PATIENCE);
          if (event === null) {
            throw new CommandExecutionError("The master does not say what it has counted");
          }
          return flatten(event.data["families"] ?? null);
        } finally {
          answer.close();
          bus.close();
        }
      },
    }),
  },
});
