/**
 * Chooses from a table by a grain, a pillar value or a match. (`salt/utils/data.py:filter_by`)
 * @module
 */
import { SaltException } from "../errors.ts";
import { globMatch } from "../text/glob.ts";
import { pyStr, pyTruthy } from "../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";
import { cloneData, updateMap } from "./dict_update.ts";

/** What may be laid under and over the chosen value. */
export interface FilterOptions {
  /** Laid over the chosen map. */
  merge: Data;
  /** Which key serves when none fits. */
  default: string;
  /** Which key's map is laid under the chosen one. */
  base: string | null;
}

function choose(table: DataMap, value: Data): Data {
  for (const item of Array.isArray(value) ? value : [value]) {
    const text = pyStr(item);
    for (const [key, chosen] of Object.entries(table)) {
      if (chosen !== null && (text === key || globMatch(key, text))) return chosen;
    }
  }
  return null;
}

function own(table: DataMap, key: string): Data {
  return Object.hasOwn(table, key) ? table[key]! : null;
}

/**
 * The value of the first key of `table` that is, or as a pattern fits, `value` or one of its items.
 * @throws SaltException when what is to be merged are not maps.
 */
export function filterBy(table: DataMap, value: Data, options: FilterOptions): Data {
  const { merge, base } = options;
  let chosen = choose(table, value) ?? own(table, options.default);
  if (base && Object.hasOwn(table, base)) {
    const under = table[base]!;
    if (chosen === null) chosen = under;
    else if (isMap(under)) {
      if (!isMap(chosen)) {
        throw new SaltException("filter_by default and look-up values must both be dictionaries.");
      }
      chosen = updateMap(under, chosen);
    }
  }
  if (!pyTruthy(merge)) return chosen;
  if (!isMap(merge)) throw new SaltException("filter_by merge argument must be a dictionary.");
  if (chosen === null) return cloneData(merge);
  if (!isMap(chosen)) throw new SaltException("filter_by can merge into a dictionary only.");
  return updateMap(chosen, merge);
}
