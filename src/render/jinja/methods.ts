/** The methods of Python's containers. The sandbox of Salt lets templates change them too. @module */
import { Arguments } from "./arguments.ts";
import { fail } from "./errors.ts";
import { index } from "./numbers.ts";
import { DictView } from "./iterables.ts";
import {
  compare,
  Dict,
  equal,
  iterate,
  type Kwargs,
  listOf,
  orElse,
  PyFunction,
  PySet,
  repr,
  truthy,
  Tuple,
  type Value,
} from "./value.ts";

type Method<T> = (
  self: T,
  args: Arguments,
  rest: { args: Value[]; kwargs: Kwargs },
) => Value | Promise<Value>;
type Methods<T> = Readonly<
  Record<string, readonly [params: readonly string[] | null, run: Method<T>]>
>;

function bind<T>(methods: Methods<T>, self: T, name: string): Value | undefined {
  if (!Object.hasOwn(methods, name)) return undefined;
  const [params, run] = methods[name]!;
  return new PyFunction(name, (args, kwargs) => {
    const bound = params === null
      ? new Arguments(name, [], [], new Map())
      : new Arguments(name, params, args, kwargs);
    return run(self, bound, { args, kwargs });
  });
}

/** Sorts in place, stable. */
export async function sortBy(
  items: Value[],
  key: (item: Value) => Value | Promise<Value>,
  reverse: boolean,
): Promise<Value[]> {
  const keyed: [Value, Value][] = [];
  for (const item of items) keyed.push([await key(item), item]);
  const sign = reverse ? -1 : 1;
  return keyed.sort((a, b) => sign * compare(a[0], b[0])).map((pair) => pair[1]);
}

function position(items: readonly Value[], wanted: Value): number {
  const found = items.findIndex((item) => equal(item, wanted));
  return found < 0 ? fail(`${repr(wanted)} is not in list`) : found;
}

function count(items: readonly Value[], wanted: Value): number {
  return items.filter((item) => equal(item, wanted)).length;
}

const ofList: Methods<Value[]> = {
  append: [["object"], (self, args) => {
    self.push(args.get("object"));
    return null;
  }],
  extend: [["iterable"], (self, args) => {
    self.push(...listOf(args.get("iterable")));
    return null;
  }],
  insert: [["index", "object"], (self, args) => {
    self.splice(index(args.get("index")), 0, args.get("object"));
    return null;
  }],
  pop: [["index"], (self, args) => {
    const at = index(args.or("index", -1));
    const from = at < 0 ? at + self.length : at;
    if (self.length === 0) return fail("pop from empty list");
    if (from < 0 || from >= self.length) return fail("pop index out of range");
    return self.splice(from, 1)[0]!;
  }],
  remove: [["value"], (self, args) => {
    self.splice(position(self, args.get("value")), 1);
    return null;
  }],
  clear: [[], (self) => {
    self.length = 0;
    return null;
  }],
  copy: [[], (self) => [...self]],
  count: [["value"], (self, args) => count(self, args.get("value"))],
  index: [["value"], (self, args) => position(self, args.get("value"))],
  reverse: [[], (self) => {
    self.reverse();
    return null;
  }],
  sort: [["key", "reverse"], async (self, args) => {
    const sorted = await sortBy([...self], (item) => item, truthy(args.or("reverse", false)));
    self.splice(0, self.length, ...sorted);
    return null;
  }],
};

/** Lays pairs or a dict, and named values, over a dict. */
export function update(self: Dict, given: Value | undefined, kwargs: Kwargs): void {
  if (given instanceof Dict) { for (const [key, value] of given.entries()) self.set(key, value); }
  else if (given !== undefined) {
    for (const pair of iterate(given)) {
      const both = listOf(pair);
      if (both.length !== 2) fail("dictionary update sequence element is not a pair");
      self.set(both[0]!, both[1]!);
    }
  }
  for (const [key, value] of kwargs) self.set(key, value);
}

const ofDict: Methods<Dict> = {
  get: [
    ["key", "default"],
    (self, args) => orElse(self.get(args.get("key")), () => args.or("default", null)),
  ],
  keys: [[], (self) => new DictView("keys", () => self.keys())],
  values: [[], (self) => new DictView("values", () => self.values())],
  items: [[], (self) => new DictView("items", () => self.entries().map((pair) => new Tuple(pair)))],
  copy: [[], (self) => Dict.of(self.entries())],
  clear: [[], (self) => {
    self.clear();
    return null;
  }],
  pop: [["key", "default"], (self, args) => {
    const key = args.get("key");
    const found = self.get(key);
    if (found === undefined) return args.has("default") ? args.get("default") : fail(repr(key));
    self.delete(key);
    return found;
  }],
  popitem: [[], (self) => {
    const last = self.entries().at(-1);
    if (!last) return fail("'popitem(): dictionary is empty'");
    self.delete(last[0]);
    return new Tuple(last);
  }],
  setdefault: [["key", "default"], (self, args) => {
    const key = args.get("key");
    if (!self.has(key)) self.set(key, args.or("default", null));
    return self.get(key)!;
  }],
  update: [null, (self, _args, { args, kwargs }) => {
    update(self, args[0], kwargs);
    return null;
  }],
  fromkeys: [
    ["iterable", "value"],
    (_self, args) =>
      Dict.of(listOf(args.get("iterable")).map((key) => [key, args.or("value", null)])),
  ],
};

const ofTuple: Methods<Tuple> = {
  count: [["value"], (self, args) => count(self.items, args.get("value"))],
  index: [["value"], (self, args) => position(self.items, args.get("value"))],
};

const ofSet: Methods<PySet> = {
  add: [["value"], (self, args) => {
    self.add(args.get("value"));
    return null;
  }],
  copy: [[], (self) => new PySet(self.items())],
  union: [["other"], (self, args) => new PySet([...self.items(), ...iterate(args.get("other"))])],
  intersection: [["other"], (self, args) => {
    const other = new PySet(iterate(args.get("other")));
    return new PySet(self.items().filter((item) => other.has(item)));
  }],
  difference: [["other"], (self, args) => {
    const other = new PySet(iterate(args.get("other")));
    return new PySet(self.items().filter((item) => !other.has(item)));
  }],
  update: [["other"], (self, args) => {
    for (const item of iterate(args.get("other"))) self.add(item);
    return null;
  }],
  issubset: [["other"], (self, args) => {
    const other = new PySet(iterate(args.get("other")));
    return self.items().every((item) => other.has(item));
  }],
  issuperset: [
    ["other"],
    (self, args) => listOf(args.get("other")).every((item) => self.has(item)),
  ],
};

export const listMethod = (self: Value[], name: string) => bind(ofList, self, name);
export const dictMethod = (self: Dict, name: string) => bind(ofDict, self, name);
export const tupleMethod = (self: Tuple, name: string) => bind(ofTuple, self, name);
export const setMethod = (self: PySet, name: string) => bind(ofSet, self, name);
