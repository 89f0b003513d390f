/** Helpers for state files and templates. (`salt/modules/slsutil.py`) @module */
import { posix } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { cloneData, updateMap } from "../../loader/dict_update.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyIncludes } from "../../text/py_equal.ts";
import { pyStr, pyTruthy, pyTypeName } from "../../text/py_repr.ts";
import { center, rstrip } from "../../text/py_text.ts";
import { fillText } from "../../text/py_wrap.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const strategy = {
  type: "string",
  default: "smart",
  doc: "`recurse`, `overwrite`, `aggregate`, `list`, or `smart`, which is `recurse` for YAML.",
} as const;
const renderer = {
  type: "string",
  default: "yaml",
  doc: "Where the data come from; decides what `smart` means.",
} as const;
const mergeLists = {
  type: "bool",
  default: false,
  doc: "Join lists; else the later wins.",
} as const;
const saltenv = { type: "string", default: "base", doc: "Environment to look in." } as const;
const path = { type: "string", required: true, doc: "Path in the state tree." } as const;

function mapOf(value: Data, what: string): DataMap {
  if (isMap(value)) return value;
  throw new SaltInvocationError(`${what} must be a dict, not ${pyTypeName(value)}`);
}

function update(dest: DataMap, upd: DataMap, recursive: boolean, join: boolean): DataMap {
  return recursive ? updateMap(dest, upd, join) : { ...dest, ...upd };
}

/** What both have is joined at the first level. (`salt/serializers/yamlex.py:merge_recursive`) */
function aggregate(under: Data, over: Data, level: number): Data {
  if (level > 0 && isMap(under) && isMap(over)) {
    const merged = cloneData(under) as DataMap;
    for (const [key, value] of Object.entries(over)) {
      const known = Object.hasOwn(merged, key) ? merged[key] : undefined;
      merged[key] = known === undefined ? cloneData(value) : aggregate(known, value, level - 1);
    }
    return merged;
  }
  if (level > 0 && Array.isArray(under) && Array.isArray(over)) {
    return [...under, ...over.filter((item) => !pyIncludes(under, item))];
  }
  return cloneData(over);
}

interface MergeArgs {
  strategy: string;
  renderer: string;
  merge_lists: boolean;
}

function mergeBoth(a: DataMap, b: DataMap, how: MergeArgs, ctx: ExecContext): Data {
  const last = how.renderer.split("|").at(-1);
  const yamlex = last === "yamlex" || how.renderer.startsWith("yamlex_");
  const name = how.strategy === "smart" ? (yamlex ? "aggregate" : "recurse") : how.strategy;
  if (name === "list") {
    return Object.fromEntries(
      Object.entries(a).map(([key, value]) => [
        key,
        Object.hasOwn(b, key) ? [value, b[key]!] : value,
      ]),
    );
  }
  if (name === "aggregate") return aggregate(a, b, 1);
  if (name === "overwrite") return { ...cloneData(a) as DataMap, ...b };
  if (name !== "recurse" && name !== "none") {
    ctx.log.warning(`Unknown merging strategy '${name}', fallback to recurse`);
  }
  return updateMap(a, b, name === "recurse" && how.merge_lists);
}

interface Banner {
  width: number;
  commentchar: string;
  borderchar: string;
  blockstart: string | null;
  blockend: string | null;
  title: string | null;
  text: string | null;
  newline: boolean;
}

const bannerTitle = "THIS FILE IS MANAGED BY SALT - DO NOT EDIT";
const bannerText =
  "The contents of this file are managed by Salt. Any changes to this file may be " +
  "overwritten automatically and without warning.";

function wrapped(text: string, width: number): string[] {
  const filled = fillText(text, width, "");
  return filled === "" ? [] : filled.split("\n");
}

/** A framed comment. The frame's odd lengths are those that Salt's own has. */
function banner(args: Banner): string {
  const { width, commentchar: comment } = args;
  const left = rstrip(comment);
  const right = comment.trim();
  const room = width - left.length - right.length - 2;
  if (room <= 0) throw new SaltInvocationError("Width is too small to render banner");
  const edge = args.borderchar.slice(0, 1).repeat(width - left.length - right.length);
  const border = comment + edge + right;
  const spacer = comment + " ".repeat(Math.max(0, width - comment.length * 2)) + comment;
  const framed = (line: string) => `${left} ${line} ${right}`;
  const lines = [
    ...(args.blockstart === null ? [] : [args.blockstart]),
    border,
    spacer,
    ...wrapped(args.title ?? bannerTitle, room).map((line) => framed(center(line, room))),
    spacer,
    ...wrapped(args.text ?? bannerText, room).map((line) => framed(line.padEnd(room))),
    border,
    ...(args.blockend === null ? [] : [args.blockend]),
  ];
  return lines.join("\n") + (args.newline ? "\n" : "");
}

const serializers = ["json", "yaml", "msgpack"];

function checkSerializer(name: string): void {
  if (serializers.includes(name)) return;
  throw new CommandExecutionError(`Serializer '${name}' not found.`);
}

async function serialize(name: string, obj: Data, kwargs: DataMap): Promise<Data> {
  checkSerializer(name);
  if (name === "msgpack") {
    const { packLocal } = await import("../../serializers/mod.ts");
    return packLocal(obj);
  }
  if (name === "yaml") {
    const { dumpYaml } = await import("../../serializers/yaml.ts");
    return dumpYaml(obj).replace(/\n(\.\.\.\n)?$/, "");
  }
  const { dumpJson } = await import("../../serializers/json_dump.ts");
  const { indent } = kwargs;
  return dumpJson(obj, {
    indent: typeof indent === "number" ? indent : null,
    sortKeys: pyTruthy(kwargs["sort_keys"] ?? null),
  });
}

async function deserialize(name: string, given: Data): Promise<Data> {
  checkSerializer(name);
  if (name === "msgpack") {
    const { unpack } = await import("../../serializers/mod.ts");
    if (given instanceof Uint8Array) return unpack(given);
    throw new SaltInvocationError("msgpack wants bytes");
  }
  if (isMap(given) || Array.isArray(given)) {
    throw new SaltInvocationError(`A text is wanted, not ${pyTypeName(given)}`);
  }
  const text = given instanceof Uint8Array ? new TextDecoder().decode(given) : pyStr(given);
  if (name === "yaml") {
    const { parseYaml } = await import("../../serializers/yaml.ts");
    return parseYaml(text);
  }
  try {
    return JSON.parse(text) as Data;
  } catch (error) {
    throw new CommandExecutionError(`This is not JSON: ${(error as Error).message}`);
  }
}

async function listed(ctx: ExecContext, fun: string, wanted: string, env: string) {
  const paths = await ctx.salt(fun, [env]);
  return Array.isArray(paths) && paths.includes(wanted);
}

function fileThere(ctx: ExecContext, wanted: string, env: string): Promise<boolean> {
  return listed(ctx, "cp.list_master", wanted, env);
}

function folderThere(ctx: ExecContext, wanted: string, env: string): Promise<boolean> {
  return listed(ctx, "cp.list_master_dirs", wanted, env);
}

async function anyThere(ctx: ExecContext, wanted: string, env: string): Promise<boolean> {
  return await fileThere(ctx, wanted, env) || await folderThere(ctx, wanted, env);
}

async function findUp(ctx: ExecContext, start: string, names: Data, env: string): Promise<string> {
  let folder = start === "" ? "" : posix.normalize(start);
  if (folder !== "" && !await anyThere(ctx, folder, env)) {
    throw new SaltInvocationError(`Starting path not found in the state tree: ${folder}`);
  }
  const wanted = typeof names === "string" ? [names] : names;
  if (!Array.isArray(wanted)) {
    throw new SaltInvocationError("Filenames argument must be a string or list of strings");
  }
  for (;;) {
    for (const name of wanted) {
      const full = posix.join(folder, pyStr(name));
      if (await anyThere(ctx, full, env)) return full;
    }
    if (folder === "" || folder === ".") {
      throw new CommandExecutionError("File pattern(s) not found in path ancestry");
    }
    folder = posix.dirname(folder) === "." ? "" : posix.dirname(folder);
  }
}

/** The module `slsutil`. */
export const slsutil = executionModule({
  name: "slsutil",
  doc: "Helpers for state files and templates.",
  functions: {
    update: fn({
      doc: "Returns a map with another laid over it, at every depth.",
      args: {
        dest: { type: "any", required: true, doc: "The map below." },
        upd: { type: "any", required: true, doc: "The map above." },
        recursive_update: { type: "bool", default: true, doc: "Merge maps within maps." },
        merge_lists: mergeLists,
      },
      example: "salt '*' slsutil.update '{foo: Foo}' '{bar: Bar}'",
      run: (_ctx, args) =>
        update(
          mapOf(args.dest, "dest"),
          mapOf(args.upd, "upd"),
          args.recursive_update,
          args.merge_lists,
        ),
    }),
    merge: fn({
      doc: "Returns two maps merged by a strategy.",
      args: {
        obj_a: { type: "any", required: true, doc: "The map below." },
        obj_b: { type: "any", required: true, doc: "The map above." },
        strategy,
        renderer,
        merge_lists: mergeLists,
      },
      example: "salt '*' slsutil.merge '{foo: Foo}' '{bar: Bar}'",
      run: (ctx, args) =>
        mergeBoth(mapOf(args.obj_a, "obj_a"), mapOf(args.obj_b, "obj_b"), args, ctx),
    }),
    merge_all: fn({
      doc: "Returns the maps of a list merged in order.",
      args: {
        lst: { type: "list", required: true, doc: "The maps." },
        strategy,
        renderer,
        merge_lists: mergeLists,
      },
      example: "salt '*' slsutil.merge_all '[{foo: Foo}, {foo: Bar}]'",
      run: (ctx, args) =>
        args.lst.reduce<Data>(
          (under, over) => mergeBoth(mapOf(under, "lst"), mapOf(over, "an item"), args, ctx),
          {},
        ),
    }),
    renderer: fn({
      doc: "Renders a file or a text by a chain of engines: `jinja`, `yaml`, `json`.",
      args: {
        path: { type: "string", default: null, doc: "URL or path of the file." },
        string: { type: "string", default: null, doc: "The text, instead of a file." },
        default_renderer: {
          type: "string",
          default: "jinja|yaml",
          doc: "The engines, where no line `#!jinja|yaml` names them.",
        },
        kwargs: { type: "map", keywords: true, doc: "Variables." },
      },
      example: "salt '*' slsutil.renderer salt://path/to/file\n" +
        "salt '*' slsutil.renderer string='Hello, {{ name }}.' name='world'",
      async run(ctx, args) {
        const { renderChain } = await import("../renderers/chain.ts");
        return renderChain(ctx, args);
      },
    }),
    serialize: fn({
      doc: "Writes a value as `json`, `yaml` or `msgpack`.",
      args: {
        serializer: { type: "string", required: true, doc: "Which format." },
        obj: { type: "any", required: true, doc: "The value." },
        mod_kwargs: { type: "map", keywords: true, doc: "For JSON: `indent`, `sort_keys`." },
      },
      example: `salt '*' slsutil.serialize json obj="{'foo': 'Foo!'}"`,
      run: (_ctx, args) => serialize(args.serializer, args.obj, args.mod_kwargs),
    }),
    deserialize: fn({
      doc: "Reads a value from `json`, `yaml` or `msgpack`.",
      args: {
        serializer: { type: "string", required: true, doc: "Which format." },
        stream_or_string: { type: "any", required: true, doc: "The text, or the bytes." },
        mod_kwargs: { type: "map", keywords: true, doc: "Of no use to these formats." },
      },
      example: `salt '*' --no-parse=stream_or_string slsutil.deserialize json ` +
        `stream_or_string='{"foo": "Foo!"}'`,
      run: (_ctx, args) => deserialize(args.serializer, args.stream_or_string),
    }),
    banner: fn({
      doc: "Returns a framed comment for the top of a managed file.",
      args: {
        width: { type: "int", default: 72, doc: "Columns." },
        commentchar: { type: "string", default: "#", doc: "What begins a line of comment." },
        borderchar: { type: "string", default: "#", doc: "What the frame is drawn with." },
        blockstart: { type: "string", default: null, doc: "Line that opens a block comment." },
        blockend: { type: "string", default: null, doc: "Line that closes it." },
        title: { type: "string", default: null, doc: "Centred line at the top." },
        text: { type: "string", default: null, doc: "What stands below it." },
        newline: { type: "bool", default: false, doc: "End with a line end." },
      },
      example: "salt '*' slsutil.banner width=60",
      run: (_ctx, args) => banner(args),
    }),
    boolstr: fn({
      doc: "Returns one of two texts for a truth value.",
      args: {
        value: { type: "any", required: true, doc: "The truth value." },
        true: { type: "any", default: "true", doc: "For a true one." },
        false: { type: "any", default: "false", doc: "For a false one." },
      },
      example: "salt '*' slsutil.boolstr True yes no",
      run: (_ctx, args) => pyTruthy(args.value) ? args.true : args.false,
    }),
    file_exists: fn({
      doc: "Says whether a file is in the state tree.",
      args: { path, saltenv },
      example: "salt '*' slsutil.file_exists nginx/defaults.yaml",
      run: (ctx, args) => fileThere(ctx, args.path, args.saltenv),
    }),
    dir_exists: fn({
      doc: "Says whether a folder is in the state tree.",
      args: { path, saltenv },
      example: "salt '*' slsutil.dir_exists nginx/files",
      run: (ctx, args) => folderThere(ctx, args.path, args.saltenv),
    }),
    path_exists: fn({
      doc: "Says whether a file or folder is in the state tree.",
      args: { path, saltenv },
      example: "salt '*' slsutil.path_exists nginx/defaults.yaml",
      run: (ctx, args) => anyThere(ctx, args.path, args.saltenv),
    }),
    findup: fn({
      doc:
        "Finds the first of several names in a folder of the state tree or the nearest above it.",
      args: {
        startpath: { type: "string", required: true, doc: "Where to begin; empty: the top." },
        filenames: { type: "any", required: true, doc: "A name, or a list." },
        saltenv,
      },
      example: "salt '*' slsutil.findup formulas/shared/nginx map.jinja",
      run: (ctx, args) => findUp(ctx, args.startpath, args.filenames, args.saltenv),
    }),
  },
});
