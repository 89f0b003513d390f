/**
 * Users' execution modules and runners as the registries want them: descriptors whose functions run on
 * threads of users' code.
 * @module
 */
import type { MasterOpts, MinionOpts } from "../../config/mod.ts";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { checkModule } from "../registry.ts";
import type { RunnerContext, RunnerFunction, RunnerModule } from "../runner_types.ts";
import type {
  ArgSpec,
  ArgType,
  ExecContext,
  ExecutionFunction,
  ExecutionModule,
} from "../types.ts";
import { customFiles } from "./files.ts";
import { CustomCodeError, customHost } from "./host.ts";
import type { CustomFile } from "./messages.ts";

const log = getLogger("saltx.custom");

/** Users' modules that load, and why others do not, by name. */
export interface CustomModules {
  modules: ExecutionModule[];
  failed: Map<string, string>;
}

const TYPES = new Set<string>(["any", "string", "int", "float", "bool", "list", "map"]);

/** Loads users' execution modules. One that is broken is told of in the log and left out. */
export async function customModules(
  context: { opts: MinionOpts; grains: DataMap },
): Promise<CustomModules> {
  const files = customFiles(context.opts, "modules");
  const modules: ExecutionModule[] = [];
  const failed = new Map<string, string>();
  if (files.length === 0) return { modules, failed };
  // What changed since may be imported by what did not.
  await customHost.close();
  for (const file of files) {
    try {
      const module = executionModuleOf(file, await customHost.describe(file, context));
      checkModule(module);
      modules.push(module);
    } catch (error) {
      log.error(`Custom module is not loaded: ${messageOf(error)}`);
      failed.set(file.name, messageOf(error));
    }
  }
  return { modules, failed };
}

function executionModuleOf(file: CustomFile, description: DataMap): ExecutionModule {
  const { virtual, virtualname, doc } = description;
  const functions: Record<string, ExecutionFunction> = {};
  for (const [name, fn] of Object.entries(mapOf(description["functions"]))) {
    const run = (ctx: ExecContext, args: DataMap) => callModule(file, name, ctx, args);
    functions[name] = { ...functionOf(file, name, mapOf(fn)), run };
  }
  return {
    name: file.name,
    doc: textOr(doc, `Custom functions of ${file.path}.`),
    functions,
    aliases: mapOf(description["aliases"]) as Record<string, string>,
    ...(typeof virtualname === "string" ? { virtualname } : {}),
    ...(virtual === undefined ? {} : { virtual: () => virtual as true | string }),
  };
}

async function callModule(
  file: CustomFile,
  name: string,
  ctx: ExecContext,
  args: DataMap,
): Promise<Data> {
  const children = new Map<number, () => void>();
  const { grains, pillar, id, jid } = ctx;
  const job = ctx.job as unknown as DataMap | null;
  try {
    const result = await customHost.call(file, name, [args], {
      opts: ctx.opts,
      values: { grains, pillar, id, jid, job },
      signal: ctx.signal,
      services: {
        salt: (fun, given = [], kwargs = {}) =>
          ctx.salt(String(fun), Array.isArray(given) ? given : [given], mapOf(kwargs)),
        fireLocal: (tag, data) => ctx.minion.fireLocal(String(tag), mapOf(data)),
        fireMaster: (tag, data) => ctx.minion.fireMaster(String(tag), mapOf(data)),
        trackProcess: (pid) => {
          children.set(Number(pid), ctx.trackProcess(Number(pid)));
          return null;
        },
      },
    });
    ctx.context.retcode = result.retcode;
    if (result.out !== undefined) ctx.context["out"] = result.out;
    return result.value;
  } finally {
    for (const forget of children.values()) forget();
  }
}

/** Loads users' runners. One that is broken is told of in the log and left out. */
export async function customRunners(opts: MasterOpts): Promise<RunnerModule[]> {
  const modules: RunnerModule[] = [];
  for (const file of customFiles(opts, "runners")) {
    try {
      const description = await customHost.describe(file, { opts, grains: {} });
      const { virtual, virtualname } = description;
      if (virtual !== undefined && virtual !== true) continue;
      const name = typeof virtualname === "string" ? virtualname : file.name;
      const functions: Record<string, RunnerFunction> = {};
      for (const [fun, fn] of Object.entries(mapOf(description["functions"]))) {
        const run = (ctx: RunnerContext, args: DataMap) => callRunner(file, fun, ctx, args);
        functions[fun] = { ...functionOf(file, fun, mapOf(fn)), run };
      }
      const doc = textOr(description["doc"], `Custom runners of ${file.path}.`);
      const module = { name, doc, functions };
      checkModule(module as unknown as ExecutionModule);
      modules.push(module);
    } catch (error) {
      log.error(`Custom runner is not loaded: ${messageOf(error)}`);
    }
  }
  return modules;
}

async function callRunner(
  file: CustomFile,
  name: string,
  ctx: RunnerContext,
  args: DataMap,
): Promise<Data> {
  const { value } = await customHost.call(file, name, [args], {
    opts: ctx.opts,
    values: {},
    signal: ctx.signal,
    services: {
      cmd: async (tgt, fun, arg = [], options = {}) => {
        const { tgt_type = "glob", timeout } = mapOf(options);
        const target = { tgt: tgt as string | string[], tgt_type: String(tgt_type) as "glob" };
        const limits = typeof timeout === "number" ? { timeout } : {};
        const given = Array.isArray(arg) ? arg : [arg];
        const results = await ctx.client.cmd(target, String(fun), given, limits);
        return Object.fromEntries(results.map(({ id, ret }) => [id, ret]));
      },
      salt: (fun, given = [], kwargs = {}) =>
        ctx.execute(String(fun), Array.isArray(given) ? given : [given], mapOf(kwargs)),
      fireEvent: (tag, data) => ctx.fireEvent(String(tag), mapOf(data)),
      progress: async (message) => {
        await ctx.progress(String(message));
        return null;
      },
      print: (text) => {
        ctx.print(String(text));
        return null;
      },
    },
  });
  return value;
}

/** @throws CustomCodeError when an argument is not described as it has to be. */
function functionOf(
  file: CustomFile,
  name: string,
  described: DataMap,
): Omit<ExecutionFunction, "run"> {
  const args: Record<string, ArgSpec> = {};
  for (const [arg, spec] of Object.entries(mapOf(described["args"]))) {
    const { type = "any", doc = "", ...rest } = mapOf(spec);
    if (!TYPES.has(String(type))) {
      throw new CustomCodeError(
        `${file.path}: argument "${arg}" of "${name}" has the type "${
          String(type)
        }", wanted one of ` +
          [...TYPES].join(", "),
      );
    }
    args[arg] = { ...rest, type: type as ArgType, doc: String(doc) };
  }
  const { example, out } = described;
  return {
    doc: textOr(described["doc"], `Custom function of ${file.path}.`),
    args,
    ...(typeof example === "string" ? { example } : {}),
    ...(typeof out === "string" ? { out } : {}),
  };
}

function textOr(value: Data | undefined, otherwise: string): string {
  return typeof value === "string" && value.trim() !== "" ? value : otherwise;
}

function mapOf(value: Data | undefined): DataMap {
  return isMap(value) ? value : {};
}
