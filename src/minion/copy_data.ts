/** Copies of what can be changed in place. @module */
import { type Data, type DataMap, isMap } from "../types/mod.ts";

/** A map like the given one, that shares no map and no list with it. Cloning would lose Salt's floats. */
export function copyMap(map: DataMap): DataMap {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, copy(value)]));
}

function copy(value: Data): Data {
  if (Array.isArray(value)) return value.map(copy);
  return isMap(value) ? copyMap(value) : value;
}
