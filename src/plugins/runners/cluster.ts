/** Who is in this master's cluster. (`salt/runners/cluster.py`, of 3009) @module */
import { type ClusterView, readClusterView } from "../../cache/cluster_members.ts";
import { CommandExecutionError } from "../../errors.ts";
import { runnerFn, runnerModule } from "../../loader/runner_types.ts";

/** s after which what the master has left is no news. A running one writes every two. */
const STALE = 30;

/** The runner `cluster`. */
export const cluster = runnerModule({
  name: "cluster",
  doc: "Who is in this master's cluster.",
  functions: {
    members: runnerFn({
      doc:
        "The masters of the cluster, which of them are alive and how many minions hang on each, " +
        "as this master sees it; `joined` is false while it goes on without the others.",
      args: {},
      example: "salt-run cluster.members",
      run: (ctx): ClusterView => {
        if (!ctx.opts.cluster) {
          throw new CommandExecutionError(
            "This master is in no cluster: option cluster is not set",
          );
        }
        const found = readClusterView(ctx.opts.cachedir);
        if (found && found.age <= STALE) return found.view;
        const since = found ? ` for ${Math.round(found.age)} s` : "";
        throw new CommandExecutionError(
          `The master of this host has not told of its cluster${since}: does it run?`,
        );
      },
    }),
  },
});
