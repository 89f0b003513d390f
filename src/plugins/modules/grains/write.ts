/** Functions of `grains` that change the static ones, in the file `grains` beside the config. @module */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageOf, SaltInvocationError } from "../../../errors.ts";
import { atomicWriteSync } from "../../../fs/mod.ts";
import { traverse } from "../../../loader/traverse.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyEqual, pyIncludes } from "../../../text/py_equal.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { setKey } from "../../../text/set_key.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { clearCachedGrains, staticGrainsPath } from "../../grains/mod.ts";

const key = { type: "string", required: true, doc: "Path of the grain." } as const;
const delimiter = { type: "string", default: ":", doc: "Between the parts of the path." } as const;
const destructive = {
  type: "bool",
  default: false,
  doc: "A value of None takes the key away, rather than being set.",
} as const;
const force = { type: "bool", default: false, doc: "Also writes over maps and lists." } as const;
const refreshPillar = {
  type: "bool",
  default: true,
  doc: "Has the pillar made anew with the new grains.",
} as const;

function readStatic(path: string, parse: (text: string) => Data): DataMap {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  const value = parse(text);
  return isMap(value) ? value : {};
}

/** Writes grains to the file and to the running minion. Returns what was set, or why not. */
async function setGrains(
  ctx: ExecContext,
  values: DataMap,
  options: { destructive: boolean; refresh_pillar: boolean },
): Promise<Data> {
  const { dumpYaml, parseYaml } = await import("../../../serializers/yaml.ts");
  const path = staticGrainsPath(ctx.opts.conf_file);
  // Nothing is awaited between reading and writing, so jobs side by side lose nothing.
  let grains: DataMap;
  try {
    grains = readStatic(path, (text) => parseYaml(text, { file: path }));
  } catch (error) {
    return `Unable to read existing grains file: ${messageOf(error)}`;
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === null && options.destructive) {
      delete grains[name];
      delete ctx.grains[name];
    } else {
      setKey(grains, name, value);
      setKey(ctx.grains, name, value);
    }
  }
  atomicWriteSync(path, dumpYaml(grains));
  clearCachedGrains(ctx.opts);
  if (ctx.opts["local"] !== true) {
    await ctx.minion.refreshGrains();
    if (options.refresh_pillar) await ctx.minion.refreshPillar();
  }
  return values;
}

function copy(value: Data): Data {
  return structuredClone(value);
}

/** Puts a value into copies of the maps above it, up to the first part of the path. */
function nest(ctx: ExecContext, path: string, value: Data, between: string) {
  const parts = path.split(between);
  let inner = value;
  for (let count = parts.length - 1; count > 0; count--) {
    const above = parts.slice(0, count).join(between);
    const outer = copy(traverse(ctx.grains, above, between) ?? {});
    if (isMap(outer)) setKey(outer, parts[count]!, inner);
    inner = outer;
  }
  return { name: parts[0]!, value: inner };
}

async function changeList(
  ctx: ExecContext,
  args: { key: string; delimiter: string; convert?: boolean },
  change: (list: Data[]) => Data[] | string,
): Promise<Data> {
  let list = copy(traverse(ctx.grains, args.key, args.delimiter) ?? []);
  if (args.convert && !Array.isArray(list)) list = list === null ? [] : [list];
  if (!Array.isArray(list)) return `The key ${args.key} is not a valid list`;
  const changed = change(list);
  if (typeof changed === "string") return changed;
  const { name, value } = nest(ctx, args.key, changed, args.delimiter);
  return await setGrains(ctx, { [name]: value }, { destructive: false, refresh_pillar: true });
}

interface SetArgs {
  key: string;
  val: Data;
  force: boolean;
  destructive: boolean;
  delimiter: string;
}

type Kind = "none" | "simple" | "complex";

function kindOf(value: Data | undefined): Kind {
  if (value === undefined) return "none";
  return isMap(value) || Array.isArray(value) ? "complex" : "simple";
}

/** Why a value may not be written over what is there. (`grains.py:set`) */
function objection(args: SetArgs, existing: Data | undefined): string | undefined {
  if (existing === null || args.force) return undefined;
  const kind = kindOf(existing);
  if (kind === "complex") {
    return `The key '${args.key}' exists but is a dict or a list. ` +
      "Use 'force=True' to overwrite.";
  }
  if (kind === "simple" && kindOf(args.val) === "complex") {
    return `The key '${args.key}' exists and the given value is a dict or a list. ` +
      "Use 'force=True' to overwrite.";
  }
  return undefined;
}

/** Puts a value into whatever stands one level above it. Undefined when that is something else. */
function putInto(above: Data, part: string, value: Data, args: SetArgs): Data | undefined {
  if (isMap(above)) {
    if (value === null && args.destructive) delete above[part];
    else setKey(above, part, value);
    return above;
  }
  if (Array.isArray(above)) {
    let found = false;
    const list = above.map((item) => {
      if (item !== part && !(isMap(item) && Object.hasOwn(item, part))) return item;
      found = true;
      return isMap(item) ? { ...item, [part]: value } : { [part]: value };
    });
    return found ? list : [...list, { [part]: value }];
  }
  return above === part || args.force ? { [part]: value } : undefined;
}

async function setGrain(ctx: ExecContext, args: SetArgs): Promise<DataMap> {
  const existing = traverse(ctx.grains, args.key, args.delimiter);
  const failure = (comment: string) => ({ comment, changes: {}, result: false });
  const same = existing !== undefined && pyEqual(existing, args.val);
  if (same && (args.val !== null || !args.destructive)) {
    return { comment: "Grain is already set", changes: {}, result: true };
  }
  const why = objection(args, existing);
  if (why !== undefined) return failure(why);
  const parts = args.key.split(args.delimiter);
  let value = args.val;
  for (let count = parts.length - 1; count > 0; count--) {
    const path = parts.slice(0, count).join(args.delimiter);
    const above = copy(traverse(ctx.grains, path, args.delimiter) ?? {});
    const put = putInto(above, parts[count]!, value, args);
    if (put === undefined) {
      return failure(
        `The key '${path}' value is '${pyStr(above)}', which is different from the provided key ` +
          `'${parts[count]}'. Use 'force=True' to overwrite.`,
      );
    }
    value = put;
  }
  const done = await setGrains(ctx, { [parts[0]!]: value }, { ...args, refresh_pillar: true });
  return isMap(done)
    ? { comment: "", changes: done, result: true }
    : failure(typeof done === "string" ? done : "");
}

function randomText(length: number, chars: string): string {
  const bytes = randomBytes(length * 4);
  return Array.from(
    { length },
    (_, index) => chars[bytes.readUInt32LE(index * 4) % chars.length],
  ).join("");
}

/** Functions that change static grains. */
export const writeFunctions = {
  setvals: fn({
    doc: "Sets several static grains.",
    args: {
      grains: { type: "any", required: true, doc: "The grains, a map." },
      destructive,
      refresh_pillar: refreshPillar,
    },
    example: "salt '*' grains.setvals '{key1: val1, key2: val2}'",
    run(ctx, args) {
      if (!isMap(args.grains)) {
        throw new SaltInvocationError("setvals grains must be a dictionary.");
      }
      return setGrains(ctx, args.grains, args);
    },
  }),
  setval: fn({
    doc: "Sets a static grain.",
    args: {
      key: { type: "string", required: true, doc: "Its name." },
      val: { type: "any", required: true, doc: "Its value." },
      destructive,
      refresh_pillar: refreshPillar,
    },
    example: "salt '*' grains.setval key val\nsalt '*' grains.setval key '{sub: val}'",
    run: (ctx, args) => setGrains(ctx, { [args.key]: args.val }, args),
  }),
  set: fn({
    doc: "Sets a grain at a path, unless something else is there.",
    args: {
      key,
      val: { type: "any", default: "", doc: "Its value." },
      force,
      destructive,
      delimiter,
    },
    example: "salt '*' grains.set 'apps:myApp:port' 2209\n" +
      "salt '*' grains.set 'apps:myApp' '{port: 2209}'",
    run: (ctx, args) => setGrain(ctx, args),
  }),
  append: fn({
    doc: "Adds a value, or the values of a list, to a grain that is a list.",
    args: {
      key,
      val: { type: "any", required: true, doc: "The value." },
      convert: { type: "bool", default: false, doc: "Makes a list of a grain that is none." },
      delimiter,
    },
    example: "salt '*' grains.append key val",
    run: (ctx, args) =>
      changeList(
        ctx,
        args,
        (list) =>
          pyIncludes(list, args.val)
            ? `The val ${pyStr(args.val)} was already in the list ${args.key}`
            : [...list, ...(Array.isArray(args.val) ? args.val : [args.val])],
      ),
  }),
  remove: fn({
    doc: "Takes a value out of a grain that is a list.",
    args: { key, val: { type: "any", required: true, doc: "The value." }, delimiter },
    example: "salt '*' grains.remove key val",
    run: (ctx, args) =>
      changeList(ctx, args, (list) => {
        const at = list.findIndex((item) => pyEqual(item, args.val));
        return at < 0
          ? `The val ${pyStr(args.val)} was not in the list ${args.key}`
          : list.toSpliced(at, 1);
      }),
  }),
  delkey: fn({
    doc: "Takes a static grain away.",
    args: { key, force },
    example: "salt '*' grains.delkey key",
    run: (ctx, args) => setGrain(ctx, { ...args, val: null, destructive: true, delimiter: ":" }),
  }),
  delval: fn({
    doc: "Sets a static grain to nothing, or takes it away.",
    args: { key, destructive, force },
    example: "salt '*' grains.delval key",
    run: (ctx, args) => setGrain(ctx, { ...args, val: null, delimiter: ":" }),
  }),
  get_or_set_hash: fn({
    doc: "Returns a grain; sets it to random characters first when there is none.",
    args: {
      name: { type: "string", required: true, doc: "Path of the grain." },
      length: { type: "int", default: 8, doc: "How many characters." },
      chars: {
        type: "string",
        default: "abcdefghijklmnopqrstuvwxyz0123456789!@#$%^&*(-_=+)",
        doc: "Which characters.",
      },
    },
    example: "salt '*' grains.get_or_set_hash 'django:SECRET_KEY' 50",
    async run(ctx, { name, length, chars }) {
      const found = traverse(ctx.grains, name);
      if (found !== undefined && found !== null) return found;
      const text = randomText(Math.max(0, Math.min(length, 4096)), chars || "x");
      const { name: first, value } = nest(ctx, name, text, ":");
      await setGrains(ctx, { [first]: value }, { destructive: false, refresh_pillar: true });
      return text;
    },
  }),
};
