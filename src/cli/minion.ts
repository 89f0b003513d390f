/**
 * `saltx minion`: the minion as a daemon. (`salt/cli/daemons.py:Minion`)
 * @module
 */
import { dumpConfig, loadMinionConfig } from "../config/mod.ts";
import { EX, messageOf, SaltException } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { runDaemon, type RunningDaemon } from "./daemon.ts";
import { daemonLoadOptions } from "./daemon_config.ts";
import { flagOption, type RunTool } from "./invocation.ts";

const log = getLogger("saltx.minion");

/** The program of `saltx minion`. */
export const run: RunTool = async (call) => {
  const opts = loadMinionConfig({
    ...daemonLoadOptions(call),
    rememberId: !flagOption(call, "config_dump"),
  });
  if (flagOption(call, "config_dump")) {
    call.io.out(dumpConfig(opts));
    return EX.OK;
  }
  return await runDaemon({
    name: "salt-minion",
    opts,
    pidfile: opts.pidfile,
    daemonise: flagOption(call, "daemon"),
    start: async () => {
      const { startMinion } = await import("../minion/mod.ts");
      const minion = await startMinion(opts);
      return {
        stop: () => minion.stop(),
        reload: () => minion.reload(),
        ended: minion.ended.then(() => EX.OK, exitCodeOf),
      } satisfies RunningDaemon;
    },
    notice: (message) => call.io.err(`${message}\n`),
  });
};

function exitCodeOf(error: unknown): number {
  log.critical(`The minion ends: ${messageOf(error)}`);
  return error instanceof SaltException ? error.exitCode : EX.SOFTWARE;
}
