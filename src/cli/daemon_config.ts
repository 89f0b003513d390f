/**
 * What the command line of a daemon says of its configuration.
 * @module
 */
import type { LoadOptions } from "../config/mod.ts";
import { type Invocation, overridesOf, textOption } from "./invocation.ts";
import { UsageError } from "./usage_error.ts";

/** Options of daemons that are not configuration options. */
const OWN_OPTIONS = ["daemon", "config_dump", "disable_keepalive", "hard_crash", "saltfile"];

/**
 * How to load a daemon's configuration.
 * @throws UsageError for arguments: daemons take none.
 */
export function daemonLoadOptions(call: Invocation): LoadOptions {
  if (call.args.length > 0) throw new UsageError(`unexpected argument: ${call.args[0]}`);
  const overrides: Record<string, unknown> = overridesOf(call);
  for (const name of OWN_OPTIONS) delete overrides[name];
  const configDir = textOption(call, "config_dir");
  return { ...(configDir === undefined ? {} : { configDir }), overrides, env: call.io.env };
}
