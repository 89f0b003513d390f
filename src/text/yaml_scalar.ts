/**
 * What a plain YAML scalar means to Salt: PyYAML's YAML 1.1 rules with Salt's changes.
 * @module
 */
import { Float } from "../types/mod.ts";

const booleans: Record<string, boolean> = {};
for (const word of ["yes", "true", "on", "no", "false", "off"]) {
  const value = ["yes", "true", "on"].includes(word);
  for (const form of [word, word[0]!.toUpperCase() + word.slice(1), word.toUpperCase()]) {
    booleans[form] = value;
  }
}

const floatPattern =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const intPattern =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;

/** A whole number that fits is a number; beyond that it is a bigint. */
function compact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A float, marked as one where JavaScript would take it for an integer. */
export function toFloat(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value;
}

function base60(text: string): number {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** Text of YAML's `int`. @throws Error when Python could not read it either (`0_`). */
export function parseYamlInt(text: string): number | bigint {
  let digits = text;
  // Salt reads 0644 as decimal; behind a sign the zero is out of its sight and means octal.
  if (digits !== "0" && digits.startsWith("0") && !/^0[bx]/.test(digits)) {
    digits = digits.replace(/^0+/, "") || "0";
  }
  digits = digits.replaceAll("_", "");
  const negative = digits.startsWith("-");
  if (/^[-+]/.test(digits)) digits = digits.slice(1);
  if (digits === "") throw new Error(`"${text}" has no digits`);
  let value: bigint;
  if (digits.includes(":")) value = BigInt(base60(digits));
  else if (/^0[bx]/.test(digits)) value = BigInt(digits);
  else if (digits.length > 1 && digits.startsWith("0")) value = BigInt(`0o${digits.slice(1)}`);
  else value = BigInt(digits);
  return compact(negative ? -value : value);
}

/** Text of YAML's `float`. @throws Error when it is none. */
export function parseYamlFloat(text: string): number | Float {
  let digits = text.replaceAll("_", "").toLowerCase();
  const sign = digits.startsWith("-") ? -1 : 1;
  if (/^[-+]/.test(digits)) digits = digits.slice(1);
  if (digits === ".inf") return toFloat(sign * Infinity);
  if (digits === ".nan") return NaN;
  const value = digits.includes(":") ? base60(digits) : Number(digits);
  if (Number.isNaN(value) || digits === "") throw new Error(`"${text}" is not a number`);
  return toFloat(sign * value);
}

/**
 * The value of a plain scalar. Dates stay text, as Salt has it.
 * (`salt/utils/yamlloader.py`, PyYAML `resolver.py` and `constructor.py`)
 * @throws Error for what PyYAML has no value for: `=`, `<<`, `0_`.
 */
export function resolvePlainScalar(
  text: string,
): null | boolean | number | bigint | Float | string {
  if (text === "" || text === "~" || /^(?:null|Null|NULL)$/.test(text)) return null;
  if (Object.hasOwn(booleans, text)) return booleans[text]!;
  if (/^[-+0-9.]/.test(text)) {
    if (floatPattern.test(text)) return parseYamlFloat(text);
    if (intPattern.test(text)) return parseYamlInt(text);
  }
  if (text === "=" || text === "<<") throw new Error(`"${text}" cannot stand alone`);
  return text;
}
