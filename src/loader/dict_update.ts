/**
 * Maps merged into maps, as Salt does it for grains, pillar and configuration.
 * @module
 */
import { pyIncludes } from "../text/py_equal.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";

/** A copy whose maps and lists are its own. */
export function cloneData(value: Data): Data {
  if (Array.isArray(value)) return value.map(cloneData);
  return isMap(value) ? cloneMap(value) : value;
}

function cloneMap(map: DataMap): DataMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, cloneData(value)]));
}

function mergeValue(under: Data | undefined, over: Data, mergeLists: boolean): Data {
  if (under !== undefined && isMap(under) && isMap(over)) return updateMap(under, over, mergeLists);
  if (!mergeLists || !Array.isArray(under) || !Array.isArray(over)) return cloneData(over);
  return [...under.map(cloneData), ...over.filter((item) => !pyIncludes(under, item))];
}

/**
 * The map `under` with that of `over` in it: maps of the same key are merged at every depth; of all
 * else `over`'s value is taken, or its new items are added where `mergeLists`. Neither is changed.
 * (`salt/utils/dictupdate.py:update`)
 */
export function updateMap(under: DataMap, over: DataMap, mergeLists = false): DataMap {
  const merged = new Map<string, Data>(Object.entries(cloneMap(under)));
  for (const [key, value] of Object.entries(over)) {
    merged.set(key, mergeValue(merged.get(key), value, mergeLists));
  }
  return Object.fromEntries(merged);
}
