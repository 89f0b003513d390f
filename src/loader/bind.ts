/**
 * Gives arguments to a function's descriptor the way Python gives them to a function.
 * @module
 */
import { SaltException, SaltInvocationError } from "../errors.ts";
import { pyStr, pyTruthy, pyTypeName } from "../text/py_repr.ts";
import { setKey } from "../text/set_key.ts";
import { type Data, type DataMap, Float } from "../types/mod.ts";
import { isKeywordMap, splitInput } from "./args.ts";
import type { ArgSpec, ArgType, ExecutionFunction } from "./types.ts";

/** The arguments do not fit the function's signature; Python's `TypeError` of a call. */
export class InvalidArguments extends SaltException {
  override name = "TypeError";
}

/** Keyword arguments were given that the function does not have. */
export class UnknownKeywords extends SaltInvocationError {}

type Signature = ExecutionFunction["args"];

interface Shape {
  positional: [string, ArgSpec][];
  variadic: string | undefined;
  keywords: string | undefined;
}

function shapeOf(signature: Signature): Shape {
  const shape: Shape = { positional: [], variadic: undefined, keywords: undefined };
  for (const [name, spec] of Object.entries(signature)) {
    if (spec.variadic) shape.variadic = name;
    else if (spec.keywords) shape.keywords = name;
    else shape.positional.push([name, spec]);
  }
  return shape;
}

function shown(value: Data): string {
  return `${pyTypeName(value)} ${pyStr(value).slice(0, 80)}`;
}

function toNumber(value: Data, type: "int" | "float"): number | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint" || value instanceof Float) return Number(value);
  if (typeof value === "string" && value.trim() !== "") {
    const number = Number(value);
    return Number.isFinite(number) && (type === "float" || Number.isInteger(number))
      ? number
      : undefined;
  }
  return typeof value === "number" ? value : undefined;
}

/**
 * A value as the descriptor's type wants it. Lenient as Python's duck typing is: numbers become
 * text, numeric text becomes a number, truth is Python's.
 */
function coerce(fun: string, name: string, type: ArgType, value: Data): Data {
  if (value === null || type === "any") return value;
  const refuse = (wanted: string): never => {
    throw new InvalidArguments(
      `${fun}() argument '${name}' must be ${wanted}, not ${shown(value)}`,
    );
  };
  switch (type) {
    case "string":
      if (typeof value === "string") return value;
      if (value instanceof Uint8Array) return new TextDecoder().decode(value);
      return typeof value === "object" && !(value instanceof Float)
        ? refuse("a string")
        : pyStr(value);
    case "int":
    case "float":
      return toNumber(value, type) ?? refuse(type === "int" ? "an integer" : "a number");
    case "bool":
      return pyTruthy(value);
    case "list":
      return Array.isArray(value) ? value : refuse("a list");
    case "map":
      return pyTypeName(value) === "dict" ? value : refuse("a dict");
  }
}

function quoteNames(names: string[]): string {
  const quoted = names.map((name) => `'${name}'`);
  if (quoted.length < 3) return quoted.join(" and ");
  return `${quoted.slice(0, -1).join(", ")}, and ${quoted.at(-1)}`;
}

function tooMany(fun: string, shape: Shape, given: number): InvalidArguments {
  const most = shape.positional.length;
  const least = shape.positional.filter(([, spec]) => spec.required).length;
  const takes = least < most ? `from ${least} to ${most}` : String(most);
  const plural = most === 1 && least === most ? "" : "s";
  return new InvalidArguments(
    `${fun}() takes ${takes} positional argument${plural} but ${given} ${
      given === 1 ? "was" : "were"
    } given`,
  );
}

function fillKeywords(
  fun: string,
  shape: Shape,
  kwargs: DataMap,
  bound: Record<string, Data>,
): DataMap {
  const rest: DataMap = {};
  const known = new Set(shape.positional.map(([name]) => name));
  for (const [name, value] of Object.entries(kwargs)) {
    if (known.has(name)) {
      if (Object.hasOwn(bound, name)) {
        throw new InvalidArguments(`${fun}() got multiple values for argument '${name}'`);
      }
      bound[name] = value;
    } else if (shape.keywords !== undefined) {
      setKey(rest, name, value);
    } else {
      throw new InvalidArguments(`${fun}() got an unexpected keyword argument '${name}'`);
    }
  }
  return rest;
}

/**
 * The values for a function's declared arguments, by name.
 *
 * @param name As users call it: `cmd.run`.
 * @throws InvalidArguments in CPython's words.
 */
export function bindArguments(
  name: string,
  fn: Pick<ExecutionFunction, "args">,
  args: readonly Data[],
  kwargs: DataMap = {},
): Record<string, Data> {
  const fun = name.slice(name.indexOf(".") + 1);
  const shape = shapeOf(fn.args);
  const bound: Record<string, Data> = {};
  const count = Math.min(args.length, shape.positional.length);
  for (let i = 0; i < count; i++) bound[shape.positional[i]![0]] = args[i]!;
  const rest = fillKeywords(fun, shape, kwargs, bound);
  if (args.length > count && shape.variadic === undefined) throw tooMany(fun, shape, args.length);
  const missing = shape.positional.filter(([key, spec]) =>
    spec.required && !Object.hasOwn(bound, key)
  ).map(([key]) => key);
  if (missing.length > 0) {
    const plural = missing.length === 1 ? "" : "s";
    throw new InvalidArguments(
      `${fun}() missing ${missing.length} required positional argument${plural}: ${
        quoteNames(missing)
      }`,
    );
  }
  for (const [key, spec] of shape.positional) {
    const value = Object.hasOwn(bound, key) ? bound[key]! : spec.default ?? null;
    bound[key] = coerce(fun, key, spec.type, value);
  }
  if (shape.variadic !== undefined) bound[shape.variadic] = args.slice(count);
  if (shape.keywords !== undefined) bound[shape.keywords] = rest;
  return bound;
}

/**
 * Splits the `arg` of a publication into positional and keyword values for a function. Text of the
 * form `name=value` is a keyword argument here too.
 * (`salt/minion.py:load_args_and_kwargs`)
 *
 * @param publication Passed as `__pub_<field>` to functions that take any keyword.
 * @throws UnknownKeywords naming those that the function does not have.
 */
export function loadArguments(
  fn: Pick<ExecutionFunction, "args">,
  input: readonly Data[],
  publication?: DataMap,
): { args: Data[]; kwargs: DataMap } {
  const specs = Object.entries(fn.args);
  const takesAny = specs.some(([, spec]) => spec.keywords);
  const known = new Set(
    specs.filter(([, spec]) => !spec.variadic && !spec.keywords).map(([name]) => name),
  );
  const args: Data[] = [];
  const kwargs: DataMap = {};
  const invalid: string[] = [];
  for (const arg of input) {
    const given = isKeywordMap(arg) || typeof arg === "string" ? splitInput([arg]).kwargs : {};
    if (Object.keys(given).length === 0) {
      if (!isKeywordMap(arg)) args.push(arg);
      continue;
    }
    for (const [name, value] of Object.entries(given)) {
      if (takesAny || known.has(name)) setKey(kwargs, name, value);
      else invalid.push(`${name}=${pyStr(value)}`);
    }
  }
  if (invalid.length > 0) {
    throw new UnknownKeywords(
      `The following keyword arguments are not valid: ${invalid.join(", ")}`,
    );
  }
  if (takesAny && publication) {
    for (const [key, value] of Object.entries(publication)) kwargs[`__pub_${key}`] = value;
  }
  return { args, kwargs };
}
