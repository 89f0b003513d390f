/** Python's `%` and `str.format`. @module */
import { fixed, textLength } from "../../text/py_text.ts";
import { compact } from "./numbers.ts";
import { fail } from "./errors.ts";
import {
  Dict,
  isInt,
  isNumber,
  type Kwargs,
  orElse,
  plain,
  pyFloat,
  repr,
  str,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./value.ts";

/** Characters that a field may be wide. */
const widest = 1 << 16;

interface Spec {
  fill: string;
  align: string;
  sign: string;
  alternate: boolean;
  width: number;
  comma: string;
  precision: number | null;
  type: string;
}

function grouped(digits: string, comma: string): string {
  return comma === "" ? digits : digits.replace(/\B(?=(\d{3})+(?!\d))/g, comma);
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function general(value: number, precision: number, alternate: boolean): string {
  if (value === 0) return "0";
  const digits = precision === 0 ? 1 : precision;
  const size = Number(value.toExponential(digits - 1).split("e")[1]);
  if (size < -4 || size >= digits) {
    const text = value.toExponential(digits - 1);
    return exponent(alternate ? text : text.replace(/\.?0+e/, "e"));
  }
  const text = fixed(value, Math.max(0, digits - 1 - size));
  return alternate || !text.includes(".") ? text : text.replace(/\.?0+$/, "");
}

function floatText(size: number, spec: Spec): string {
  if (!Number.isFinite(size)) return Number.isNaN(size) ? "nan" : "inf";
  const precision = spec.precision ?? 6;
  if (precision > 100) fail("precision too big");
  switch (spec.type.toLowerCase()) {
    case "e":
      return exponent(size.toExponential(precision));
    case "g":
      return general(size, precision, spec.alternate);
    case "%":
      return `${fixed(size * 100, precision)}%`;
    case "":
      return spec.precision === null ? pyFloat(size) : general(size, precision, spec.alternate);
    default:
      return fixed(size, precision);
  }
}

const radix: Readonly<Record<string, [number, string]>> = {
  x: [16, "0x"],
  X: [16, "0X"],
  o: [8, "0o"],
  b: [2, "0b"],
};

function numberText(value: Value, spec: Spec): string {
  if (!isNumber(value)) return fail(`a number is required, not ${typeName(value)}`);
  const number = plain(value);
  const negative = number < 0 || Object.is(number, -0);
  const sign = negative ? "-" : spec.sign === "+" || spec.sign === " " ? spec.sign : "";
  const asFloat = !isInt(value) || "eEfFgG%".includes(spec.type) && spec.type !== "";
  if (asFloat) {
    let text = floatText(Math.abs(Number(value)), spec);
    if (spec.type === "E" || spec.type === "G" || spec.type === "F") text = text.toUpperCase();
    const [whole = "", ...rest] = text.split(".");
    return sign + [grouped(whole, spec.comma), ...rest].join(".");
  }
  const whole = typeof number === "bigint" ? number : BigInt(number);
  const [base, prefix] = radix[spec.type] ?? [10, ""];
  const digits = (whole < 0n ? -whole : whole).toString(base);
  const text = spec.type === "X" ? digits.toUpperCase() : digits;
  return sign + (spec.alternate ? prefix : "") + grouped(text, spec.comma);
}

function pad(text: string, spec: Spec, usual: string): string {
  if (spec.width > widest) fail("a field is too wide");
  const margin = spec.width - textLength(text);
  if (margin <= 0) return text;
  const align = spec.align || usual;
  if (align === "=") {
    const head = /^[-+ ]?(?:0[xXob])?/.exec(text)![0];
    return head + spec.fill.repeat(margin) + text.slice(head.length);
  }
  const left = align === "<" ? 0 : align === ">" ? margin : Math.floor(margin / 2);
  return spec.fill.repeat(left) + text + spec.fill.repeat(margin - left);
}

const specPattern =
  /^(?:([\s\S])?([<>=^]))?([-+ ])?(#)?(0)?(\d*)([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

/** `format(value, spec)`. */
export function formatSpec(value: Value, text: string): string {
  if (text === "") return str(value);
  const found = specPattern.exec(text);
  if (!found) return fail("Invalid format specifier");
  const [, fill, align, sign, hash, zero, width, comma, precision, type] = found;
  const spec: Spec = {
    fill: fill ?? (zero ? "0" : " "),
    align: align ?? (zero ? "=" : ""),
    sign: sign ?? "",
    alternate: hash !== undefined,
    width: Number(width || 0),
    comma: comma ?? "",
    precision: precision === undefined ? null : Number(precision),
    type: type ?? "",
  };
  if (isNumber(value) && typeof value !== "boolean" && type !== "s") {
    if (type === "c") return pad(String.fromCodePoint(Number(value)), spec, "<");
    return pad(numberText(value, spec), spec, ">");
  }
  if (type !== undefined && type !== "s") {
    if (typeof value === "boolean") return pad(numberText(value, spec), spec, ">");
    fail(`Unknown format code '${type}' for object of type '${typeName(value)}'`);
  }
  const whole = str(value);
  const shown = spec.precision === null ? whole : [...whole].slice(0, spec.precision).join("");
  return pad(shown, spec, "<");
}

const conversion =
  /%(?:\(([^)]*)\))?([-+ 0#]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([diouxXeEfFgGcrsa%])?/g;

/** `text % values`. */
export function formatPercent(format: string, given: Value): string {
  const values = given instanceof Tuple ? [...given.items] : [given];
  let used = 0;
  const next = () =>
    used < values.length ? values[used++]! : fail("not enough arguments for format string");
  const formatted = format.replace(conversion, (whole, key, flags, width, precision, type) => {
    if (type === undefined) return fail(`unsupported format character in ${repr(whole)}`);
    if (type === "%") return "%";
    const size = (part: string | undefined) => part === "*" ? Number(next()) : Number(part ?? 0);
    const wide = size(width);
    const exact = precision === undefined ? null : size(precision);
    let value: Value;
    if (key === undefined) value = next();
    else {
      if (!(given instanceof Dict)) return fail("format requires a mapping");
      value = orElse(given.get(key), () => fail(repr(key)));
      used = values.length;
    }
    return onePercent(value, type, flags, wide, exact);
  });
  if (used < values.length && !(given instanceof Dict)) {
    fail("not all arguments converted during string formatting");
  }
  return formatted;
}

function onePercent(
  value: Value,
  type: string,
  flags: string,
  width: number,
  precision: number | null,
): string {
  if (value instanceof Undefined) value.use();
  const left = flags.includes("-") || width < 0;
  const text = "rsac".includes(type);
  const spec: Spec = {
    fill: flags.includes("0") && !left && !text ? "0" : " ",
    align: left ? "<" : flags.includes("0") && !text ? "=" : ">",
    sign: flags.includes("+") ? "+" : flags.includes(" ") ? " " : "",
    alternate: flags.includes("#"),
    width: Math.abs(width),
    comma: "",
    precision,
    type,
  };
  if (text) {
    const shown = type === "r" || type === "a"
      ? repr(value)
      : type === "c" && isInt(value)
      ? String.fromCodePoint(Number(value))
      : str(value);
    return pad(precision === null ? shown : [...shown].slice(0, precision).join(""), spec, "<");
  }
  if (!isNumber(value)) {
    const what = "diu".includes(type) ? "a real number is required" : "a number is required";
    return fail(`%${type} format: ${what}, not ${typeName(value)}`);
  }
  if (!"dioxXu".includes(type)) return pad(numberText(value, spec), spec, ">");
  const whole = isInt(value) ? value : compact(BigInt(Math.trunc(Number(value))));
  let digits = numberText(whole, { ...spec, type: "diu".includes(type) ? "d" : type });
  if (precision !== null) {
    digits = digits.replace(/\d[\da-f]*$/i, (part) => part.padStart(precision, "0"));
  }
  return pad(digits, spec, ">");
}

const replacement = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}/g;

/** `text.format(*args, **kwargs)`; `step` is `x.y` and `x[y]`. */
export function formatBraces(
  format: string,
  args: readonly Value[],
  kwargs: Kwargs,
  step: (object: Value, key: string, isAttribute: boolean) => Value,
): string {
  let auto = 0;
  const lookup = (path: string): Value => {
    const [head = ""] = /^[^.[]*/.exec(path)!;
    let value: Value = head === "" || /^\d+$/.test(head)
      ? args[head === "" ? auto++ : Number(head)] ??
        fail("Replacement index out of range for positional args tuple")
      : orElse(kwargs.get(head), () => fail(repr(head)));
    for (const [, name, key] of path.slice(head.length).matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
      value = step(value, name ?? key!, name !== undefined);
    }
    return value;
  };
  return format.replace(replacement, (whole, path, how, spec) => {
    if (whole === "{{") return "{";
    if (whole === "}}") return "}";
    const value = lookup(path);
    const inner = (spec ?? "").replace(
      /\{([^{}]*)\}/g,
      (_: string, key: string) => str(lookup(key)),
    );
    return formatSpec(
      how === "r" || how === "a" ? repr(value) : how === "s" ? str(value) : value,
      inner,
    );
  });
}
