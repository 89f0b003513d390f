/**
 * What a file with custom code has to export, by its kind; see docs/authors/custom-modules.md.
 * Runs in the thread of that code.
 * @module
 */
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import type { CustomFile } from "./messages.ts";

/** What a file exports. */
export type Loaded = Record<string, unknown>;

type AnyFunction = (...args: unknown[]) => unknown;

/** Functions of a returner that users may write. */
export const RETURNER_FUNCTIONS = [
  ...["returner", "save_load", "get_load", "get_jid", "get_fun", "get_jids", "get_minions"],
  ...["clean_old_jobs", "event_return"],
] as const;

/** What is wrong with a file. */
function wrong(file: CustomFile, what: string): Error {
  return new Error(`${file.path} ${what}; see docs/authors/custom-modules.md`);
}

/** The default export: an object, or for some kinds a function. */
function exported(file: CustomFile, loaded: Loaded): Record<string, unknown> | AnyFunction {
  const value = loaded["default"];
  if (typeof value === "function") return value as AnyFunction;
  if (isMap(value)) return value;
  throw wrong(file, "has no default export");
}

/** A description that can be sent: what the registry needs to know. */
export async function describe(
  file: CustomFile,
  loaded: Loaded,
  ctx: { opts: object; grains: DataMap },
): Promise<DataMap> {
  const value = exported(file, loaded);
  if (file.kind === "grains" || file.kind === "output") {
    memberOf(file, loaded, "");
    return {};
  }
  if (typeof value === "function") throw wrong(file, "exports a function, wanted an object");
  const { doc = "", virtualname, virtual } = value;
  const description: DataMap = { doc: String(doc) };
  if (typeof virtualname === "string") description["virtualname"] = virtualname;
  if (typeof virtual === "function") {
    const answer = await virtual(ctx);
    description["virtual"] = answer === true || answer === undefined
      ? true
      : typeof answer === "string"
      ? answer
      : "its check says no";
  }
  if (file.kind === "returners") {
    const names = RETURNER_FUNCTIONS.filter((name) => typeof value[name] === "function");
    if (names.length === 0) throw wrong(file, "has no function of a returner");
    return { ...description, functions: [...names] };
  }
  if (!isMap(value["functions"])) throw wrong(file, "has no `functions`");
  const functions: DataMap = {};
  for (const [name, fn] of Object.entries(value["functions"])) {
    functions[name] = describeFunction(file, name, fn);
  }
  const aliases = isMap(value["aliases"]) ? { aliases: value["aliases"] as DataMap } : {};
  return { ...description, functions, ...aliases };
}

function describeFunction(file: CustomFile, name: string, fn: unknown): DataMap {
  if (!isMap(fn) || typeof fn["run"] !== "function") {
    throw wrong(file, `has no \`run\` in its function "${name}"`);
  }
  const { doc = "", args = {}, example, out } = fn;
  return {
    doc: String(doc),
    args: copy(args),
    ...(typeof example === "string" ? { example } : {}),
    ...(typeof out === "string" ? { out } : {}),
  };
}

/** Arguments as values alone. */
function copy(value: unknown): Data {
  return JSON.parse(JSON.stringify(value)) as Data;
}

/** The function that a call means. @throws Error when there is none. */
export function memberOf(file: CustomFile, loaded: Loaded, member: string): AnyFunction {
  const value = exported(file, loaded);
  if (file.kind === "grains" || file.kind === "output") {
    const named = file.kind === "grains" ? "grains" : "output";
    const found = typeof value === "function" ? value : value[named];
    if (typeof found === "function") return found as AnyFunction;
    throw wrong(file, `exports no function`);
  }
  const holder = typeof value === "function" ? {} : value;
  if (file.kind === "returners") {
    const found = holder[member];
    if (typeof found === "function") return (found as AnyFunction).bind(holder);
    throw wrong(file, `has no function "${member}"`);
  }
  const functions = holder["functions"] as Record<string, { run: AnyFunction }> | undefined;
  const found = functions && Object.hasOwn(functions, member) ? functions[member] : undefined;
  if (typeof found?.run === "function") return found.run.bind(found);
  throw wrong(file, `has no function "${member}"`);
}
