/**
 * Where files are: the configuration file itself, and `root_dir` in front of the others.
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Salt's folder of configuration on this platform. (`salt/syspaths.py`) */
export const DEFAULT_CONFIG_DIR = process.platform === "freebsd"
  ? "/usr/local/etc/salt"
  : "/etc/salt";

/** Environment variables by name. */
export type Env = Readonly<Record<string, string | undefined>>;

function isFile(path: string | undefined): path is string {
  return path !== undefined && path !== "" && existsSync(path) && statSync(path).isFile();
}

/**
 * The main file and the folder it stands for. `-c` wins; then `SALT_CONFIG_DIR`; then
 * `SALT_MASTER_CONFIG` or `SALT_MINION_CONFIG`, a file, where the folder is the usual one.
 * (`salt/config/__init__.py:load_config`; `salt/utils/parsers.py:ConfigDirMixIn`)
 */
export function findConfigFile(
  role: "master" | "minion",
  options: { configDir?: string; configFile?: string; env: Env },
): { file: string; dir: string; isDefaultDir: boolean } {
  const { env } = options;
  const given = options.configDir ?? (env["SALT_CONFIG_DIR"] || undefined);
  const dir = resolve((given ?? DEFAULT_CONFIG_DIR).replace(/^~(?=\/|$)/, () => homedir()));
  const isDefaultDir = dir === DEFAULT_CONFIG_DIR;
  if (options.configFile !== undefined) {
    return { file: resolve(options.configFile), dir, isDefaultDir };
  }
  const named = env[role === "master" ? "SALT_MASTER_CONFIG" : "SALT_MINION_CONFIG"];
  if (given === undefined && isFile(named)) return { file: resolve(named), dir, isDefaultDir };
  return { file: join(dir, role), dir, isDefaultDir };
}

/**
 * A path below `rootDir`. One that lies there already stays, a relative one counts from it.
 * (`salt/config/__init__.py:prepend_root_dir`, whose built-in root is `/`)
 */
export function prependRootDir(rootDir: string, path: string): string {
  const root = resolve(rootDir);
  const inside = root === "/" || path === root || path.startsWith(`${root}/`);
  return resolve(inside && isAbsolute(path) ? path : join(root, path));
}

/** Whether a log target is a file, not an address such as `udp://host` or `file:///dev/log`. */
export function isFilePath(target: string): boolean {
  return target !== "" && !/^[a-z][a-z0-9+.-]*:\/\//i.test(target);
}
