/**
 * Values deep in grains, pillar and configuration, by paths such as `a:b:0`.
 * @module
 */
import { pyStr } from "../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";
import { yamlifyArg } from "./args.ts";

/** Between the parts of a path when nothing else is said. */
export const defaultDelimiter = ":";

function own(map: DataMap, key: string): Data | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** A member by name: of a map, or of the first map in a list that has it. */
function member(value: Data, part: string): Data | undefined {
  if (isMap(value)) {
    const found = own(value, part);
    if (found !== undefined) return found;
    // `yes` and `0x1` find keys that YAML read as true and 1.
    const loaded = yamlifyArg(part);
    return loaded === part ? undefined : own(value, pyStr(loaded));
  }
  if (!Array.isArray(value)) return undefined;
  for (const item of value) {
    const found = isMap(item) ? own(item, part) : undefined;
    if (found !== undefined) return found;
  }
  return /^\s*[-+]?\d+\s*$/.test(part) ? value.at(Number(part)) : undefined;
}

/**
 * The value at a path, or undefined. Numbers index lists; a name goes into the first map of a list
 * that has it. (`salt/utils/data.py:traverse_dict_and_list`)
 */
export function traverse(
  data: Data | undefined,
  path: string | readonly string[],
  delimiter = defaultDelimiter,
): Data | undefined {
  const parts = typeof path === "string" ? path.split(delimiter) : path;
  let value = data;
  for (const part of parts) {
    if (value === undefined) return undefined;
    value = member(value, part);
  }
  return value;
}
