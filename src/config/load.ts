/**
 * Loads the options of a daemon.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { parse } from "yaml";
import { type MasterOpts, masterTable, type MinionOpts, minionTable } from "./tables.ts";
import type { OptionTable } from "./option.ts";

/** Where the options come from. */
export interface LoadOptions {
  /** `-c`: the folder of `master`, `minion`, `master.d` … `/etc/salt` when absent. */
  configDir?: string;
  /** The main file itself, in place of the one in `configDir`. */
  configFile?: string;
  /** Options of the command line; they win. */
  overrides?: Readonly<Record<string, unknown>>;
  /** Environment to look at: `SALT_CONFIG_DIR`, `SALT_MASTER_CONFIG`, `SALT_MINION_CONFIG`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Called with what is odd but stops nothing. */
  warn?: (message: string) => void;
}

function load(name: string, table: OptionTable, o: LoadOptions): Record<string, unknown> {
  const file = o.configFile ?? join(o.configDir ?? "/etc/salt", name);
  const opts: Record<string, unknown> = {};
  for (const [key, spec] of Object.entries(table)) {
    if (spec.default !== undefined) opts[key] = spec.default;
  }
  if (existsSync(file)) Object.assign(opts, parse(readFileSync(file, "utf8"), { version: "1.1" }));
  Object.assign(opts, o.overrides, { conf_file: file });
  const root = String(opts["root_dir"] ?? "/");
  for (
    const key of ["pki_dir", "cachedir", "sock_dir", "pidfile", "log_file", "key_logfile"]
  ) {
    const value = opts[key];
    if (typeof value === "string" && isAbsolute(value) && !value.startsWith(`${root}/`)) {
      opts[key] = join(root, value);
    }
  }
  opts["id"] ||= name === "master" ? `${hostname()}_master` : hostname();
  return opts;
}

/** Loads the master's options. */
export function loadMasterConfig(o: LoadOptions = {}): MasterOpts {
  const opts = load("master", masterTable, o);
  return {
    ...opts,
    __role: "master",
    token_dir: join(String(opts["cachedir"]), "tokens"),
    syndic_dir: join(String(opts["cachedir"]), "syndics"),
  } as unknown as MasterOpts;
}

/** Loads the minion's options. */
export function loadMinionConfig(o: LoadOptions = {}): MinionOpts {
  const opts = load("minion", minionTable, o);
  const master = opts["master"];
  return {
    ...opts,
    __role: "minion",
    master_uri: `tcp://${Array.isArray(master) ? master[0] : master}:${opts["master_port"]}`,
  } as unknown as MinionOpts;
}
