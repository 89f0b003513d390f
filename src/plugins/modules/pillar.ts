/** The pillar of this minion: as it is known, or compiled anew. (`salt/modules/pillar.py`) @module */
import { statSync } from "node:fs";
import { join, normalize } from "node:path";
import { CommandExecutionError, SaltException } from "../../errors.ts";
import { updateMap } from "../../loader/dict_update.ts";
import { filterBy } from "../../loader/filter_by.ts";
import { defaultDelimiter, traverse } from "../../loader/traverse.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyIncludes } from "../../text/py_equal.ts";
import { pyStr, pyTruthy, pyTypeName } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** What stands for "no default was given" in the signature. */
const NOT_SET = "<Constant.NOT_SET>";

const delimiter = {
  type: "string",
  default: defaultDelimiter,
  doc: "Stands between the parts of a path.",
} as const;
const environments = {
  pillarenv: {
    type: "string",
    default: null,
    doc: "Has the master compile the pillar of this environment, for this call only.",
  },
  saltenv: {
    type: "string",
    default: null,
    doc: "Taken for `pillarenv` where the option `pillarenv_from_saltenv` is set.",
  },
} as const;
const more = {
  args: { type: "any", variadic: true, doc: "" },
  kwargs: {
    type: "map",
    keywords: true,
    doc: "`pillar`: a map to lay over the result; `pillarenv`: the environment to compile.",
  },
} as const;

function textOrNull(value: Data | undefined): string | null {
  return value === undefined || value === null ? null : pyStr(value);
}

/** A pillar compiled now. */
function compiled(ctx: ExecContext, kwargs: DataMap): Promise<DataMap> {
  if (pyTruthy(kwargs["pillar_enc"] ?? null)) {
    throw new CommandExecutionError(
      `Failed to decrypt pillar override: there is no renderer "${pyStr(kwargs["pillar_enc"]!)}"`,
    );
  }
  const { opts } = ctx;
  const saltenv = textOrNull(kwargs["saltenv"]) ?? opts.saltenv;
  const usual = opts.pillarenv_from_saltenv ? saltenv : opts.pillarenv;
  const override = kwargs["pillar"];
  return ctx.minion.requestPillar({
    saltenv,
    pillarenv: textOrNull(kwargs["pillarenv"]) ?? usual,
    ...(isMap(override) ? { override } : {}),
  });
}

/** The pillar in memory, or a new one when an environment is asked for. */
async function pillarOf(
  ctx: ExecContext,
  { pillarenv, saltenv }: { pillarenv: string | null; saltenv: string | null },
): Promise<DataMap> {
  return pillarenv === null && saltenv === null
    ? ctx.pillar
    : await compiled(ctx, { pillarenv, saltenv });
}

interface Get {
  key: string;
  default: Data;
  merge: boolean;
  merge_nested_lists: boolean | null;
  delimiter: string;
  pillarenv: string | null;
  saltenv: string | null;
}

/** The default with the value in it; undefined when the two cannot be merged. */
function mergedValue(ctx: ExecContext, pillar: DataMap, args: Get): Data | undefined {
  const { default: under, key, delimiter } = args;
  const value = traverse(pillar, key, delimiter);
  if (isMap(under)) {
    const over = value ?? {};
    const lists = args.merge_nested_lists ?? ctx.opts.pillar_merge_lists === true;
    if (isMap(over)) return updateMap(under, over, lists);
  } else if (Array.isArray(under)) {
    const over = value ?? [];
    if (Array.isArray(over)) return [...under, ...over.filter((item) => !pyIncludes(under, item))];
  }
  ctx.log.error(
    `pillar.get: default and value of ${key} cannot be merged: they are of types ` +
      `'${pyTypeName(under)}' and '${pyTypeName(value ?? null)}'`,
  );
  return undefined;
}

async function get(ctx: ExecContext, args: Get): Promise<Data> {
  const pillar = await pillarOf(ctx, args);
  const isSet = args.default !== NOT_SET;
  if (args.merge) {
    const merged = mergedValue(ctx, pillar, { ...args, default: isSet ? args.default : "" });
    if (merged !== undefined) return merged;
  }
  const value = traverse(pillar, args.key, args.delimiter);
  if (value !== undefined) return value;
  if (isSet) return args.default;
  if (ctx.opts["pillar_raise_on_missing"]) {
    throw new SaltException(`Pillar key not found: ${args.key}`);
  }
  return "";
}

async function item(ctx: ExecContext, keys: readonly Data[], kwargs: DataMap): Promise<DataMap> {
  const pillar = await pillarOf(ctx, {
    pillarenv: textOrNull(kwargs["pillarenv"]),
    saltenv: textOrNull(kwargs["saltenv"]),
  });
  const separator = pyStr(kwargs["delimiter"] ?? defaultDelimiter);
  const missing = kwargs["default"] ?? "";
  return Object.fromEntries(
    keys.map(pyStr).map((key) => [key, traverse(pillar, key, separator) ?? missing]),
  );
}

function items(ctx: ExecContext, keys: readonly Data[], kwargs: DataMap): Promise<DataMap> {
  return keys.length > 0 ? item(ctx, keys, {}) : compiled(ctx, kwargs);
}

/** Values become the names of their types. */
function obfuscated(value: Data): Data {
  if (Array.isArray(value)) return value.map(obfuscated);
  if (!isMap(value)) return `<${pyTypeName(value)}>`;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, obfuscated(one)]));
}

function fileExists(ctx: ExecContext, path: string, saltenv: string | null): boolean {
  const roots = ctx.opts.pillar_roots as { readonly [env: string]: unknown };
  if (Object.keys(roots).length === 0) {
    throw new CommandExecutionError("No pillar_roots found. Are you running this on the master?");
  }
  const relative = normalize(path);
  if (relative === ".." || relative.startsWith("../")) return false;
  const folders = Object.entries(roots).filter(([env]) => saltenv === null || env === saltenv)
    .flatMap(([, list]) => [list].flat());
  return folders.some((folder) =>
    statSync(join(String(folder), relative), { throwIfNoEntry: false })?.isFile() === true
  );
}

const getFunction = fn({
  doc: "Returns a value of the pillar in memory; an empty text when there is none.",
  args: {
    key: { type: "string", required: true, doc: "Path of the value: `pkg:apache`." },
    default: {
      type: "any",
      default: NOT_SET,
      doc: "Returned when there is no such value. Without it that is an empty text, or an error " +
        "where the option `pillar_raise_on_missing` is set.",
    },
    merge: {
      type: "bool",
      default: false,
      doc: "Lays the value over the default, when both are maps or both lists.",
    },
    merge_nested_lists: {
      type: "bool",
      default: null,
      doc: "Whether lists inside maps are joined when these are merged; the option " +
        "`pillar_merge_lists` when left out.",
    },
    delimiter,
    ...environments,
  },
  example: "salt '*' pillar.get pkg:apache\n" +
    "salt '*' pillar.get 'abc::def|ghi' delimiter='|'",
  run: get,
});

/** The module `pillar`. */
export const pillar = executionModule({
  name: "pillar",
  doc: "The pillar of this minion: as it is known, or compiled anew.",
  functions: {
    get: getFunction,
    item: fn({
      doc: "Returns values of the pillar in memory, by path.",
      args: {
        args: { type: "any", variadic: true, doc: "Paths of values." },
        kwargs: {
          type: "map",
          keywords: true,
          doc: "`default`, `delimiter`, `pillarenv` and `saltenv`, as for `get`.",
        },
      },
      example: "salt '*' pillar.item foo\nsalt '*' pillar.item foo:bar\n" +
        "salt '*' pillar.item foo bar baz",
      run: (ctx, { args, kwargs }) => item(ctx, args, kwargs),
    }),
    items: fn({
      doc: "Has the master compile the pillar, and returns it. The one in memory stays as it is.",
      args: more,
      example: "salt '*' pillar.items",
      run: (ctx, { args, kwargs }) => items(ctx, args, kwargs),
    }),
    ls: fn({
      doc: "Has the master compile the pillar, and returns its top keys.",
      args: { args: more.args },
      example: "salt '*' pillar.ls",
      run: async (ctx, { args }) => Object.keys(await items(ctx, args, {})),
    }),
    obfuscate: fn({
      doc: "Has the master compile the pillar, and returns it with types in place of values.",
      args: more,
      example: "salt '*' pillar.obfuscate",
      run: async (ctx, { args, kwargs }) => obfuscated(await items(ctx, args, kwargs)),
    }),
    raw: fn({
      doc: "Returns the pillar in memory, or what is below one of its top keys.",
      args: { key: { type: "string", default: null, doc: "A top key." } },
      example: "salt '*' pillar.raw\nsalt '*' pillar.raw key='roles'",
      run(ctx, { key }) {
        if (!key) return { ...ctx.pillar };
        return Object.hasOwn(ctx.pillar, key) ? ctx.pillar[key]! : {};
      },
    }),
    keys: fn({
      doc: "Returns the keys of a map in the pillar in memory.",
      args: { key: { type: "string", required: true, doc: "Path of the map." }, delimiter },
      example: "salt '*' pillar.keys web:sites",
      run(ctx, args) {
        const value = traverse(ctx.pillar, args.key, args.delimiter);
        if (value === undefined) throw new SaltException(`Pillar key not found: ${args.key}`);
        if (isMap(value)) return Object.keys(value);
        throw new SaltException(`Pillar value in key ${args.key} is not a dict`);
      },
    }),
    filter_by: fn({
      doc: "Returns the entry of a table whose key fits a pillar value.",
      args: {
        lookup_dict: {
          type: "map",
          required: true,
          doc: "The table. Its keys may be patterns.",
        },
        pillar: {
          type: "string",
          required: true,
          doc: "Path of the value; one item of a list is enough.",
        },
        merge: { type: "any", default: null, doc: "Map to lay over the entry." },
        default: { type: "string", default: "default", doc: "Key to use when none fits." },
        base: { type: "string", default: null, doc: "Key of a map to lay under the entry." },
      },
      example: "salt '*' pillar.filter_by '{web: Serve it up, db: I query, default: x_x}' role",
      run: (ctx, args) => filterBy(args.lookup_dict, traverse(ctx.pillar, args.pillar) ?? [], args),
    }),
    file_exists: fn({
      doc: "Says whether a file is below `pillar_roots` of this machine, which has to be a master.",
      args: {
        path: { type: "string", required: true, doc: "Path below a root." },
        saltenv: { type: "string", default: null, doc: "Look in this environment only." },
      },
      example: "salt '*' pillar.file_exists foo/bar.sls",
      run: (ctx, args) => fileExists(ctx, args.path, args.saltenv),
    }),
  },
  aliases: { data: "items", fetch: "get" },
});
