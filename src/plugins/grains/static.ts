/**
 * Grains that an operator sets: the `grains` file beside the minion's config, and `grains` in it.
 * (`salt/grains/extra.py:config`)
 * @module
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { globMatch } from "../../text/glob.ts";
import { type DataMap, isMap } from "../../types/mod.ts";

const log = getLogger("saltx.grains");

/** Where static grains are kept. */
export function staticGrainsPath(confFile: string): string {
  return join(dirname(confFile), "grains");
}

/** The file's map; empty when there is none, or when it cannot be read (the log says why). */
export async function staticGrains(confFile: string): Promise<DataMap> {
  const path = staticGrainsPath(confFile);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      log.error(`Static grains ${path} cannot be read: ${messageOf(error)}`);
    }
    return {};
  }
  try {
    const { parseYaml } = await import("../../serializers/yaml.ts");
    const grains = parseYaml(text, { file: path }) ?? {};
    if (isMap(grains)) return grains;
    log.error(`Static grains ${path} are not a map; left out`);
  } catch (error) {
    log.error(`Static grains are left out: ${messageOf(error)}`);
  }
  return {};
}

/** Takes out what `grains_blacklist` names, by key or by path with `:`. (`salt/loader:grains`) */
export function withoutBlacklisted(grains: DataMap, blacklist: readonly string[]): DataMap {
  if (blacklist.length === 0) return grains;
  const strip = (map: DataMap, prefix: string): DataMap =>
    Object.fromEntries(
      Object.entries(map)
        .filter(([key]) => !blacklist.some((glob) => globMatch(glob, prefix + key)))
        .map(([key, value]) => [key, isMap(value) ? strip(value, `${prefix}${key}:`) : value]),
    );
  return strip(grains, "");
}
