/** The tests of `is`: Jinja's, and Salt's. (`jinja2/tests.py`, `salt/utils/jinja.py`) @module */
import { arithmetic } from "../numbers.ts";
import { fail } from "../errors.ts";
import { compares } from "../operators.ts";
import type { Filter, Filters } from "../runtime.ts";
import { Generator } from "../iterables.ts";
import {
  contains,
  Dict,
  equal,
  isInt,
  isNumber,
  PyFunction,
  PyObject,
  str,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "../value.ts";
import { pattern } from "./regex.ts";
import { filter } from "./text.ts";

function of(run: (value: Value) => boolean): Filter {
  return filter([], (value) => {
    if (value instanceof Undefined) value.use();
    return run(value);
  });
}

function comparing(operator: string): Filter {
  return filter(["other"], (value, args) => compares(operator, value, args.get("other")));
}

function remainder(value: Value, divisor: Value): boolean {
  if (!isNumber(value) || !isNumber(divisor)) return fail("a number is needed");
  return equal(arithmetic("%", value, divisor), 0);
}

/** Whether going through a value gives items. */
function isIterable(value: Value): boolean {
  if (value === null || isNumber(value)) return false;
  if (value instanceof PyObject) return value.iterate() !== undefined;
  return true;
}

const isSequence = (value: Value) =>
  typeof value === "string" || Array.isArray(value) || value instanceof Tuple ||
  value instanceof Dict || value instanceof Uint8Array ||
  (value instanceof PyObject && !(value instanceof Generator) && value.size() !== undefined);

const eq = comparing("==");
const ne = comparing("!=");
const [lt, le, gt, ge] = ["<", "<=", ">", ">="].map(comparing) as [Filter, Filter, Filter, Filter];

/** The tests. */
export const tests: Filters = {
  defined: filter([], (value) => !(value instanceof Undefined)),
  undefined: filter([], (value) => value instanceof Undefined),
  none: of((value) => value === null),
  true: of((value) => value === true),
  false: of((value) => value === false),
  boolean: of((value) => typeof value === "boolean"),
  integer: of((value) => isInt(value) && typeof value !== "boolean"),
  float: of((value) => isNumber(value) && !isInt(value)),
  number: of(isNumber),
  string: of((value) => typeof value === "string"),
  mapping: of((value) => value instanceof Dict),
  list: of((value) => Array.isArray(value)),
  iterable: of(isIterable),
  sequence: of(isSequence),
  callable: of((value) => value instanceof PyFunction || typeName(value).endsWith("Macro")),
  sameas: filter(["other"], (value, args) => value === args.get("other")),
  lower: filter(
    [],
    (value) => str(value) === str(value).toLowerCase() && /\p{L}/u.test(str(value)),
  ),
  upper: filter(
    [],
    (value) => str(value) === str(value).toUpperCase() && /\p{L}/u.test(str(value)),
  ),
  odd: filter([], (value) => remainderIs(value, 1)),
  even: filter([], (value) => remainderIs(value, 0)),
  divisibleby: filter(["num"], (value, args) => remainder(value, args.get("num"))),
  in: filter(["seq"], (value, args) => contains(args.get("seq"), value)),
  eq,
  "==": eq,
  equalto: eq,
  ne,
  "!=": ne,
  lt,
  "<": lt,
  lessthan: lt,
  le,
  "<=": le,
  gt,
  ">": gt,
  greaterthan: gt,
  ge,
  ">=": ge,
  escaped: of(() => false),
  filter: filter([], (value) => Object.hasOwn(known.filters, str(value))),
  test: filter([], (value) => Object.hasOwn(tests, str(value))),
  match: filter(
    ["rgx", "ignorecase", "multiline"],
    (value, args) => pattern(args).match(str(value)) !== null,
  ),
};

function remainderIs(value: Value, wanted: number): boolean {
  if (!isNumber(value)) return fail("not all arguments converted during string formatting");
  return equal(arithmetic("%", value, 2), wanted);
}

/** The filters that `is filter` knows; set where the tables come together. */
export const known: { filters: Filters } = { filters: {} };
