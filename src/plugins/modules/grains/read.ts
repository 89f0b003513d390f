/** Functions of `grains` that look. @module */
import { SaltException } from "../../../errors.ts";
import { traverse } from "../../../loader/traverse.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compileGlob } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { mergeRecursive } from "../../pillar/merge.ts";

const path = {
  type: "string",
  required: true,
  doc: "Path of the grain, such as `os:arch`.",
} as const;
const delimiter = { type: "string", default: ":", doc: "Between the parts of the path." } as const;

function hideEnd(value: Data): Data {
  const text = pyStr(value);
  const shown = Math.floor(text.length * 0.75);
  return text.slice(0, shown) + "X".repeat(text.length - shown);
}

/** What takes the place of grains that tell which machine it is. */
const sanitizers: Record<string, (value: Data) => Data> = {
  serialnumber: hideEnd,
  domain: () => "DOMAINNAME",
  fqdn: () => "MINION.DOMAINNAME",
  id: () => "MINION.DOMAINNAME",
  host: () => "MINION",
  localhost: () => "MINION",
  nodename: () => "MINION",
};

function sanitize(grains: DataMap): DataMap {
  const clean = { ...grains };
  for (const [key, replace] of Object.entries(sanitizers)) {
    if (Object.hasOwn(clean, key)) clean[key] = replace(clean[key]!);
  }
  return clean;
}

/** The entry of a table that fits a grain. (`salt/utils/data.py:filter_by`) */
function choose(table: DataMap, value: Data | undefined, fallback: string): Data {
  const values = Array.isArray(value) ? value : [value ?? null];
  for (const each of value === undefined ? [] : values) {
    const text = pyStr(each);
    for (const [key, entry] of Object.entries(table)) {
      if ((text === key || compileGlob(key)(text)) && entry !== null) return entry;
    }
  }
  return Object.hasOwn(table, fallback) ? table[fallback]! : null;
}

function withBase(chosen: Data, base: Data | undefined): Data {
  if (base === undefined) return chosen;
  if (chosen === null) return base;
  if (!isMap(base)) return chosen;
  if (!isMap(chosen)) {
    throw new SaltException(
      "filter_by default and look-up values must both be dictionaries.",
    );
  }
  return mergeRecursive(base, chosen, false);
}

interface FilterArgs {
  lookup_dict: DataMap;
  grain: string;
  merge: Data;
  default: string;
  base: string | null;
}

function filterBy(ctx: ExecContext, args: FilterArgs): Data {
  const { lookup_dict: table, base, merge } = args;
  const chosen = choose(table, traverse(ctx.grains, args.grain), args.default);
  const based = withBase(
    chosen,
    base !== null && Object.hasOwn(table, base) ? table[base] : undefined,
  );
  if (!pyTruthy(merge)) return based;
  if (!isMap(merge)) {
    throw new SaltException("filter_by merge argument must be a dictionary.");
  }
  return isMap(based) ? mergeRecursive(based, merge, false) : merge;
}

const get = fn({
  doc: "Returns the grain at a path.",
  args: {
    key: path,
    default: { type: "any", default: "", doc: "What to return when there is none." },
    delimiter,
    ordered: { type: "bool", default: true, doc: "Has no effect: maps always keep their order." },
  },
  example: "salt '*' grains.get pkg:apache\nsalt '*' grains.get abc::def|ghi delimiter='|'",
  run(ctx, { key, default: fallback, delimiter }) {
    const found = traverse(ctx.grains, key, delimiter);
    return found === undefined ? fallback : found;
  },
});

/** Functions that look. */
export const readFunctions = {
  get,
  fetch: get,
  items: fn({
    doc: "Returns all grains.",
    args: {
      sanitize: {
        type: "any",
        default: false,
        doc: "Hides what tells which machine it is: names, domain, serial number.",
      },
    },
    example: "salt '*' grains.items\nsalt '*' grains.items sanitize=True",
    run: (ctx, args) => isTrue(args.sanitize) ? sanitize(ctx.grains) : { ...ctx.grains },
  }),
  item: fn({
    doc: "Returns the grains at some paths. Takes `default`, `delimiter` and `sanitize`.",
    args: {
      args: { type: "list", variadic: true, doc: "The paths." },
      kwargs: { type: "map", keywords: true, doc: "" },
    },
    example: "salt '*' grains.item os\nsalt '*' grains.item os osrelease oscodename\n" +
      "salt '*' grains.item host sanitize=true",
    run(ctx, { args, kwargs }) {
      const between = pyStr(kwargs["delimiter"] ?? ":");
      const found: DataMap = {};
      for (const key of args.map(pyStr)) {
        const value = traverse(ctx.grains, key, between);
        found[key] = value === undefined ? kwargs["default"] ?? "" : value;
      }
      return isTrue(kwargs["sanitize"]) ? sanitize(found) : found;
    },
  }),
  ls: fn({
    doc: "Lists the names of all grains.",
    args: {},
    example: "salt '*' grains.ls",
    run: (ctx) => Object.keys(ctx.grains).sort(),
  }),
  has_value: fn({
    doc: "Says whether there is a grain at a path.",
    args: { key: path },
    example: "salt '*' grains.has_value pkg:apache",
    run: (ctx, { key }) => traverse(ctx.grains, key) !== undefined,
  }),
  equals: fn({
    doc: "Says whether the grain at a path has a value.",
    args: { key: path, value: { type: "any", required: true, doc: "The value." } },
    example: "salt '*' grains.equals fqdn host.example.com\n" +
      "salt '*' grains.equals systemd:version 219",
    run: (ctx, { key, value }) => pyStr(value) === pyStr(traverse(ctx.grains, key) ?? ""),
  }),
  filter_by: fn({
    doc: "Returns the entry of a table that fits a grain. Keys of the table may be globs.",
    args: {
      lookup_dict: { type: "map", required: true, doc: "The table, by values of the grain." },
      grain: { type: "string", default: "os_family", doc: "Path of the grain." },
      merge: { type: "any", doc: "A map that is put over the entry." },
      default: { type: "string", default: "default", doc: "Key of the entry when none fits." },
      base: { type: "string", doc: "Key of the entry that lies under all others." },
    },
    example: "salt '*' grains.filter_by '{Debian: Debheads rule, RedHat: I love my hat}'\n" +
      "salt '*' grains.filter_by '{default: {A: {B: C}, D: E}, F1: {A: {B: W}}}' 'xxx' " +
      "'{D: {E: I}}' 'F1'",
    run: (ctx, args) => filterBy(ctx, args),
  }),
};
