/** Whole numbers as Python's `int()` makes them. @module */
import { SaltInvocationError } from "../../../errors.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, Float } from "../../../types/mod.ts";

/** `int(value)`. Throws SaltInvocationError with Python's words for what is no number. */
export function integer(value: Data): bigint {
  const text = pyStr(value).trim();
  if (typeof value === "number" || value instanceof Float) return BigInt(Math.trunc(Number(value)));
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (!/^[-+]?\d+$/.test(text)) {
    throw new SaltInvocationError(`invalid literal for int() with base 10: '${text}'`);
  }
  return BigInt(text);
}
