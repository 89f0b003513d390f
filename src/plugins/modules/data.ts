/** A small store of the minion's own, in its cache folder. (`salt/modules/data.py`) @module */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, SaltInvocationError } from "../../errors.ts";
import { atomicWriteSync, ensureDir } from "../../fs/mod.ts";
import { parseInlineYaml } from "../../loader/inline_yaml/mod.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { packLocal, unpack } from "../../serializers/mod.ts";
import { pyEqual } from "../../text/py_equal.ts";
import { pyStr } from "../../text/py_repr.ts";
import { setKey } from "../../text/set_key.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

const key = { type: "string", required: true, doc: "Name of the value." } as const;
const value = { type: "any", required: true, doc: "What to keep." } as const;

function storePath(ctx: ExecContext): string {
  return join(ctx.opts.cachedir, "datastore");
}

/** What is in the store; nothing where there is none or it cannot be read. */
function load(ctx: ExecContext): DataMap {
  const path = storePath(ctx);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return {};
  }
  try {
    const content = unpack(bytes);
    return isMap(content) ? content : {};
  } catch (error) {
    ctx.log.error(`The data store "${path}" cannot be read: ${messageOf(error)}`);
    return {};
  }
}

function dump(ctx: ExecContext, content: DataMap): boolean {
  try {
    ensureDir(ctx.opts.cachedir);
    atomicWriteSync(storePath(ctx), packLocal(content), { mode: 0o600 });
    return true;
  } catch (error) {
    ctx.log.error(messageOf(error));
    return false;
  }
}

function own(store: DataMap, name: string): Data | undefined {
  return Object.hasOwn(store, name) ? store[name] : undefined;
}

function set(ctx: ExecContext, name: string, item: Data): boolean {
  const store = load(ctx);
  setKey(store, name, item);
  dump(ctx, store);
  return true;
}

/** A map, also where it comes as its text. */
function givenMap(content: Data): DataMap | undefined {
  if (typeof content !== "string") return isMap(content) ? content : undefined;
  try {
    const parsed = parseInlineYaml(content);
    return isMap(parsed) ? parsed : undefined;
  } catch {
    throw new SaltInvocationError(`data.dump wants a map, not ${content.slice(0, 80)}`);
  }
}

/** The module `data`. */
export const data = executionModule({
  name: "data",
  doc: "A small store of the minion's own, which outlives jobs and restarts.",
  functions: {
    clear: fn({
      doc: "Empties the store.",
      args: {},
      example: "salt '*' data.clear",
      run(ctx) {
        rmSync(storePath(ctx), { force: true });
        return true;
      },
    }),
    load: fn({
      doc: "Returns the whole store.",
      args: {},
      example: "salt '*' data.load",
      run: load,
    }),
    items: fn({
      doc: "Returns the whole store.",
      args: {},
      example: "salt '*' data.items",
      run: load,
    }),
    keys: fn({
      doc: "Returns the names in the store.",
      args: {},
      example: "salt '*' data.keys",
      run: (ctx) => Object.keys(load(ctx)),
    }),
    values: fn({
      doc: "Returns the values in the store.",
      args: {},
      example: "salt '*' data.values",
      run: (ctx) => Object.values(load(ctx)),
    }),
    dump: fn({
      doc: "Replaces the whole store.",
      args: { new_data: { type: "any", required: true, doc: "Map of names to values." } },
      example: `salt '*' data.dump '{"eggs": "spam"}'`,
      run(ctx, args) {
        const content = givenMap(args.new_data);
        return content !== undefined && dump(ctx, content);
      },
    }),
    update: fn({
      doc: "Sets a value.",
      args: { key, value },
      example: "salt '*' data.update colour blue",
      run: (ctx, args) => set(ctx, args.key, args.value),
    }),
    cas: fn({
      doc: "Sets a value if the present one is the one expected, and says whether it did.",
      args: { key, value, old_value: { type: "any", required: true, doc: "The expected one." } },
      example: "salt '*' data.cas colour red blue",
      run(ctx, args) {
        const present = own(load(ctx), args.key);
        if (present === undefined || !pyEqual(present, args.old_value)) return false;
        return set(ctx, args.key, args.value);
      },
    }),
    pop: fn({
      doc: "Removes a value and returns it.",
      args: { key, default: { type: "any", default: null, doc: "When there is none." } },
      example: "salt '*' data.pop colour 'there was none'",
      run(ctx, args) {
        const store = load(ctx);
        const found = own(store, args.key) ?? args.default;
        delete store[args.key];
        dump(ctx, store);
        return found;
      },
    }),
    get: fn({
      doc: "Returns a value, or a list of them for a list of names.",
      args: {
        key: { type: "any", required: true, doc: "A name, or a list." },
        default: {
          type: "any",
          default: null,
          doc: "For what is not there. Without it a list leaves such values out.",
        },
      },
      example: "salt '*' data.get colour\nsalt '*' data.get '[colour, size]'",
      run(ctx, args) {
        const store = load(ctx);
        if (!Array.isArray(args.key)) return own(store, pyStr(args.key)) ?? args.default;
        const found = args.key.map((name) => own(store, pyStr(name)));
        if (args.default === null) return found.filter((item) => item !== undefined);
        return found.map((item) => item ?? args.default);
      },
    }),
    has_key: fn({
      doc: "Says whether a value is there.",
      args: { key },
      example: "salt '*' data.has_key colour",
      run: (ctx, args) => own(load(ctx), args.key) !== undefined,
    }),
  },
});
