/**
 * JSON that keeps what JavaScript's numbers lose: `1.0` is a float, and long integers are whole.
 * @module
 */
import { type Data, Float } from "../../../types/mod.ts";

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** @throws SyntaxError */
export function decodeJson(text: string): Data {
  const revive: Reviver = (_key, value, context) => {
    if (typeof value !== "number" || context.source === undefined) return value;
    if (/^-?\d+$/.test(context.source)) {
      return Number.isSafeInteger(value) ? value : BigInt(context.source);
    }
    return Number.isInteger(value) ? new Float(value) : value;
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as Data;
}
