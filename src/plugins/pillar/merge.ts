/**
 * How pillar files are merged. (`salt/utils/dictupdate.py`, `pillar_source_merging_strategy`)
 * @module
 */
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** Maps are merged at every depth, the later one wins; lists are joined where `joinLists`. */
export function mergeRecursive(under: DataMap, over: DataMap, joinLists: boolean): DataMap {
  const merged: DataMap = { ...under };
  for (const [key, value] of Object.entries(over)) {
    set(
      merged,
      key,
      mergeValue(Object.hasOwn(under, key) ? under[key] : undefined, value, joinLists),
    );
  }
  return merged;
}

function mergeValue(under: Data | undefined, over: Data, joinLists: boolean): Data {
  if (isMap(under) && isMap(over)) return mergeRecursive(under, over, joinLists);
  if (joinLists && Array.isArray(under) && Array.isArray(over)) return [...under, ...over];
  return over;
}

/** Keys of the later map replace those of the earlier. */
export function mergeOverwrite(under: DataMap, over: DataMap): DataMap {
  return { ...under, ...over };
}

/** Merges by the name of a strategy; `smart` is recursive for YAML. */
export function mergeBy(
  strategy: string,
  under: DataMap,
  over: DataMap,
  joinLists: boolean,
): DataMap {
  if (strategy === "overwrite") return mergeOverwrite(under, over);
  if (strategy === "none") return over;
  if (strategy === "list") return mergeLists(under, over);
  return mergeRecursive(under, over, joinLists);
}

/** Values of the same key become a list. */
function mergeLists(under: DataMap, over: DataMap): DataMap {
  const merged: DataMap = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    if (before === undefined || !Object.hasOwn(under, key)) set(merged, key, value);
    else if (isMap(before) && isMap(value)) set(merged, key, mergeLists(before, value));
    else if (Array.isArray(before)) set(merged, key, [...before, ...[value].flat()]);
    else set(merged, key, [before, value]);
  }
  return merged;
}

/** A key such as `__proto__` is a key like any other. */
function set(map: DataMap, key: string, value: Data): void {
  Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
}
