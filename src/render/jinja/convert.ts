/** Between Salt's data and the values of templates. @module */
import { type Data, type DataMap, Float } from "../../types/mod.ts";
import { fail } from "./errors.ts";
import {
  Dict,
  isNumber,
  iterate,
  PyObject,
  PySet,
  str,
  Tuple,
  Undefined,
  type Value,
} from "./value.ts";

/** Data as a value; containers are copied, so that a template changes nothing of the minion's. */
export function fromData(data: Data): Value {
  if (data === null || data === undefined) return null;
  if (typeof data !== "object" || data instanceof Float || data instanceof Uint8Array) return data;
  if (data instanceof Date) return data.toISOString();
  if (Array.isArray(data)) return data.map(fromData);
  return Dict.of(Object.entries(data).map(([key, item]) => [key, fromData(item)]));
}

/** A value as data: tuples and sets become lists, keys become text. */
export function toData(value: Value, depth = 0): Data {
  if (depth > 200) fail("the value is nested too deep");
  if (value === null || typeof value === "string" || isNumber(value)) return value;
  if (value instanceof Uint8Array) return value;
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Dict) {
    const map: DataMap = Object.create(null) as DataMap;
    for (const [key, item] of value.entries()) {
      map[str(key)] = toData(item, depth + 1);
    }
    return map;
  }
  if (Array.isArray(value) || value instanceof Tuple || value instanceof PySet) {
    return Array.from(iterate(value), (item) => toData(item, depth + 1));
  }
  const items = (value as PyObject).iterate();
  return items ? Array.from(items, (item) => toData(item, depth + 1)) : str(value);
}
