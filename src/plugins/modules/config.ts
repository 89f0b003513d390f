/** The minion's configuration, with grains and pillar behind it. (`salt/modules/config.py`) @module */
import { traverse } from "../../loader/traverse.ts";
import { type ArgSpec, type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { globFilter } from "../../text/glob.ts";
import { pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { mergeOverwrite, mergeRecursive } from "../pillar/merge.ts";

/** What options are when nobody sets them, of those that belong to modules. (`DEFAULTS`) */
const defaults: DataMap = {
  "mongo.db": "salt",
  "mongo.password": "",
  "mongo.port": 27017,
  "mongo.user": "",
  "redis.db": "0",
  "redis.host": "salt",
  "redis.port": 6379,
  "test.foo": "unconfigured",
  "ca.cert_base_path": "/etc/pki",
  "ldap.uri": "",
  "ldap.server": "localhost",
  "ldap.port": "389",
  "ldap.tls": false,
  "ldap.no_verify": false,
  "ldap.anonymous": true,
  "ldap.scope": 2,
  "ldap.attrs": null,
  "ldap.binddn": "",
  "ldap.bindpw": "",
  "hosts.file": "/etc/hosts",
  "aliases.file": "/etc/aliases",
};

const protocols = new Set(["salt", "file", "http", "https", "ftp", "swift", "s3"]);

const omit = (where: string) =>
  ({ type: "bool", default: false, doc: `Does not look in ${where}.` }) as const satisfies ArgSpec;
const omitOpts = omit("the minion's options");
const omitGrains = omit("grains");
const omitPillar = omit("pillar");
const omitMaster = omit("what the pillar says of the master's options");
const delimiter = {
  type: "string",
  default: ":",
  doc: "Between the parts of the path.",
} as const satisfies ArgSpec;

/** The master's options that `pillar_opts` puts into the pillar. */
function masterOpts(ctx: ExecContext): DataMap {
  const master = ctx.pillar["master"];
  return isMap(master) ? master : {};
}

interface Omissions {
  omit_opts: boolean;
  omit_grains?: boolean;
  omit_pillar: boolean;
  omit_master: boolean;
}

/** Where values are looked for, the strongest first. */
function sources(ctx: ExecContext, omissions: Omissions): DataMap[] {
  return [
    ...(omissions.omit_opts ? [] : [ctx.opts as unknown as DataMap]),
    ...(omissions.omit_grains ? [] : [ctx.grains]),
    ...(omissions.omit_pillar ? [] : [ctx.pillar]),
    ...(omissions.omit_master ? [] : [masterOpts(ctx)]),
  ];
}

function plain(value: Data | undefined): Data {
  return value === undefined ? null : value;
}

function lookUp(
  ctx: ExecContext,
  key: string,
  merge: string | null,
  between: string,
  omissions: Omissions,
): Data | undefined {
  if (merge === null) {
    for (const source of [...sources(ctx, omissions), defaults]) {
      const found = traverse(source, key, between);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (merge !== "recurse" && merge !== "overwrite") {
    ctx.log.warning(`Unsupported merge strategy '${merge}'. Falling back to 'recurse'.`);
  }
  const join = ctx.opts["pillar_merge_lists"] === true;
  const all = [defaults, masterOpts(ctx), ctx.pillar, ctx.grains, ctx.opts as unknown as DataMap];
  const merged = all.reduce((under, over) =>
    merge === "overwrite" ? mergeOverwrite(under, over) : mergeRecursive(under, over, join)
  );
  return traverse(merged, key, between);
}

/** Options, pillar and master's options of one name, put together. (`config.py:merge`) */
function mergeValues(ctx: ExecContext, key: string, omissions: Omissions): Data | undefined {
  const own = (map: DataMap) => Object.hasOwn(map, key) ? map[key] : undefined;
  let result: Data | undefined;
  const places = [
    omissions.omit_opts ? {} : ctx.opts as unknown as DataMap,
    omissions.omit_master ? {} : masterOpts(ctx),
    omissions.omit_pillar ? {} : ctx.pillar,
  ];
  for (const place of places) {
    const value = own(place);
    if (value === undefined) continue;
    if (result === undefined) result = value;
    else if (isMap(result) && isMap(value)) result = { ...value, ...result };
    else if (Array.isArray(result) && Array.isArray(value)) result = [...result, ...value];
    if (typeof result === "string") return result;
  }
  return result ?? own(defaults);
}

function byPattern(ctx: ExecContext, pattern: string, omissions: Omissions): DataMap {
  const result: DataMap = {};
  for (const source of [defaults, ...sources(ctx, omissions).toReversed()]) {
    for (const key of globFilter(Object.keys(source), pattern)) result[key] = plain(source[key]);
  }
  return result;
}

/** The module `config`. */
export const config = executionModule({
  name: "config",
  doc: "The minion's configuration, with grains and pillar behind it.",
  functions: {
    get: fn({
      doc:
        "Returns the first value found at a path: in the minion's options, grains, pillar, and " +
        "what the pillar says of the master's options.",
      args: {
        key: { type: "string", required: true, doc: "The path, such as `pkg:apache`." },
        default: { type: "any", default: "", doc: "What to return when there is none." },
        delimiter,
        merge: {
          type: "string",
          doc: "Puts the values of all places together: `recurse` or `overwrite`.",
        },
        omit_opts: omitOpts,
        omit_pillar: omitPillar,
        omit_master: omitMaster,
        omit_grains: omitGrains,
      },
      example: "salt '*' config.get pkg:apache\n" +
        "salt '*' config.get lxc.container_profile:centos merge=recurse",
      run(ctx, args) {
        const found = lookUp(ctx, args.key, args.merge, args.delimiter, args);
        return found === undefined ? args.default : found;
      },
    }),
    option: fn({
      doc: "Returns the first value of a name, without going into it.",
      args: {
        value: { type: "string", required: true, doc: "The name." },
        default: { type: "any", default: null, doc: "What to return when there is none." },
        omit_opts: omitOpts,
        omit_grains: omitGrains,
        omit_pillar: omitPillar,
        omit_master: omitMaster,
        omit_all: { type: "bool", default: false, doc: "Looks only at the defaults." },
        wildcard: { type: "bool", default: false, doc: "The name is a glob; returns a map." },
      },
      example: "salt '*' config.option redis.host",
      run(ctx, args) {
        const omissions = args.omit_all
          ? { omit_opts: true, omit_grains: true, omit_pillar: true, omit_master: true }
          : args;
        if (args.wildcard) {
          const found = byPattern(ctx, args.value, omissions);
          return Object.keys(found).length > 0 ? found : args.default ?? {};
        }
        for (const source of [...sources(ctx, omissions), defaults]) {
          if (Object.hasOwn(source, args.value)) return plain(source[args.value]);
        }
        return args.default ?? "";
      },
    }),
    merge: fn({
      doc: "Returns the values of a name in options, master's options and pillar, put together.",
      args: {
        value: { type: "string", required: true, doc: "The name." },
        default: { type: "any", default: "", doc: "What to return when there is none." },
        omit_opts: omitOpts,
        omit_master: omitMaster,
        omit_pillar: omitPillar,
      },
      example: "salt '*' config.merge schedule",
      run(ctx, args) {
        const found = mergeValues(ctx, args.value, args);
        return found === undefined || found === null ? args.default : found;
      },
    }),
    items: fn({
      doc: "Returns all of the minion's options.",
      args: {},
      example: "salt '*' config.items",
      run: (ctx) => ctx.salt("test.get_opts"),
    }),
    dot_vals: fn({
      doc: "Returns the options whose names begin with a word and a dot.",
      args: { value: { type: "string", required: true, doc: "The word." } },
      example: "salt '*' config.dot_vals host",
      run(ctx, { value }) {
        const all = { ...masterOpts(ctx), ...ctx.opts as unknown as DataMap };
        return Object.fromEntries(
          Object.entries(all).filter(([key]) => key.startsWith(`${value}.`)),
        );
      },
    }),
    backup_mode: fn({
      doc: "Returns how files are backed up before they change: the given way, or `backup_mode`.",
      args: { backup: { type: "string", default: "", doc: "Wins over the option." } },
      example: "salt '*' config.backup_mode",
      run: (ctx, { backup }) => backup || ctx.salt("config.option", ["backup_mode"]),
    }),
    manage_mode: fn({
      doc: "Returns a file mode as four octal digits.",
      args: { mode: { type: "any", required: true, doc: "The mode." } },
      example: "salt '*' config.manage_mode 644",
      run(_ctx, { mode }) {
        if (mode === null) return null;
        const digits = pyStr(mode).replace("0o", "0").replace(/^["']+|["']+$/g, "");
        return digits.replace(/^0+/, "").padStart(4, "0");
      },
    }),
    valid_fileproto: fn({
      doc: "Says whether files can be fetched from a URL of this kind.",
      args: { uri: { type: "string", required: true, doc: "The URL." } },
      example: "salt '*' config.valid_fileproto salt://path/to/file",
      run: (_ctx, { uri }) => {
        const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1];
        return scheme !== undefined && protocols.has(scheme.toLowerCase());
      },
    }),
  },
});
