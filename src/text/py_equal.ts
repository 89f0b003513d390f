/**
 * Python's `==` on plain data.
 * @module
 */
import { type Data, Float, isMap } from "../types/mod.ts";

/** Numbers, and truth values as the numbers that they are in Python. */
function numberOf(value: Data): number | bigint | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number" || typeof value === "bigint") return value;
  return value instanceof Float ? Number(value) : undefined;
}

/** Whether Python takes the values for equal: `1 == 1.0 == True`, maps whatever their order. */
export function pyEqual(a: Data, b: Data): boolean {
  if (a === b) return true;
  const [x, y] = [numberOf(a), numberOf(b)];
  // deno-lint-ignore eqeqeq -- a bigint and a number of the same size are equal
  if (x !== undefined || y !== undefined) return x !== undefined && y !== undefined && x == y;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length &&
      a.every((item, index) => pyEqual(item, b[index]!));
  }
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && pyEqual(a[key]!, b[key]!));
}

/** Python's `item in list`. */
export function pyIncludes(list: readonly Data[], item: Data): boolean {
  return list.some((known) => pyEqual(known, item));
}
