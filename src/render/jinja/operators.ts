/** Operators, `x.y` and `x[y]`. (`jinja2/environment.py:getattr`, `getitem`) @module */
import { arithmetic, index } from "./numbers.ts";
import { fail, SaltRenderError } from "./errors.ts";
import { formatPercent } from "./format.ts";
import { dictMethod, listMethod, setMethod, tupleMethod } from "./methods.ts";
import { textMethod } from "./text_methods.ts";
import {
  compare,
  contains,
  Dict,
  equal,
  isInt,
  isNumber,
  orElse,
  PyObject,
  PySet,
  repr,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./value.ts";

/** Characters and items that one operation may make. */
export const largestText = 16 << 20;

function repeat(value: Value, times: number): Value | undefined {
  const count = Math.max(0, times);
  const room = (length: number) =>
    length * count <= largestText || fail("the result of * is too large");
  if (typeof value === "string") return room(value.length) && value.repeat(count);
  if (Array.isArray(value) || value instanceof Tuple) {
    const items = Array.isArray(value) ? value : value.items;
    room(items.length);
    const repeated = Array.from({ length: count }, () => items).flat();
    return Array.isArray(value) ? repeated : new Tuple(repeated);
  }
  return undefined;
}

function sets(operator: string, a: PySet, b: PySet): Value | undefined {
  if (operator === "-") return new PySet(a.items().filter((item) => !b.has(item)));
  return undefined;
}

/** `a operator b`. */
export function binary(operator: string, a: Value, b: Value): Value {
  for (const side of [a, b]) if (side instanceof Undefined) side.fail();
  if (isNumber(a) && isNumber(b)) return arithmetic(operator, a, b);
  if (operator === "+") {
    if (typeof a === "string" && typeof b === "string") {
      if (a.length + b.length > largestText) fail("the result of + is too large");
      return a + b;
    }
    if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
    if (a instanceof Tuple && b instanceof Tuple) return new Tuple([...a.items, ...b.items]);
    if (typeof a === "string") fail(`can only concatenate str (not "${typeName(b)}") to str`);
  }
  if (operator === "%" && typeof a === "string") return formatPercent(a, b);
  if (operator === "*") {
    const repeated = isInt(b) ? repeat(a, Number(b)) : isInt(a) ? repeat(b, Number(a)) : undefined;
    if (repeated !== undefined) return repeated;
  }
  const found = a instanceof PySet && b instanceof PySet ? sets(operator, a, b) : undefined;
  if (found !== undefined) return found;
  return fail(
    `unsupported operand type(s) for ${operator}${operator === "**" ? " or pow()" : ""}: ` +
      `'${typeName(a)}' and '${typeName(b)}'`,
  );
}

/** One step of a comparison. */
export function compares(operator: string, a: Value, b: Value): boolean {
  switch (operator) {
    case "==":
      return equal(a, b);
    case "!=":
      return !equal(a, b);
    case "in":
    case "not in":
      if (b instanceof Undefined) b.use();
      return contains(b, a) === (operator === "in");
    case "<":
      return compare(a, b, operator) < 0;
    case "<=":
      return compare(a, b, operator) <= 0;
    case ">":
      return compare(a, b, operator) > 0;
    default:
      return compare(a, b, operator) >= 0;
  }
}

/** How Jinja calls a value in messages. */
function called(value: Value): string {
  if (value === null) return "None";
  const name = typeName(value);
  return `${name} object`;
}

function missing(object: Value, key: Value, strict: boolean): Undefined {
  const what = typeof key === "string"
    ? `'${called(object)}' has no attribute ${repr(key)}`
    : `${called(object)} has no element ${repr(key)}`;
  return new Undefined(what, strict);
}

function step(object: Value, key: string, isAttribute: boolean): Value {
  if (isAttribute) return getAttr(object, key, true);
  return getItem(object, /^\d+$/.test(key) && !(object instanceof Dict) ? Number(key) : key, true);
}

function method(object: Value, name: string): Value | undefined {
  if (typeof object === "string") return textMethod(object, name, step);
  if (Array.isArray(object)) return listMethod(object, name);
  if (object instanceof Dict) return dictMethod(object, name);
  if (object instanceof Tuple) return object.attr(name) ?? tupleMethod(object, name);
  if (object instanceof PySet) return setMethod(object, name);
  return object instanceof PyObject ? object.attr(name) : undefined;
}

/** A slice's bounds, as Python cuts them. */
export class Slice extends PyObject {
  override readonly typeName = "slice";
  readonly parts: readonly [Value, Value, Value];
  constructor(start: Value, stop: Value, step: Value) {
    super();
    this.parts = [start, stop, step];
  }
  cut<T>(items: readonly T[]): T[] {
    const [start, stop, given] = this.parts.map((part) =>
      part === null ? null : index(part, "slice indices must be integers or None")
    );
    const step = given ?? 1;
    if (step === 0) fail("slice step cannot be zero");
    const length = items.length;
    const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
    const bound = (at: number | null | undefined, fallback: number) =>
      at === null || at === undefined
        ? fallback
        : Math.min(high, Math.max(low, at < 0 ? at + length : at));
    const [from, to] = [bound(start, step > 0 ? low : high), bound(stop, step > 0 ? high : low)];
    const found: T[] = [];
    for (let at = from; step > 0 ? at < to : at > to; at += step) found.push(items[at]!);
    return found;
  }
}

function element(object: Value, key: Value): Value | undefined {
  if (object instanceof Dict) return object.get(key);
  if (object instanceof PyObject) return object.item(key);
  const items = typeof object === "string"
    ? [...object]
    : object instanceof Tuple
    ? object.items
    : Array.isArray(object)
    ? object
    : null;
  if (items === null) return undefined;
  if (key instanceof Slice) {
    const cut = key.cut<Value>(items);
    return typeof object === "string" ? cut.join("") : Array.isArray(object) ? cut : new Tuple(cut);
  }
  return isInt(key) ? items.at(Number(key)) : undefined;
}

/** `object[key]`: the element, else the attribute of that name. */
export function getItem(object: Value, key: Value, strict: boolean): Value {
  for (const side of [object, key]) if (side instanceof Undefined) side.fail();
  let found: Value | undefined;
  try {
    found = element(object, key);
  } catch (error) {
    // A key that cannot be one is not there, as any other.
    if (!(error instanceof SaltRenderError && error.reason.startsWith("unhashable"))) throw error;
  }
  if (found !== undefined) return found;
  const attribute = typeof key === "string" ? method(object, key) : undefined;
  return orElse(attribute, () => missing(object, key, strict));
}

/** Attributes of all of Python's objects, which its sandbox keeps from templates. */
const unsafe: ReadonlySet<string> = new Set(
  ("class len globals init dict doc eq ne getitem setitem delattr setattr getattribute code subclasshook " +
    "init_subclass call self func str repr format module name iter contains hash reduce reduce_ex dir new " +
    "sizeof add mul").split(" ").map((name) => `__${name}__`),
);

/** `object.name`: the attribute, else the element of that name. */
export function getAttr(object: Value, name: string, strict: boolean): Value {
  if (object instanceof Undefined) object.fail();
  if (unsafe.has(name)) {
    return new Undefined(
      `access to attribute ${repr(name)} of ${repr(typeName(object))} object is unsafe.`,
      strict,
      "security",
    );
  }
  const found = method(object, name);
  if (found !== undefined) return found;
  return orElse(element(object, name), () => missing(object, name, strict));
}
