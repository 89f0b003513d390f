/**
 * `saltx call`: functions on this machine. (`salt/cli/call.py`, `salt/cli/caller.py`)
 * @module
 */
import { resolve } from "node:path";
import { dumpConfig, loadMinionConfig, type MinionOpts, minionTable } from "../config/mod.ts";
import {
  CommandExecutionError,
  CommandNotFoundError,
  EX,
  messageOf,
  SaltException,
  SaltInvocationError,
} from "../errors.ts";
import {
  docReport,
  docText,
  InvalidArguments,
  missingFunction,
  parseCliArgs,
  UnknownKeywords,
  yamlifyArg,
} from "../loader/mod.ts";
import { executorOptions } from "../loader/executors/mod.ts";
import { getLogger, setupLogging } from "../logging/mod.ts";
import { Caller, type CallResult, isLocal } from "../minion/caller.ts";
import { JobKilled } from "../minion/job.ts";
import { type DataMap, isMap } from "../types/mod.ts";
import {
  flagOption,
  type Invocation,
  overridesOf,
  type RunTool,
  textOption,
} from "./invocation.ts";
import { onInterrupt } from "./interrupt.ts";
import { Output } from "./output.ts";
import { UsageError } from "./usage_error.ts";

const log = getLogger("saltx.call");

/** What `sys.exit(-1)` becomes. */
const EX_MISSING_FUNCTION = 255;

/** The program of `saltx call`. */
export const run: RunTool = async (call) => {
  checkUsage(call);
  const opts = loadOpts(call);
  if (flagOption(call, "config_dump")) {
    call.io.out(dumpConfig(opts));
    return EX.OK;
  }
  const logging = setupLogging(opts, { daemon: false });
  try {
    await becomeUser(call, opts);
    return await withCaller(call, opts);
  } finally {
    await logging.close();
  }
};

function checkUsage(call: Invocation): void {
  const grains = flagOption(call, "grains_run");
  const doc = flagOption(call, "doc");
  if (flagOption(call, "config_dump")) return;
  if (call.args.length === 0 && !grains && !doc) {
    throw new UsageError("Requires function, --grains or --doc");
  }
  if (grains && call.args.length > 0) {
    throw new UsageError("-g/--grains does not accept any arguments");
  }
  if (doc && call.args.length > 1) {
    throw new UsageError("You can only get documentation for one method at one time");
  }
}

function loadOpts(call: Invocation): MinionOpts {
  const given = Object.entries(overridesOf(call)).filter(([key]) =>
    Object.hasOwn(minionTable, key)
  );
  const overrides: Record<string, unknown> = Object.fromEntries(given);
  const verbose = overrides["state_verbose"];
  if (typeof verbose === "string") overrides["state_verbose"] = yamlifyArg(verbose);
  const executors = overrides["module_executors"];
  if (typeof executors === "string") {
    overrides["module_executors"] = [yamlifyArg(executors)].flat();
  }
  // A list of masters stays known: each has a key of its own.
  delete overrides["master"];
  const local = flagOption(call, "local");
  const roots = [["file_root", "file_roots"], ["pillar_root", "pillar_roots"]] as const;
  for (const [option, key] of roots) {
    const folder = textOption(call, option);
    if (folder === undefined) continue;
    overrides[key] = { base: [resolve(folder)] };
    if (local) continue;
    call.io.err(
      `Warning: --${option.replace("_", "-")} is ignored because --local was not specified; ` +
        `without it these come from the master.\n`,
    );
  }
  if (local) overrides["file_client"] = "local";
  const timeout = call.values["auth_timeout"];
  if (typeof timeout === "number") overrides["auth_timeout"] = timeout;
  const configDir = textOption(call, "config_dir");
  return loadMinionConfig({
    ...(configDir === undefined ? {} : { configDir }),
    overrides,
    env: call.io.env,
  });
}

async function becomeUser(call: Invocation, opts: MinionOpts): Promise<void> {
  if (textOption(call, "user") === undefined) return;
  const { runtime } = await import("../runtime/mod.ts");
  runtime.becomeUser(opts.user);
}

async function withCaller(call: Invocation, opts: MinionOpts): Promise<number> {
  const only = textOption(call, "master");
  const caller = await Caller.open(opts, {
    skipGrains: flagOption(call, "skip_grains"),
    refreshGrains: flagOption(call, "refresh_grains_cache"),
    ...(only === undefined ? {} : { only }),
  });
  const forget = onInterrupt(() => caller.abort());
  try {
    const [fun = "", ...arg] = call.args;
    if (flagOption(call, "doc")) return showDocs(call, caller, fun);
    const output = new Output(call, opts, { fun, arg });
    if (flagOption(call, "grains_run")) {
      output.show({ local: caller.grains });
      return EX.OK;
    }
    return await callFunction(call, opts, caller, output);
  } finally {
    forget();
    await caller.close();
  }
}

function showDocs(call: Invocation, { registry }: Caller, prefix: string): number {
  for (const name of registry.functionNames().filter((name) => name.startsWith(prefix))) {
    call.io.out(`${name}:\n${docText(registry.lookup(name)!.fn)}\n\n`);
  }
  return EX.OK;
}

async function callFunction(
  call: Invocation,
  opts: MinionOpts,
  caller: Caller,
  output: Output,
): Promise<number> {
  const [fun = "", ...words] = call.args;
  if (!caller.registry.lookup(fun)) return functionMissing(call, output, caller, fun);
  const noParse = textOption(call, "no_parse")?.split(",") ?? [];
  const metadata = metadataOf(call);
  let result: CallResult;
  try {
    result = await caller.call(fun, parseCliArgs(words, { noParse }), {
      ...(metadata === undefined ? {} : { metadata }),
      executorOptions: executorOptions(yamlifyArg(textOption(call, "executor_opts") ?? "")),
    });
  } catch (error) {
    return callFailed(call, caller, fun, error);
  }
  const about: DataMap = {
    id: opts.id,
    fun,
    fun_args: words,
    ...(metadata === undefined ? {} : { metadata }),
  };
  const returners = returnerNames(call, opts);
  if (returners.length > 0) await caller.toReturners(returners, result, about);
  if (!isLocal(opts) && !flagOption(call, "no_return_event")) await caller.report(result, about);
  const { retcode } = result;
  if (flagOption(call, "print_metadata")) {
    output.show({ local: { ...result, ...about } }, { out: "nested", retcode });
  } else output.show({ local: result.return }, { out: result.out, retcode });
  if (flagOption(call, "retcode_passthrough")) return retcode;
  return retcode === EX.OK ? EX.OK : EX.GENERIC;
}

function metadataOf(call: Invocation): DataMap | undefined {
  const text = textOption(call, "metadata");
  if (text === undefined) return undefined;
  const metadata = yamlifyArg(text);
  if (isMap(metadata)) return metadata;
  throw new UsageError(`option --set-metadata: wanted a map such as '{a: b}', not '${text}'`);
}

function functionMissing(
  call: Invocation,
  output: Output,
  { registry }: Caller,
  fun: string,
): number {
  const text = missingFunction(registry, fun);
  const docs = docReport(registry, [`${fun}*`]);
  if (Object.keys(docs).length > 0) {
    output.show({ local: { ...docs, [fun]: text } }, { out: "nested" });
    return EX.GENERIC;
  }
  call.io.err(`${text}\n`);
  return EX_MISSING_FUNCTION;
}

function callFailed(call: Invocation, caller: Caller, fun: string, error: unknown): number {
  const { io } = call;
  if (error instanceof JobKilled) io.err("\nExiting gracefully on Ctrl-c\n");
  else if (error instanceof CommandNotFoundError) {
    io.err(`Command required for '${fun}' not found: ${messageOf(error)}\n`);
  } else if (error instanceof CommandExecutionError) {
    io.err(`Error running '${fun}': ${messageOf(error)}\n`);
  } else if (isArgumentError(error)) {
    io.err(`\nPassed invalid arguments: ${messageOf(error)}.\n\nUsage:\n`);
    const found = caller.registry.lookup(fun);
    if (found) io.out(`${docText(found.fn)}\n`);
  } else if (error instanceof SaltException) throw error;
  else {
    log.debug(() => `What ${fun} threw: ${error instanceof Error ? error.stack : error}`);
    io.err(`The minion function caused an exception: ${messageOf(error)}\n`);
  }
  return EX.GENERIC;
}

/** Salt's invocation errors are type errors to this program, but for those of its own reading. */
function isArgumentError(error: unknown): boolean {
  if (error instanceof UnknownKeywords) return false;
  return error instanceof InvalidArguments || error instanceof SaltInvocationError;
}

/** Those of the command line; without them, those of the option `return`. */
function returnerNames(call: Invocation, opts: MinionOpts): string[] {
  const given = textOption(call, "return") ?? opts["return"];
  const names = typeof given === "string" ? given.split(",") : [];
  return [...new Set(names.map((name) => name.trim()).filter((name) => name !== ""))];
}
