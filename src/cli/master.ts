/**
 * `saltx master`: the master as a daemon. (`salt/cli/daemons.py:Master`)
 * @module
 */
import { dumpConfig, loadMasterConfig } from "../config/mod.ts";
import { EX } from "../errors.ts";
import { runDaemon } from "./daemon.ts";
import { daemonLoadOptions } from "./daemon_config.ts";
import { flagOption, type RunTool } from "./invocation.ts";

/** The program of `saltx master`. */
export const run: RunTool = async (call) => {
  const opts = loadMasterConfig(daemonLoadOptions(call));
  if (flagOption(call, "config_dump")) {
    call.io.out(dumpConfig(opts));
    return EX.OK;
  }
  return await runDaemon({
    name: "salt-master",
    opts,
    pidfile: opts.pidfile,
    daemonise: flagOption(call, "daemon"),
    start: async () => {
      const { startMaster } = await import("../master/mod.ts");
      return await startMaster(opts);
    },
    notice: (message) => call.io.err(`${message}\n`),
  });
};
