/**
 * Numbers as Python tells them apart.
 * @module
 */
import { type Data, Float } from "../types/mod.ts";

/** A number that is a float in Python also when it is integral: `5.0`, not `5`. */
export function asFloat(value: number): Data {
  return Number.isInteger(value) ? new Float(value) : value;
}
