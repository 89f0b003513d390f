/**
 * Loads the options of a daemon: defaults, then files, then the command line; checked and adjusted.
 * @module
 */
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { SaltConfigurationError } from "../errors.ts";
import { getLogger } from "../logging/logger.ts";
import type { DataMap } from "../types/mod.ts";
import { adjustMaster, adjustMinion, type Draft, rootPaths, type Warn } from "./adjust.ts";
import { coerce } from "./coerce.ts";
import { firstMasterUri } from "./master_address.ts";
import { discoverId, type HostFacts, thisHost } from "./minion_id.ts";
import type { OptionTable } from "./option.ts";
import { DEFAULT_CONFIG_DIR, type Env, findConfigFile, prependRootDir } from "./paths.ts";
import { type ConfigSource, lineOfKey, readConfigSource } from "./source.ts";
import { type MasterOpts, masterTable, type MinionOpts, minionTable } from "./tables.ts";

/** Where the options come from. */
export interface LoadOptions {
  /** `-c`: the folder of `master`, `minion`, `master.d` … By default `SALT_CONFIG_DIR`, else `/etc/salt`. */
  configDir?: string;
  /** The main file itself, in place of the one in `configDir`. */
  configFile?: string;
  /** Options of the command line; they win, and `root_dir` is not put in front of their paths. */
  overrides?: Readonly<Record<string, unknown>>;
  /** Environment to look at instead of the process's. */
  env?: Env;
  /** Called with what is odd but stops nothing. Goes to the log when absent. */
  warn?: Warn;
  /** Whether a guessed minion id is written to `minion_id`; for the minion itself, not for tools. */
  rememberId?: boolean;
  /** What the host says of itself, for tests. */
  host?: HostFacts;
}

function shortValue(value: unknown): string {
  const text =
    JSON.stringify(value, (_key, part) => typeof part === "bigint" ? part.toString() : part) ??
      String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Text keys whose value must not be shown in a message. */
const SECRET = /pass|secret|token|key_pass/;

function wrongValue(key: string, value: unknown, wanted: string, source: ConfigSource): never {
  const file = source.origin.get(key);
  const line = file === undefined ? undefined : lineOfKey(file, key);
  const place = file === undefined
    ? "on the command line"
    : `in "${file}"${line === undefined ? "" : `, line ${line}`}`;
  const shown = SECRET.test(key) ? "its value" : shortValue(value);
  const hint = typeof value === "string" && value.startsWith("sdb://")
    ? "; sdb:// values are not looked up"
    : "";
  throw new SaltConfigurationError(
    `Cannot use ${shown} for option "${key}" ${place}: wanted ${wanted}${hint}`,
  );
}

/** Defaults of the table, then what was given, each checked. Unknown keys pass through. */
function checkedValues(table: OptionTable, given: DataMap, source: ConfigSource): Draft {
  const opts: Draft = {};
  for (const [key, spec] of Object.entries(table)) {
    if (spec.default !== undefined) opts[key] = spec.default;
  }
  for (const [key, value] of Object.entries(given)) {
    const spec = Object.hasOwn(table, key) ? table[key] : undefined;
    const result = spec ? coerce(spec, value) : { value };
    if ("wanted" in result) wrongValue(key, value, result.wanted, source);
    else if (result.value !== undefined) opts[key] = result.value;
  }
  return opts;
}

/** The name of the user that runs this process; its number where it has no name. */
function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}

interface Loading {
  opts: Draft;
  /** Keys that a file or the command line gave. */
  given: Set<string>;
  fromCommandLine: Set<string>;
  configFile: string;
  /** The file `minion_id` of this configuration. */
  idFile: string;
  warn: Warn;
}

function definedEntries(values: Readonly<Record<string, unknown>>): DataMap {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as DataMap;
}

function begin(role: "master" | "minion", table: OptionTable, o: LoadOptions): Loading {
  const log = getLogger("saltx.config");
  const warn = o.warn ?? ((message: string) => log.warning(message));
  const place = findConfigFile(role, { ...o, env: o.env ?? process.env });
  const source = readConfigSource(place.file, `${role}.d/*.conf`);
  source.warnings.forEach(warn);
  const overrides = definedEntries(o.overrides ?? {});
  for (const key of Object.keys(overrides)) source.origin.delete(key);
  const values = { ...source.values, ...overrides };
  const opts = checkedValues(table, values, source);
  opts["conf_file"] = place.file;
  if (!opts["user"]) opts["user"] = currentUser();
  const root = String(opts["root_dir"] || "/");
  const idFile = place.isDefaultDir
    ? prependRootDir(root, join(DEFAULT_CONFIG_DIR, "minion_id"))
    : join(o.configFile === undefined ? dirname(place.file) : place.dir, "minion_id");
  return {
    opts,
    given: new Set(Object.keys(values)),
    fromCommandLine: new Set(Object.keys(overrides)),
    configFile: place.file,
    idFile,
    warn,
  };
}

function idOf(loading: Loading, o: LoadOptions, host: HostFacts): string {
  const { opts } = loading;
  const given = typeof opts["id"] === "string" ? opts["id"] : "";
  if (given === "" && Object.keys((opts["id_function"] ?? {}) as object).length > 0) {
    throw new SaltConfigurationError(
      `Cannot find the minion id by "id_function" of "${loading.configFile}": functions do not run ` +
        `while options load; set "id", or write the id to "${loading.idFile}"`,
    );
  }
  return discoverId(given, {
    minion_id_caching: opts["minion_id_caching"] !== false,
    minion_id_lowercase: opts["minion_id_lowercase"] === true,
    minion_id_remove_domain: (opts["minion_id_remove_domain"] ?? false) as boolean | string,
    append_domain: opts["append_domain"] as string | undefined,
    cacheFile: loading.idFile,
    remember: o.rememberId ?? false,
    warn: loading.warn,
  }, host);
}

function rootedKeys(table: OptionTable): string[] {
  return Object.keys(table).filter((key) => table[key]?.rooted);
}

function finish(loading: Loading, keys: readonly string[]): Draft {
  rootPaths(loading.opts, keys, loading.fromCommandLine);
  return Object.freeze(loading.opts) as Draft;
}

/**
 * Loads the master's options.
 *
 * @throws SaltConfigurationError that names file, line, key, value and what was wanted.
 */
export function loadMasterConfig(o: LoadOptions = {}): MasterOpts {
  const loading = begin("master", masterTable, o);
  const { opts } = loading;
  opts["__role"] = "master";
  if (!loading.given.has("id") || !opts["id"]) {
    // Nothing hangs on the name of a master: no tool shall wait for the resolver because of it.
    const host = { ...(o.host ?? thisHost), resolveFullName: () => undefined };
    opts["id"] = `${idOf(loading, { ...o, rememberId: false }, host)}_master`;
  }
  adjustMaster(opts, loading.given, loading.warn);
  const keys = [...rootedKeys(masterTable), "token_dir", "syndic_dir"];
  return finish(loading, keys) as unknown as MasterOpts;
}

/**
 * Loads the minion's options, its id among them.
 *
 * @throws SaltConfigurationError that names file, line, key, value and what was wanted.
 */
export function loadMinionConfig(o: LoadOptions = {}): MinionOpts {
  const loading = begin("minion", minionTable, o);
  const { opts } = loading;
  opts["__role"] = "minion";
  opts["id"] = idOf(loading, o, o.host ?? thisHost);
  adjustMinion(opts, loading.given, loading.warn);
  opts["master_uri"] = firstMasterUri(opts as unknown as MinionOpts);
  return finish(loading, rootedKeys(minionTable)) as unknown as MinionOpts;
}
