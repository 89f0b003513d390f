/**
 * Maps whose keys come from elsewhere.
 * @module
 */
import type { Data, DataMap } from "../types/mod.ts";

/** Sets a key as plain data; `__proto__` is a key like any other. */
export function setKey(map: DataMap, key: string, value: Data): void {
  if (key !== "__proto__") map[key] = value;
  else {
    Object.defineProperty(map, key, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
}
