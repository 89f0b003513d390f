/** Salt's filters of lists and dicts. (`salt/utils/data.py`, `dictupdate.py`, `jinja.py`) @module */
import { randomInt } from "node:crypto";
import type { Arguments } from "../arguments.ts";
import { fail } from "../errors.ts";
import { arithmetic, index } from "../numbers.ts";
import { binary } from "../operators.ts";
import { sortBy, update } from "../methods.ts";
import type { Filter, Filters } from "../runtime.ts";
import { Generator } from "../iterables.ts";
import {
  compare,
  contains,
  Dict,
  equal,
  isInt,
  isNumber,
  iterate,
  type Kwargs,
  lengthOf,
  listOf,
  orElse,
  PySet,
  str,
  truthy,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "../value.ts";
import { filter, parseFloatText, parseInteger } from "./text.ts";
import { floatOf } from "../numbers.ts";

function uniqueItems(items: readonly Value[]): Value[] {
  const found: Value[] = [];
  for (const item of items) if (!found.some((one) => equal(one, item))) found.push(item);
  return found;
}

/** Whether Python could put the value into a set. */
function isHashable(value: Value): boolean {
  return !(Array.isArray(value) || value instanceof Dict || value instanceof PySet);
}

/** A filter of two lists: of sets when neither is a list itself. */
function ofSets(choose: (a: Value[], b: Value[]) => Value[]): Filter {
  return filter(["lst2"], (value, args) => {
    const other = args.get("lst2");
    const chosen = uniqueItems(choose(listOf(value), listOf(other)));
    return isHashable(value) && isHashable(other) ? new PySet(chosen) : chosen;
  });
}

const has = (items: readonly Value[], item: Value) => items.some((one) => equal(one, item));

/** Text as a number, if it is one. (`salt.utils.stringutils.to_num`) */
function toNum(value: Value): Value {
  if (typeof value !== "string") return value;
  const whole = parseInteger(value, 10);
  if (whole !== null) return whole;
  const float = parseFloatText(value);
  return float === null ? value : floatOf(float);
}

function traverse(data: Value, args: Arguments): Value {
  const given = args.get("key");
  const fallback = args.or("default", null);
  const steps = typeof given === "string"
    ? given.split(str(args.or("delimiter", ":")))
    : isInt(given)
    ? [given]
    : listOf(given);
  let at: Value = data;
  for (const step of steps) {
    const next = stepInto(at, step);
    if (next === undefined) return fallback;
    at = next;
  }
  return at;
}

function stepInto(at: Value, step: Value): Value | undefined {
  if (Array.isArray(at)) {
    const whole = isInt(step) ? Number(step) : parseInteger(str(step), 10);
    const key = whole === null ? step : whole;
    for (const item of at) if (item instanceof Dict && item.has(key)) return item.get(key);
    return whole === null ? undefined : at.at(Number(whole));
  }
  if (!(at instanceof Dict)) return undefined;
  const number = typeof step === "string" ? parseInteger(step, 10) : null;
  return at.has(step) || number === null ? at.get(step) : at.get(number);
}

function flatten(items: Value, levels: number, keep: boolean, depth = 0): Value[] {
  if (depth > 100) fail("Reference cycle detected. Check input list.");
  const found: Value[] = [];
  for (const item of iterate(items)) {
    const nothing = item === null || item === "None" || item === "null";
    if (nothing && !keep) continue;
    if (Array.isArray(item) && levels > 0) {
      found.push(...flatten(item, levels - 1, keep, depth + 1));
    } else found.push(item);
  }
  return found;
}

function compareDicts(value: Value, args: Arguments): Value {
  const other = args.or("new", null);
  const [old, now] = [value, other].map((one) => one instanceof Dict ? one : new Dict());
  const changes = new Dict();
  for (const key of uniqueItems([...now!.keys(), ...old!.keys()])) {
    const [before, after] = [old!.get(key), now!.get(key)];
    if (before !== undefined && after !== undefined && equal(before, after)) continue;
    const pair: [string, Value][] = [
      ["old", orElse(before, () => "")],
      ["new", orElse(after, () => "")],
    ];
    changes.set(key, Dict.of(after === undefined ? pair.reverse() : pair));
  }
  return changes;
}

function compareLists(value: Value, args: Arguments): Value {
  const [old, now] = [listOf(value), listOf(args.or("new", []))];
  const changes = new Dict();
  const [added, gone] = [
    now.filter((item) => !has(old, item)),
    old.filter((item) => !has(now, item)),
  ];
  if (added.length > 0) changes.set("new", added);
  if (gone.length > 0) changes.set("old", gone);
  return changes;
}

/** The dict that holds the last of some keys, made where it is not there. */
function holderOf(dict: Value, args: Arguments): [Dict, string] {
  if (!(dict instanceof Dict)) return fail(`a dict is needed, not ${typeName(dict)}`);
  const keys = str(args.get("keys")).split(str(args.or("delimiter", ":")));
  const last = keys.pop()!;
  let at: Dict = dict;
  for (const key of keys) {
    let next = at.get(key);
    if (!(next instanceof Dict)) at.set(key, next = new Dict());
    at = next as Dict;
  }
  return [at, last];
}

function changing(change: (found: Value, value: Value) => void, make: () => Value): Filter {
  return filter(["keys", "value", "delimiter", "ordered_dict"], (dict, args) => {
    const [holder, key] = holderOf(dict, args);
    if ((holder.get(key) ?? null) === null) holder.set(key, make());
    change(holder.get(key)!, args.get("value"));
    return dict;
  });
}

const listAt = (value: Value): Value[] =>
  Array.isArray(value)
    ? value
    : fail(`The last key contains a ${typeName(value)}, which is no list.`);

/** All ways to take items. (`itertools`) */
function* choices(
  items: Value[],
  size: number,
  repeated: boolean,
  ordered: boolean,
): Iterable<Value> {
  const chosen: number[] = [];
  function* next(): Iterable<Value> {
    if (chosen.length === size) {
      yield new Tuple(chosen.map((at) => items[at]!));
      return;
    }
    const last = chosen.at(-1) ?? 0;
    const from = ordered || chosen.length === 0 ? 0 : repeated ? last : last + 1;
    for (let at = from; at < items.length; at++) {
      if (ordered && chosen.includes(at)) continue;
      chosen.push(at);
      yield* next();
      chosen.pop();
    }
  }
  yield* next();
}

function* product(lists: readonly Value[][], from = 0): Iterable<Value[]> {
  if (from === lists.length) {
    yield [];
    return;
  }
  for (const item of lists[from]!) {
    for (const rest of product(lists, from + 1)) yield [item, ...rest];
  }
}

function zip(lists: readonly Value[][], length: number, fill: Value): Value {
  return new Generator(
    Array.from(
      { length },
      (_, at) => new Tuple(lists.map((list) => at < list.length ? list[at]! : fill)),
    ),
  );
}

type Raw = { args: Value[]; kwargs: Kwargs };
const listsOf = (value: Value, { args }: Raw) => [value, ...args].map(listOf);

function shuffled(items: Value[]): Value[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = randomInt(at + 1);
    [items[at], items[other]] = [items[other]!, items[at]!];
  }
  return items;
}

function mysqlToDict(value: Value, args: Arguments): Value {
  const found = new Dict();
  let headers: string[] = [];
  for (const line of listOf(value).map(str)) {
    if (line === "" || line.startsWith("+")) continue;
    const cells = line.split("|").map((cell) => cell.trim());
    if (headers.length <= 1) headers = cells;
    else {
      const row = Dict.of(
        headers.slice(1, -1).map((name, at) => [name, toNum(cells[at + 1] ?? "")]),
      );
      found.set(row.get(args.get("key")) ?? fail(`no column ${str(args.get("key"))}`), row);
    }
  }
  return found;
}

const truthyCount = (value: Value) => listOf(value).filter(truthy).length;
const toNumber = filter([], toNum);

/** The filters. */
export const dataFilters: Filters = {
  unique: filter(["case_sensitive", "attribute"], (value) => {
    if (value instanceof Undefined) value.use();
    const found = uniqueItems(listOf(value));
    return isHashable(value) ? new PySet(found) : found;
  }),
  union: ofSets((a, b) => [...a, ...b]),
  intersect: ofSets((a, b) => a.filter((item) => has(b, item))),
  difference: ofSets((a, b) => a.filter((item) => !has(b, item))),
  symmetric_difference: ofSets((
    a,
    b,
  ) => [...a.filter((item) => !has(b, item)), ...b.filter((item) => !has(a, item))]),
  min: filter([], (value) => listOf(value).reduce((a, b) => compare(b, a) < 0 ? b : a)),
  max: filter([], (value) => listOf(value).reduce((a, b) => compare(b, a) > 0 ? b : a)),
  avg: filter([], (value) => {
    if (isHashable(value)) return floatOf(Number(value));
    const sum = listOf(value).reduce<Value>((total, item) => binary("+", total, item), 0);
    if (!isNumber(sum)) return fail("avg needs numbers");
    return floatOf(Number(arithmetic("/", sum, lengthOf(value)) as number));
  }),
  sequence: filter(
    [],
    (value) =>
      Array.isArray(value) || value instanceof Tuple || value instanceof PySet ||
        value instanceof Dict
        ? value
        : [value],
  ),
  skip: filter([], () => ""),
  to_bool: filter([], (value) => {
    if (value === null || typeof value === "boolean") return value === true;
    if (typeof value === "string") return ["yes", "1", "true"].includes(value.toLowerCase());
    if (isInt(value)) return value > 0;
    return !isHashable(value) && lengthOf(value) > 0;
  }),
  to_num: toNumber,
  str_to_num: toNumber,
  traverse: filter(["key", "default", "delimiter"], traverse),
  flatten: filter(["levels", "preserve_nulls"], (value, args) => {
    const levels = args.or("levels", null);
    return flatten(
      value,
      levels === null ? Infinity : index(levels),
      truthy(args.or("preserve_nulls", false)),
    );
  }),
  compare_dicts: filter(["new"], compareDicts),
  compare_lists: filter(["new"], compareLists),
  exactly_n_true: filter(
    ["amount"],
    (value, args) => truthyCount(value) === index(args.or("amount", 1)),
  ),
  exactly_one_true: filter([], (value) => truthyCount(value) === 1),
  substring_in_list: filter(
    ["list_to_search"],
    (value, args) => listOf(args.get("list_to_search")).some((item) => contains(item, value)),
  ),
  is_list: filter([], (value) => Array.isArray(value)),
  is_iter: filter([], (value) => typeof value !== "string" && value !== null && !isNumber(value)),
  sorted_ignorecase: filter(
    [],
    (value) => sortBy(listOf(value), (item) => str(item).toLowerCase(), false),
  ),
  mysql_to_dict: filter(["key"], mysqlToDict),
  json_encode_dict: filter([], (value) => value),
  json_decode_dict: filter([], (value) => value),
  json_encode_list: filter([], (value) => value),
  json_decode_list: filter([], (value) => value),
  random_sample: filter(
    ["size"],
    (value, args) => shuffled(listOf(value)).slice(0, index(args.get("size"))),
  ),
  random_shuffle: filter([], (value) => shuffled(listOf(value))),
  set_dict_key_value: filter(["keys", "value", "delimiter", "ordered_dict"], (dict, args) => {
    const [holder, key] = holderOf(dict, args);
    holder.set(key, args.get("value"));
    return dict;
  }),
  update_dict_key_value: changing((found, value) => {
    if (!(found instanceof Dict)) {
      fail(`The last key contains a ${typeName(found)}, which cannot update.`);
    }
    update(found as Dict, value, new Map());
  }, () => new Dict()),
  append_dict_key_value: changing((found, value) => listAt(found).push(value), () => []),
  extend_dict_key_value: changing(
    (found, value) => listAt(found).push(...iterate(value)),
    () => [],
  ),
  combinations: filter(
    ["r"],
    (value, args) => new Generator(choices(listOf(value), index(args.get("r")), false, false)),
  ),
  combinations_with_replacement: filter(
    ["r"],
    (value, args) => new Generator(choices(listOf(value), index(args.get("r")), true, false)),
  ),
  permutations: filter(["r"], (value, args) => {
    const size = args.or("r", null);
    return new Generator(
      choices(listOf(value), size === null ? lengthOf(value) : index(size), false, true),
    );
  }),
  compress: filter(["selectors"], (value, args) => {
    const wanted = listOf(args.get("selectors"));
    return new Generator(
      listOf(value).filter((_, at) => at < wanted.length && truthy(wanted[at]!)),
    );
  }),
  product: filter(null, (value, _args, _context, raw) => {
    const lists = listsOf(value, raw);
    const times = index(raw.kwargs.get("repeat") ?? 1);
    const all = Array.from({ length: Math.min(100, times) }, () => lists).flat();
    const made = product(all);
    return new Generator((function* () {
      for (const items of made) yield new Tuple(items);
    })());
  }),
  zip: filter(null, (value, _args, _context, raw) => {
    const lists = listsOf(value, raw);
    return zip(lists, Math.min(...lists.map((list) => list.length)), null);
  }),
  zip_longest: filter(null, (value, _args, _context, raw) => {
    const lists = listsOf(value, raw);
    return zip(
      lists,
      Math.max(...lists.map((list) => list.length)),
      orElse(raw.kwargs.get("fillvalue"), () => null),
    );
  }),
};
