/** Jinja's filters of lists and dicts. (`jinja2/filters.py`) @module */
import type { Arguments } from "../arguments.ts";
import { fail } from "../errors.ts";
import { sortBy } from "../methods.ts";
import { index } from "../numbers.ts";
import { binary, getAttr, getItem } from "../operators.ts";
import type { FilterContext, Filters } from "../runtime.ts";
import { Generator } from "../iterables.ts";
import {
  compare,
  Dict,
  equal,
  iterate,
  lengthOf,
  listOf,
  orElse,
  PyObject,
  repr,
  str,
  truthy,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "../value.ts";
import { filter } from "./text.ts";

/** Gets `a.b.0` of an item. (`make_attrgetter`) */
function attributeOf(attribute: Value, fallback: Value | undefined, strict: boolean) {
  const parts = typeof attribute === "string"
    ? attribute.split(".").map((part) => /^\d+$/.test(part) ? Number(part) : part)
    : [attribute];
  return (item: Value): Value => {
    let value = item;
    for (const part of attribute === null ? [] : parts) {
      value = getItem(value, part, strict);
      if (value instanceof Undefined && fallback !== undefined && fallback !== null) {
        value = fallback;
      }
    }
    return value;
  };
}

const lowered = (value: Value) => typeof value === "string" ? value.toLowerCase() : value;

function keyOf(args: Arguments, context: FilterContext): (item: Value) => Value {
  const get = attributeOf(args.or("attribute", null), undefined, context.strict);
  return truthy(args.or("case_sensitive", false)) ? get : (item) => lowered(get(item));
}

function multiKey(args: Arguments, context: FilterContext): (item: Value) => Value {
  const attribute = args.or("attribute", null);
  if (typeof attribute !== "string" || !attribute.includes(",")) return keyOf(args, context);
  const gets = attribute.split(",").map((one) => attributeOf(one, undefined, context.strict));
  const sensitive = truthy(args.or("case_sensitive", false));
  return (item) => gets.map((get) => sensitive ? get(item) : lowered(get(item)));
}

function best(value: Value, args: Arguments, context: FilterContext, sign: number): Value {
  const items = listOf(value);
  if (items.length === 0) {
    return new Undefined("No aggregated item, sequence was empty.", context.strict);
  }
  const key = keyOf(args, context);
  return items.reduce((found, item) => sign * compare(key(item), key(found)) > 0 ? item : found);
}

async function groupBy(value: Value, args: Arguments, context: FilterContext): Promise<Value> {
  const get = attributeOf(args.get("attribute"), args.or("default", null), context.strict);
  const sensitive = truthy(args.or("case_sensitive", false));
  const key = (item: Value) => sensitive ? get(item) : lowered(get(item));
  const groups: { key: Value; shown: Value; items: Value[] }[] = [];
  for (const item of await sortBy(listOf(value), key, false)) {
    const last = groups.at(-1);
    if (last && equal(last.key, key(item))) last.items.push(item);
    else groups.push({ key: key(item), shown: get(item), items: [item] });
  }
  return groups.map(({ shown, items }) => new Group(shown, items));
}

/** What `groupby` gives: a pair with names. */
class Group extends Tuple {
  override attr(name: string): Value | undefined {
    return name === "grouper" ? this.items[0] : name === "list" ? this.items[1] : undefined;
  }
  constructor(grouper: Value, items: Value[]) {
    super([grouper, items]);
  }
}

async function map(
  value: Value,
  args: Value[],
  kwargs: ReadonlyMap<string, Value>,
  context: FilterContext,
): Promise<Value> {
  const made: Value[] = [];
  if (args.length === 0) {
    const attribute = kwargs.get("attribute");
    if (attribute === undefined) return fail("map requires a filter argument");
    const get = attributeOf(attribute, kwargs.get("default"), context.strict);
    return new Generator(listOf(value).map(get));
  }
  const [name, ...rest] = args;
  for (const item of iterate(value)) {
    made.push(await context.filter(str(name!), item, rest, new Map(kwargs)));
  }
  return new Generator(made);
}

function selector(wanted: boolean, byAttribute: boolean) {
  return filter(null, async (value, _args, context, { args, kwargs }) => {
    const rest = [...args];
    const get = byAttribute
      ? attributeOf(
        rest.shift() ?? fail("Missing parameter for attribute name"),
        undefined,
        context.strict,
      )
      : (item: Value) => item;
    const [name, ...more] = rest;
    const kept: Value[] = [];
    for (const item of iterate(value)) {
      const tested = get(item);
      const good = name === undefined
        ? truthy(tested)
        : await context.test(str(name), tested, more, kwargs);
      if (good === wanted) kept.push(item);
    }
    return new Generator(kept);
  });
}

function batch(value: Value, args: Arguments): Value {
  const size = index(args.get("linecount"));
  const fill = args.or("fill_with", null);
  const rows: Value[][] = [];
  for (const item of iterate(value)) {
    const last = rows.at(-1);
    if (last && last.length < size) last.push(item);
    else rows.push([item]);
  }
  const last = rows.at(-1);
  while (last && fill !== null && last.length < size) last.push(fill);
  return new Generator(rows);
}

function slice(value: Value, args: Arguments): Value {
  const items = listOf(value);
  const count = index(args.get("slices"));
  if (count <= 0) return fail("slices must be positive");
  const fill = args.or("fill_with", null);
  const each = Math.floor(items.length / count);
  const extra = items.length % count;
  const rows: Value[][] = [];
  for (let row = 0, at = 0; row < count; row++) {
    const size = each + (row < extra ? 1 : 0);
    const part = items.slice(at, at + size);
    at += size;
    if (fill !== null && row >= extra) part.push(fill);
    rows.push(part);
  }
  return new Generator(rows);
}

function first(value: Value, context: FilterContext, last: boolean): Value {
  const items = listOf(value);
  return orElse(
    last ? items.at(-1) : items[0],
    () => new Undefined(`No ${last ? "last" : "first"} item, sequence was empty.`, context.strict),
  );
}

function reverse(value: Value): Value {
  if (typeof value === "string") return [...value].reverse().join("");
  return new Generator(listOf(value).reverse());
}

/** The filters. */
export const listFilters: Filters = {
  default: filter(["default_value", "boolean"], (value, args) => {
    const missing = value instanceof Undefined ||
      (truthy(args.or("boolean", false)) && !truthy(value));
    return missing ? args.or("default_value", "") : value;
  }),
  length: filter([], lengthOf),
  list: filter([], listOf),
  first: filter([], (value, _args, context) => first(value, context, false)),
  last: filter([], (value, _args, context) => first(value, context, true)),
  random: filter([], (value) => {
    const items = listOf(value);
    return items[Math.floor(Math.random() * items.length)] ??
      fail("No random item, sequence was empty.");
  }),
  join: filter(["d", "attribute"], (value, args, context) => {
    const get = attributeOf(args.or("attribute", null), undefined, context.strict);
    return listOf(value).map((item) => str(get(item))).join(str(args.or("d", "")));
  }),
  reverse: filter([], reverse),
  sort: filter(
    ["reverse", "case_sensitive", "attribute"],
    (value, args, context) =>
      sortBy(listOf(value), multiKey(args, context), truthy(args.or("reverse", false))),
  ),
  dictsort: filter(["case_sensitive", "by", "reverse"], async (value, args) => {
    if (!(value instanceof Dict)) {
      return fail(`'${typeName(value)}' object has no attribute 'items'`);
    }
    const by = args.or("by", "key");
    if (by !== "key" && by !== "value") fail('You can only sort by either "key" or "value"');
    const sensitive = truthy(args.or("case_sensitive", false));
    const pairs = value.entries().map((pair) => new Tuple(pair));
    const key = (pair: Value) => {
      const part = (pair as Tuple).items[by === "key" ? 0 : 1]!;
      return sensitive ? part : lowered(part);
    };
    return await sortBy(pairs, key, truthy(args.or("reverse", false)));
  }),
  items: filter([], (value) => {
    if (value instanceof Undefined) return new Generator([]);
    if (!(value instanceof Dict)) return fail("Can only get item pairs from a mapping.");
    return new Generator(value.entries().map((pair) => new Tuple(pair)));
  }),
  groupby: filter(["attribute", "default", "case_sensitive"], groupBy),
  map: filter(null, (value, _args, context, { args, kwargs }) => map(value, args, kwargs, context)),
  select: selector(true, false),
  reject: selector(false, false),
  selectattr: selector(true, true),
  rejectattr: selector(false, true),
  attr: filter(["name"], (value, args, context) => {
    const name = str(args.get("name"));
    const found = getAttr(value, name, context.strict);
    // Of a dict this sees methods alone, and no keys.
    if (value instanceof Dict && value.has(name) && !(found instanceof PyObject)) {
      return new Undefined(`'dict object' has no attribute ${repr(name)}`, context.strict);
    }
    return found;
  }),
  batch: filter(["linecount", "fill_with"], batch),
  slice: filter(["slices", "fill_with"], slice),
  sum: filter(["attribute", "start"], (value, args, context) => {
    const get = attributeOf(args.or("attribute", null), undefined, context.strict);
    return listOf(value).reduce<Value>(
      (sum, item) => binary("+", sum, get(item)),
      args.or("start", 0),
    );
  }),
  min: filter(
    ["case_sensitive", "attribute"],
    (value, args, context) => best(value, args, context, -1),
  ),
  max: filter(
    ["case_sensitive", "attribute"],
    (value, args, context) => best(value, args, context, 1),
  ),
};
