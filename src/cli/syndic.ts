/**
 * `saltx syndic`: the link to a master above, as a daemon. (`salt/cli/daemons.py:Syndic`)
 * @module
 */
import { dumpConfig, loadSyndicConfig } from "../config/mod.ts";
import { EX, messageOf, SaltException } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { runDaemon, type RunningDaemon } from "./daemon.ts";
import { daemonLoadOptions } from "./daemon_config.ts";
import { flagOption, type RunTool } from "./invocation.ts";

const log = getLogger("saltx.syndic");

/** The program of `saltx syndic`. */
export const run: RunTool = async (call) => {
  const opts = loadSyndicConfig(daemonLoadOptions(call));
  if (flagOption(call, "config_dump")) {
    call.io.out(dumpConfig(opts.lower));
    return EX.OK;
  }
  return await runDaemon({
    name: "salt-syndic",
    opts: { ...opts.lower, pki_dir: opts.upper.pki_dir },
    pidfile: opts.lower.pidfile,
    daemonise: flagOption(call, "daemon"),
    start: async () => {
      const { startSyndic } = await import("../minion/syndic/syndic.ts");
      const syndic = await startSyndic(opts);
      return {
        stop: () => syndic.stop(),
        ended: syndic.ended.then(() => EX.OK, exitCodeOf),
      } satisfies RunningDaemon;
    },
    notice: (message) => call.io.err(`${message}\n`),
  });
};

function exitCodeOf(error: unknown): number {
  log.critical(`The syndic ends: ${messageOf(error)}`);
  return error instanceof SaltException ? error.exitCode : EX.SOFTWARE;
}
