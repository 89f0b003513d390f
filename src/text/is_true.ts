/**
 * What users write for yes and no.
 * @module
 */
import { type Data, Float } from "../types/mod.ts";
import { pyTruthy } from "./py_repr.ts";

/**
 * Whether a value that a user gave means yes: numbers above 0, also as text, the word `true` in any
 * case, and of all else what Python takes for true. (`salt/utils/data.py:is_true`)
 */
export function isTrue(value: Data | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "number" || typeof value === "bigint") return value > 0;
  if (value instanceof Float) return Number(value) > 0;
  if (typeof value !== "string") return pyTruthy(value);
  const number = value.trim() === "" ? NaN : Number(value);
  return Number.isNaN(number) ? value.toLowerCase() === "true" : number > 0;
}
