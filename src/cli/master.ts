/**
 * `saltx master`: the master as a daemon. (`salt/cli/daemons.py:Master`)
 * @module
 */
import { dumpConfig, loadMasterConfig } from "../config/mod.ts";
import { EX } from "../errors.ts";
import { runDaemon } from "./daemon.ts";
import { flagOption, overridesOf, type RunTool, textOption } from "./invocation.ts";
import { UsageError } from "./usage_error.ts";

/** Options of this tool that are not configuration options. */
const OWN_OPTIONS = ["daemon", "config_dump", "disable_keepalive", "hard_crash", "saltfile"];

/** The program of `saltx master`. */
export const run: RunTool = async (call) => {
  if (call.args.length > 0) throw new UsageError(`unexpected argument: ${call.args[0]}`);
  const overrides: Record<string, unknown> = overridesOf(call);
  for (const name of OWN_OPTIONS) delete overrides[name];
  const configDir = textOption(call, "config_dir");
  const opts = loadMasterConfig({
    ...(configDir === undefined ? {} : { configDir }),
    overrides,
    env: call.io.env,
  });
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
