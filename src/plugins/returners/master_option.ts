/** Options of returners on a master. @module */
import { traverse } from "../../loader/traverse.ts";
import type { Data, DataMap } from "../../types/mod.ts";

/** An option by its name, or by the path that its name is. */
export function masterOption(opts: object): (name: string) => Data | undefined {
  const map = opts as DataMap;
  return (name) => Object.hasOwn(map, name) ? map[name] : traverse(map, name);
}
