/**
 * The master's configuration as its command line tools see it. (`salt/config/__init__.py:client_config`)
 * @module
 */
import { loadMasterConfig, type MasterOpts, masterTable } from "../config/mod.ts";
import { setupLogging } from "../logging/mod.ts";
import { type Invocation, textOption } from "./invocation.ts";
import type { OptionValue } from "./parse_args.ts";
import { UsageError } from "./usage_error.ts";

/** Options of tools whose names mean something else in the configuration. */
const OWN_OPTIONS = new Set(["return", "metadata", "static", "token", "jid", "local", "user"]);

/** `--state-verbose True`. */
function truth(dest: string, value: OptionValue): OptionValue {
  if (typeof value !== "string") return value;
  const word = value.toLowerCase();
  if (word === "true" || word === "false") return word === "true";
  throw new UsageError(`option --${dest.replace("_", "-")}: True or False, not '${value}'`);
}

/** Given options that are options of the configuration too. */
function overridesFor(call: Invocation): Record<string, unknown> {
  const overrides: Record<string, unknown> = {};
  for (const dest of call.explicit) {
    if (!Object.hasOwn(masterTable, dest) || OWN_OPTIONS.has(dest)) continue;
    const value = call.values[dest] ?? null;
    overrides[dest] = dest === "state_verbose" ? truth(dest, value) : value;
  }
  return overrides;
}

/**
 * Loads the master's configuration for a tool, and shows log lines on standard error from now on.
 * @throws SaltConfigurationError
 */
export function loadToolConfig(call: Invocation): MasterOpts {
  const configDir = textOption(call, "config_dir");
  const opts = loadMasterConfig({
    ...(configDir === undefined ? {} : { configDir }),
    overrides: overridesFor(call),
    env: call.io.env,
  });
  setupLogging(opts, { daemon: false });
  return opts;
}

/** What an option comes to: the command line's value if given, else the configuration's, else its default. */
export function effectiveOption(call: Invocation, opts: MasterOpts, dest: string): unknown {
  if (call.explicit.has(dest) || opts[dest] === undefined) return call.values[dest] ?? null;
  return opts[dest];
}
