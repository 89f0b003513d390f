/** Python's arithmetic. @module */
import { Float } from "../../types/mod.ts";
import { fail } from "./errors.ts";
import { isInt, isNumber, plain, typeName, type Value } from "./value.ts";

/** An int in its usual form: a number when that is exact. */
export function compact(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
    ? Number(value)
    : value;
}

/** A float that stays one when it is integral. */
export function floatOf(value: number): Value {
  return Number.isInteger(value) ? new Float(value) : value;
}

type Numeric = number | bigint | boolean | Float;

function big(value: Numeric): bigint {
  const number = plain(value);
  return typeof number === "bigint" ? number : BigInt(number);
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && (a < 0n) !== (b < 0n) ? quotient - 1n : quotient;
}

function moduloFloat(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && (rest < 0) !== (b < 0) ? rest + b : rest;
}

/** Bits that an int may have. */
const mostBits = 1 << 16;

function power(a: Numeric, b: Numeric): Value {
  if (isInt(a) && isInt(b) && big(b) >= 0n) {
    const bits = big(a).toString(2).length * Number(big(b));
    if (bits > mostBits) fail("the result of ** is too large");
    return compact(big(a) ** big(b));
  }
  const [x, y] = [Number(a), Number(b)];
  if (x === 0 && y < 0) fail("0.0 cannot be raised to a negative power");
  if (x < 0 && !Number.isInteger(y)) fail("complex numbers are not supported");
  return floatOf(x ** y);
}

function intArithmetic(operator: string, a: bigint, b: bigint): Value | undefined {
  switch (operator) {
    case "+":
      return compact(a + b);
    case "-":
      return compact(a - b);
    case "*": {
      if (a.toString(16).length + b.toString(16).length > mostBits / 4) {
        fail("the result of * is too large");
      }
      return compact(a * b);
    }
    case "//":
      return compact(floorDivide(a, b));
    case "%":
      return compact(a - b * floorDivide(a, b));
    default:
      return undefined;
  }
}

/** `a operator b` of two numbers. @throws SaltRenderError on a division by zero. */
export function arithmetic(operator: string, a: Numeric, b: Numeric): Value {
  if (operator === "**") return power(a, b);
  const ints = isInt(a) && isInt(b);
  if (["/", "//", "%"].includes(operator) && Number(b) === 0) {
    fail(ints && operator !== "/" ? "integer division or modulo by zero" : "division by zero");
  }
  const exact = ints ? intArithmetic(operator, big(a), big(b)) : undefined;
  if (exact !== undefined) return exact;
  const [x, y] = [Number(a), Number(b)];
  switch (operator) {
    case "+":
      return floatOf(x + y);
    case "-":
      return floatOf(x - y);
    case "*":
      return floatOf(x * y);
    case "/":
      return floatOf(x / y);
    case "//":
      return floatOf(Math.floor(x / y));
    default:
      return floatOf(moduloFloat(x, y));
  }
}

/** `-value`. */
export function negate(value: Value): Value {
  if (!isNumber(value)) return fail(`bad operand type for unary -: '${typeName(value)}'`);
  return isInt(value) ? compact(-big(value)) : floatOf(-Number(value));
}

/** An int for JavaScript; fails when the value is none. */
export function index(value: Value, what = "an integer is required"): number {
  return isInt(value) ? Number(value) : fail(`${what} (got type ${typeName(value)})`);
}

/** `round(value, digits)`, half to even. */
export function pyRound(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 22) return value;
  if (digits >= 0) {
    const scaled = Math.abs(value) * 10 ** digits;
    const half = Number.isInteger(value * 2 ** 20) && scaled % 1 === 0.5;
    if (!half) return Number(value.toFixed(digits));
    const floor = Math.floor(scaled);
    return Math.sign(value) * (floor % 2 === 0 ? floor : floor + 1) / 10 ** digits;
  }
  const unit = 10 ** -digits;
  return pyRound(value / unit, 0) * unit;
}
