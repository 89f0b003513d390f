/**
 * What a plain (unquoted) YAML scalar means to Salt: PyYAML's YAML 1.1 rules with Salt's changes.
 *
 * They differ from other YAML 1.1 readers: `y` and `n` are text, an exponent needs its sign, and
 * Salt reads `0644` as 644 and every date as text. (PyYAML `resolver.py`;
 * `salt/utils/yamlloader.py:SaltYamlSafeLoader.construct_scalar`)
 * @module
 */
import { type Data, Float } from "../types/mod.ts";

/** Tags that a scalar can have without saying so. */
export type ScalarTag = "null" | "bool" | "int" | "float" | "timestamp" | "str";

const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INT =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const TIMESTAMP =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

/** First characters of all that is not text; most text is told apart by this alone. */
const SPECIAL_START = /^[-+.0-9yYnNtTfFoO~]/;

/** The tag of an unquoted scalar. */
export function scalarTag(text: string): ScalarTag {
  if (text === "") return "null";
  if (!SPECIAL_START.test(text)) return "str";
  if (BOOL.test(text)) return "bool";
  if (INT.test(text)) return "int";
  if (FLOAT.test(text)) return "float";
  if (NULL.test(text)) return "null";
  return TIMESTAMP.test(text) ? "timestamp" : "str";
}

/** An integer as a number, or as a bigint where a number would lose digits. */
function integer(digits: string, negative: boolean): number | bigint {
  const magnitude = BigInt(digits);
  const value = negative ? -magnitude : magnitude;
  const number = Number(value);
  return Number.isSafeInteger(number) ? (number === 0 ? 0 : number) : value;
}

/** `1:30:00` in base 60, most significant part first. */
function sexagesimal(text: string): number {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** Reads what {@linkcode scalarTag} calls an int, or the content of `!!int`. NaN when it is none. */
export function parseYamlInt(text: string): number | bigint {
  // Salt takes leading zeros away before PyYAML looks for octals; with a sign they stay octal.
  const plain = /^0[^bx]/.test(text) ? text.replace(/^0+/, "") || "0" : text;
  const bare = plain.replaceAll("_", "");
  const negative = bare.startsWith("-");
  const digits = bare.replace(/^[-+]/, "");
  if (/^0b[01]+$/.test(digits) || /^0x[0-9a-fA-F]+$/.test(digits)) return integer(digits, negative);
  if (/^0[0-7]+$/.test(digits)) return integer(`0o${digits.slice(1)}`, negative);
  if (/^[0-9]+$/.test(digits)) return integer(digits, negative);
  if (/^[0-9]+(?::[0-9]+)+$/.test(digits)) return (negative ? -1 : 1) * sexagesimal(digits);
  return digits === "" ? 0 : NaN;
}

/** Reads a float. One without a fraction becomes a {@linkcode Float}, so that it stays a float. */
export function parseYamlFloat(text: string): number | Float {
  const bare = text.replaceAll("_", "").toLowerCase();
  const negative = bare.startsWith("-");
  const digits = bare.replace(/^[-+]/, "");
  let value: number;
  if (digits === ".inf") value = Infinity;
  else if (digits === ".nan") value = NaN;
  else if (digits.includes(":")) value = sexagesimal(digits);
  else value = Number(digits);
  if (negative) value = -value;
  return Number.isInteger(value) ? new Float(value) : value;
}

/** Whether the content of a bool means yes. */
export function parseYamlBool(text: string): boolean {
  return /^(?:yes|true|on)$/i.test(text);
}

/** The value of an unquoted scalar, as Salt's YAML loader gives it. */
export function plainScalar(text: string): Data {
  switch (scalarTag(text)) {
    case "null":
      return null;
    case "bool":
      return parseYamlBool(text);
    case "int":
      return parseYamlInt(text);
    case "float":
      return parseYamlFloat(text);
    default:
      return text;
  }
}
