/**
 * What this minion tells the others through the master. (`salt/modules/mine.py`, `salt/utils/mine.py`)
 * @module
 */
import { messageOf } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** Key of the value of an entry that only some may read, and the key that marks such an entry. */
const valueKey = "__data__";
const restrictedKey = "__saltmine_acl__";
const storeKey = "mine_cache";

/** A mine function as configuration has it, taken apart. */
export interface MineDefinition {
  /** The function to call where it is not the entry's name. */
  fun: string | null;
  args: Data[];
  kwargs: DataMap;
  /** `allow_tgt` and `allow_tgt_type`, where given. */
  acl: DataMap;
}

/** Takes a definition of `mine_functions` apart: a list of arguments, or a map of keyword arguments. */
export function parseMineDefinition(definition: Data): MineDefinition {
  const args: Data[] = [];
  let kwargs: DataMap = {};
  if (isMap(definition)) kwargs = { ...definition };
  else if (Array.isArray(definition)) {
    for (const item of definition) {
      if (isMap(item)) Object.assign(kwargs, item);
      else args.push(item);
    }
  }
  const { mine_function: fun = null, allow_tgt, allow_tgt_type, ...rest } = kwargs;
  const acl: DataMap = {};
  if (allow_tgt !== undefined && pyTruthy(allow_tgt)) acl["allow_tgt"] = allow_tgt;
  if (allow_tgt_type !== undefined && pyTruthy(allow_tgt_type)) {
    acl["allow_tgt_type"] = allow_tgt_type;
  }
  return { fun: fun === null ? null : pyStr(fun), args, kwargs: rest, acl };
}

/** The value as the mine keeps it. */
function entry(value: Data, acl: DataMap): Data {
  return acl["allow_tgt"] === undefined ? value : { [valueKey]: value, [restrictedKey]: 1, ...acl };
}

function isLocal(ctx: ExecContext): boolean {
  return ctx.opts.file_client === "local";
}

async function localMine(ctx: ExecContext): Promise<DataMap> {
  const stored = await ctx.salt("data.get", [storeKey]);
  return isMap(stored) ? stored : {};
}

async function store(ctx: ExecContext, mine: DataMap, clear: boolean): Promise<Data> {
  if (isLocal(ctx)) {
    const old = clear ? {} : await localMine(ctx);
    return ctx.salt("data.update", [storeKey, { ...old, ...mine }]);
  }
  await ctx.minion.request({ cmd: "_mine", data: mine, id: ctx.id, clear });
  return true;
}

/** The functions that options and pillar name, by entry. */
async function configured(ctx: ExecContext): Promise<DataMap | null> {
  const functions = await ctx.salt("config.merge", ["mine_functions", {}]);
  return isMap(functions) && Object.keys(functions).length > 0 ? functions : null;
}

function available(ctx: ExecContext, fun: string): boolean {
  if (ctx.registry.lookup(fun)) return true;
  ctx.log.error(`Function ${fun} of the mine is not available`);
  return false;
}

async function wantedFunctions(ctx: ExecContext, given: Data): Promise<DataMap | null> {
  if (given === null || !pyTruthy(given)) return await configured(ctx);
  if (Array.isArray(given)) return Object.fromEntries(given.map((fun) => [pyStr(fun), {}]));
  return isMap(given) ? given : null;
}

async function update(ctx: ExecContext, clear: boolean, given: Data): Promise<Data> {
  const functions = await wantedFunctions(ctx, given);
  if (functions === null) return null;
  const mine: DataMap = {};
  for (const [name, definition] of Object.entries(functions)) {
    const { fun, args, kwargs, acl } = parseMineDefinition(definition);
    if (!available(ctx, fun ?? name)) continue;
    try {
      mine[name] = entry(await ctx.salt(fun ?? name, args, kwargs), acl);
    } catch (error) {
      ctx.log.error(`Function ${fun ?? name} in mine.update failed: ${messageOf(error)}`);
    }
  }
  return store(ctx, mine, clear);
}

async function send(
  ctx: ExecContext,
  name: string,
  args: Data[],
  keywords: DataMap,
): Promise<Data> {
  const clean = Object.fromEntries(
    Object.entries(keywords).filter(([key]) => !key.startsWith("__")),
  );
  const { fun, kwargs, acl } = parseMineDefinition(clean);
  if (!available(ctx, fun ?? name)) return false;
  try {
    const value = await ctx.salt(fun ?? name, args, kwargs);
    return await store(ctx, { [name]: entry(value, acl) }, false);
  } catch (error) {
    ctx.log.error(`Function ${fun ?? name} in mine.send failed: ${messageOf(error)}`);
    return false;
  }
}

async function localGet(ctx: ExecContext, tgt: Data, fun: Data, tgtType: string): Promise<Data> {
  if (!await ctx.salt(`match.${tgtType}`, [tgt])) return {};
  const names = Array.isArray(fun) ? fun.map(pyStr) : [...new Set(pyStr(fun).split(","))];
  const several = Array.isArray(fun) || names.length > 1;
  const mine = await localMine(ctx);
  const found: DataMap = {};
  for (const name of names) {
    const kept = Object.hasOwn(mine, name) ? mine[name] : undefined;
    if (kept === undefined) continue;
    const restricted = isMap(kept) && Object.hasOwn(kept, restrictedKey);
    const value = restricted ? kept[valueKey] ?? null : kept;
    if (several) found[name] = { [ctx.id]: value };
    else found[ctx.id] = value;
  }
  return found;
}

async function get(
  ctx: ExecContext,
  args: { tgt: Data; fun: Data; tgt_type: string; exclude_minion: boolean },
): Promise<Data> {
  const { tgt, fun, tgt_type: tgtType } = args;
  if (isLocal(ctx)) return localGet(ctx, tgt, fun, tgtType);
  const load = { cmd: "_mine_get", id: ctx.id, tgt, fun, tgt_type: tgtType };
  const found = await ctx.minion.request(load);
  if (!args.exclude_minion || !isMap(found)) return found;
  const { [ctx.id]: _own, ...others } = found;
  return others;
}

async function remove(ctx: ExecContext, fun: string): Promise<Data> {
  if (!isLocal(ctx)) {
    await ctx.minion.request({ cmd: "_mine_delete", id: ctx.id, fun });
    return true;
  }
  const { [fun]: _gone, ...rest } = await localMine(ctx);
  return ctx.salt("data.update", [storeKey, rest]);
}

async function valid(ctx: ExecContext): Promise<Data> {
  const functions = await configured(ctx);
  if (functions === null) return null;
  const entries: DataMap = {};
  for (const [name, definition] of Object.entries(functions)) {
    const { fun, args, kwargs } = parseMineDefinition(definition);
    if (!available(ctx, fun ?? name)) continue;
    const words = Object.entries(kwargs).map(([key, value]) => ({ [key]: value }));
    entries[name] = fun === null ? definition : { [fun]: [...args, ...words] };
  }
  return entries;
}

/** The module `mine`. */
export const mine = executionModule({
  name: "mine",
  doc: "What this minion tells the others through the master.",
  functions: {
    update: fn({
      doc: "Calls the functions of `mine_functions` and sends what they return to the master.",
      args: {
        clear: { type: "bool", default: false, doc: "Forget what was there before." },
        mine_functions: {
          type: "any",
          default: null,
          doc: "Functions to call in place of those of options and pillar.",
        },
      },
      example: "salt '*' mine.update",
      run: (ctx, args) => update(ctx, args.clear, args.mine_functions),
    }),
    send: fn({
      doc: "Calls a function and sends what it returns to the mine, under the name given.\n\n" +
        "Keywords `mine_function` (the function, where it is not the name), `allow_tgt` and " +
        "`allow_tgt_type` (who may read it) are for the mine; all others are the function's.",
      args: {
        name: { type: "string", required: true, doc: "Name of the entry." },
        args: { type: "list", variadic: true, doc: "Arguments of the function." },
        kwargs: { type: "map", keywords: true, doc: "Its keyword arguments." },
      },
      example: "salt '*' mine.send network.ip_addrs interface=eth0\n" +
        "salt '*' mine.send eth0_ip_addrs mine_function=network.ip_addrs interface=eth0",
      run: (ctx, args) => send(ctx, args.name, args.args, args.kwargs),
    }),
    get: fn({
      doc: "Returns what minions keep in the mine, by minion; by function where several are asked.",
      args: {
        tgt: { type: "any", required: true, doc: "Which minions." },
        fun: { type: "any", required: true, doc: "Name, names with commas, or a list." },
        tgt_type: { type: "string", default: "glob", doc: "Kind of the target." },
        exclude_minion: { type: "bool", default: false, doc: "Leave out this minion." },
      },
      example: "salt '*' mine.get '*' network.interfaces\n" +
        "salt '*' mine.get 'os:Fedora' network.interfaces grain",
      run: get,
    }),
    delete: fn({
      doc: "Removes one entry of this minion from the mine.",
      args: { fun: { type: "string", required: true, doc: "Name of the entry." } },
      example: "salt '*' mine.delete network.interfaces",
      run: (ctx, args) => remove(ctx, args.fun),
    }),
    flush: fn({
      doc: "Removes all entries of this minion from the mine.",
      args: {},
      example: "salt '*' mine.flush",
      async run(ctx) {
        if (isLocal(ctx)) return ctx.salt("data.update", [storeKey, {}]);
        await ctx.minion.request({ cmd: "_mine_flush", id: ctx.id });
        return true;
      },
    }),
    valid: fn({
      doc: "Returns the entries of `mine_functions` whose functions are there.",
      args: {},
      example: "salt '*' mine.valid",
      run: valid,
    }),
  },
});
