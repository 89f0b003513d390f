/**
 * What follows from options that were loaded: old names, paths that hang on others, forms brought
 * to one. (`salt/config/__init__.py:apply_master_config`, `apply_minion_config`)
 * @module
 */
import { totalmem } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { globFiles } from "../fs/mod.ts";
import { isGlob } from "../text/glob.ts";
import { isFilePath, prependRootDir } from "./paths.ts";

/** Options while they are being put together. */
export type Draft = Record<string, unknown>;

/** How to say what is odd but stops nothing. */
export type Warn = (message: string) => void;

/** Short names of file server backends. */
const BACKEND_NAMES: Record<string, string> = {
  git: "gitfs",
  hg: "hgfs",
  svn: "svnfs",
  minion: "minionfs",
};

function text(opts: Draft, key: string): string {
  const value = opts[key];
  return typeof value === "string" ? value : "";
}

function renamed(opts: Draft, warn: Warn): void {
  if (opts["environment"] === undefined) return;
  if (opts["saltenv"] !== null) {
    warn('"environment" and "saltenv" are both set: using "saltenv"');
    opts["environment"] = opts["saltenv"];
  } else {
    warn(`"environment" is called "saltenv" now: using ${String(opts["environment"])}`);
    opts["saltenv"] = opts["environment"];
  }
}

/** Environments as text, each with a list of folders; wildcards among them are looked up. */
function normalizeRoots(roots: unknown): Record<string, string[]> {
  const result: Record<string, string[]> = {};
  for (const [saltenv, folders] of Object.entries((roots ?? {}) as Record<string, unknown>)) {
    const list = Array.isArray(folders) ? folders.map(String) : [];
    result[saltenv] = list.flatMap((path) => isGlob(path) ? globFiles(path) : [path]);
  }
  return result;
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === "" || value === null || value === undefined ? [] : [value];
}

/** `log_dir` gives the log file its folder. (`_adjust_log_file_override`) */
function adjustLogFile(opts: Draft, given: ReadonlySet<string>): void {
  const folder = text(opts, "log_dir");
  const file = text(opts, "log_file");
  if (folder === "" || file === "") return;
  if (!given.has("log_file")) opts["log_file"] = join(folder, basename(file));
  else if (!isAbsolute(file) && isFilePath(file)) opts["log_file"] = join(folder, file);
}

function adjustWriteBuffer(opts: Draft): void {
  // A twentieth of the memory, at least 10 MiB, and half of that. (`_gather_buffer_space`)
  if (opts["ipc_write_buffer"] === "dynamic") {
    opts["ipc_write_buffer"] = Math.floor(Math.max(totalmem() * 0.05, 10 << 20) * 0.5);
  }
}

function adjustCommon(opts: Draft, given: ReadonlySet<string>, warn: Warn): void {
  adjustLogFile(opts, given);
  renamed(opts, warn);
  adjustWriteBuffer(opts);
  opts["fileserver_backend"] = asList(opts["fileserver_backend"])
    .map((name) => BACKEND_NAMES[String(name)] ?? name);
  // Unix socket paths are short: a deep folder gives way to one in the cache.
  if (text(opts, "sock_dir").length > text(opts, "cachedir").length + 10) {
    opts["sock_dir"] = join(text(opts, "cachedir"), ".salt-unix");
  }
  opts["extension_modules"] ||= join(text(opts, "cachedir"), "extmods");
  if (asList(opts["utils_dirs"]).length === 0) {
    opts["utils_dirs"] = [join(text(opts, "extension_modules"), "utils")];
  }
  opts["file_roots"] = normalizeRoots(opts["file_roots"]);
  opts["pillar_roots"] = normalizeRoots(opts["pillar_roots"]);
  opts["ssl"] = opts["ssl"] === false ? null : opts["ssl"] === true ? {} : opts["ssl"];
  if (Array.isArray(opts["return"])) opts["return"] = opts["return"].join(",");
}

/** A list of maps of one key each, as one map. (`salt/utils/data.py:repack_dictlist`) */
function repackNodegroups(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return Object.assign({}, ...value.filter((item) => typeof item === "object" && item !== null));
}

/** Adjusts the master's options in place. */
export function adjustMaster(opts: Draft, given: ReadonlySet<string>, warn: Warn): void {
  adjustCommon(opts, given, warn);
  opts["nodegroups"] = repackNodegroups(opts["nodegroups"]);
  opts["token_dir"] = join(text(opts, "cachedir"), "tokens");
  opts["syndic_dir"] = join(text(opts, "cachedir"), "syndics");
  const hasPeers = Object.keys((opts["peer"] ?? {}) as object).length > 0;
  if (Number(opts["worker_threads"]) < 3 && hasPeers) {
    warn('"worker_threads" cannot be lower than 3 with "peer": using 3');
    opts["worker_threads"] = 3;
  }
  if ("rest" in ((opts["external_auth"] ?? {}) as object) && !opts["keep_acl_in_token"]) {
    warn('"external_auth: rest" needs "keep_acl_in_token": turning it on');
    opts["keep_acl_in_token"] = true;
  }
}

/** Paths that get the minion's id in them. (`append_minionid_config_dirs`) */
function appendMinionId(opts: Draft): void {
  const id = text(opts, "id");
  for (const key of asList(opts["append_minionid_config_dirs"]).map(String)) {
    const path = text(opts, key);
    if (["pki_dir", "cachedir", "extension_modules"].includes(key)) opts[key] = join(path, id);
    else if (key === "default_include") opts[key] = join(dirname(path), id, basename(path));
    else if (key === "pidfile") opts[key] = join(dirname(path), "salt", id, basename(path));
  }
}

/** Adjusts the minion's options in place; its id is known. */
export function adjustMinion(opts: Draft, given: ReadonlySet<string>, warn: Warn): void {
  appendMinionId(opts);
  adjustCommon(opts, given, warn);
  opts["beacons"] ??= {};
}

/**
 * Puts `root_dir` in front of `keys`. Paths of the command line mean what they say: they count from
 * the folder one is in.
 */
export function rootPaths(
  opts: Draft,
  keys: readonly string[],
  fromCommandLine: ReadonlySet<string>,
): void {
  const root = text(opts, "root_dir") || "/";
  for (const key of keys) {
    const path = opts[key];
    if (typeof path !== "string" || !isFilePath(path)) continue;
    opts[key] = fromCommandLine.has(key) ? resolve(path) : prependRootDir(root, path);
  }
}
