/**
 * Reads the main configuration file and what it includes, and remembers which file gave which key.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { SaltConfigurationError, YamlError } from "../errors.ts";
import { fileError, globFiles } from "../fs/mod.ts";
import { parseYaml, topLevelKeyLines } from "../serializers/yaml.ts";
import type { Data, DataMap } from "../types/mod.ts";

/** How often files may include others in a row. */
const MAX_INCLUDE_DEPTH = 20;

/** Keys and values as the files give them. */
export interface ConfigSource {
  values: DataMap;
  /** The file that had the last word on a key. */
  origin: Map<string, string>;
  warnings: string[];
}

/** What a text is called in messages about it. */
function kindName(value: Data): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}

function parseConfigFile(path: string, text: string): DataMap {
  let value: Data;
  try {
    value = parseYaml(text, { file: path });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new SaltConfigurationError(error.message, { cause: error });
  }
  if (value === null) return {};
  if (!isMap(value)) {
    throw new SaltConfigurationError(
      `Cannot use "${path}", line 1: wanted a map of options ("key: value"), found ${
        kindName(value)
      }`,
    );
  }
  const map = value;
  // The one key that assignments would not take as data.
  delete map["__proto__"];
  // Salt takes an id of digits as text.
  const id = map["id"];
  if (id !== undefined && id !== null && typeof id !== "string") map["id"] = String(id);
  return map;
}

function readConfigFile(path: string): DataMap {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new SaltConfigurationError(fileError("read", path, error).message, { cause: error });
  }
  return parseConfigFile(path, text);
}

/** Deep merge in which lists join without doubles. (`salt/utils/dictupdate.py:update`) */
function mergeDeep(target: DataMap, update: DataMap): DataMap {
  for (const [key, value] of Object.entries(update)) {
    if (key === "__proto__") continue;
    const old = target[key];
    // A job of the schedule is replaced as a whole.
    if (key === "schedule" && isMap(old) && isMap(value)) target[key] = { ...old, ...value };
    else if (isMap(old) && isMap(value)) target[key] = mergeDeep({ ...old }, value);
    else if (Array.isArray(old) && Array.isArray(value)) {
      const added = value.filter((item) => !old.some((known) => isDeepStrictEqual(known, item)));
      target[key] = [...old, ...added];
    } else target[key] = value;
  }
  return target;
}

function isMap(value: Data | undefined): value is DataMap {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}

function patterns(include: Data | undefined, file: string): string[] {
  if (!include) return [];
  const list = Array.isArray(include) ? include : [include];
  return list.map((entry) => {
    if (typeof entry === "string") return entry;
    throw new SaltConfigurationError(
      `Cannot use "${file}": "include" wants a file name or a list of them`,
    );
  });
}

class Includer {
  readonly origin = new Map<string, string>();
  readonly warnings: string[] = [];

  /** (`salt/config/__init__.py:include_config`) */
  include(
    include: Data | undefined,
    from: string,
    options: { quiet: boolean },
    depth = 0,
  ): DataMap {
    if (depth > MAX_INCLUDE_DEPTH) {
      throw new SaltConfigurationError(
        `Cannot use "${from}": files include one another more than ${MAX_INCLUDE_DEPTH} deep`,
      );
    }
    const merged: DataMap = {};
    for (const pattern of patterns(include, from)) {
      const home = pattern.replace(/^~(?=\/|$)/, () => homedir());
      const files = globFiles(isAbsolute(home) ? home : join(dirname(from), home));
      if (files.length === 0 && !options.quiet) {
        this.warnings.push(`"include: ${pattern}" in "${from}" matches no file`);
      }
      for (const file of files) mergeDeep(merged, this.#file(file, depth));
    }
    return merged;
  }

  #file(file: string, depth: number): DataMap {
    let values: DataMap;
    try {
      values = readConfigFile(file);
    } catch (error) {
      // The minion writes this one by itself; a bad one must not keep it from starting.
      if (!basename(file).endsWith("_schedule.conf")) throw error;
      this.warnings.push(`${(error as Error).message}; going on without it`);
      return {};
    }
    for (const key of Object.keys(values)) this.origin.set(key, file);
    const nested = this.include(values["include"], file, { quiet: false }, depth + 1);
    return { ...values, ...nested };
  }
}

/**
 * Reads `file` (nothing when it is not there), then the files of `default_include`, then those of
 * `include`. Among included files maps and lists are merged, later files win; as a whole they
 * replace keys of the main file.
 *
 * @throws SaltConfigurationError naming file, line and reason.
 */
export function readConfigSource(file: string, defaultInclude: string): ConfigSource {
  const main = existsSync(file) ? readConfigFile(file) : {};
  const origin = new Map(Object.keys(main).map((key) => [key, file]));
  const includer = new Includer();
  const given = main["default_include"];
  const first = includer.include(given === undefined ? defaultInclude : given, file, {
    quiet: true,
  });
  const second = includer.include(main["include"], file, { quiet: false });
  for (const [key, from] of includer.origin) origin.set(key, from);
  return { values: { ...main, ...first, ...second }, origin, warnings: includer.warnings };
}

/** The line of a top-level key in a file, or undefined when it cannot be told any more. */
export function lineOfKey(file: string, key: string): number | undefined {
  try {
    return topLevelKeyLines(readFileSync(file, "utf8")).get(key);
  } catch {
    return undefined;
  }
}
