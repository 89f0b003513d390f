/**
 * Runs a job: the functions it names, one after the other, and what becomes of their results and
 * errors. Used by the minion and by `salt-call` alike.
 * (`salt/minion.py`: `_thread_return`, `_thread_multi_return`, `_execute_job_function`)
 * @module
 */
import {
  CommandExecutionError,
  CommandNotFoundError,
  EX,
  messageOf,
  SaltClientError,
  SaltException,
  SaltInvocationError,
} from "../errors.ts";
import { pyTruthy } from "../text/py_repr.ts";
import type { Data, DataMap, PublishLoad } from "../types/mod.ts";
import { InvalidArguments, loadArguments } from "./bind.ts";
import { docReport, docText } from "./docs.ts";
import { callThrough, executorNames, executorOptions } from "./executors/mod.ts";
import { missingFunction } from "./registry.ts";
import type { ExecContext } from "./types.ts";

/** What to run; a {@linkcode PublishLoad} is one. `arg` holds a list for each function when `fun` is a list. */
export interface JobRequest {
  fun: string | string[];
  arg: Data[];
  /** Executors that the job names: one, or a list. */
  module_executors?: unknown;
  executor_opts?: unknown;
}

/** What becomes of a job: the fields of a return that depend on how it went. */
export interface JobResult {
  return: Data;
  retcode: number | DataMap | Data[];
  success: boolean | DataMap | Data[];
  out?: string;
}

/** A JavaScript stack in the frame that Python gives its tracebacks. */
function traceback(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? "" : "";
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const name = error instanceof Error ? error.name.replace(/^Error$/, "Exception") : "Exception";
  const message = messageOf(error);
  return ["Traceback (most recent call last):", ...frames, `${name}: ${message}`, ""].join("\n");
}

/** The text of a failed call. (`salt/minion.py:_thread_return`, its `except` clauses) */
function failureText(ctx: ExecContext, fun: string, error: unknown): string {
  const message = messageOf(error);
  if (error instanceof CommandNotFoundError) {
    return `Command required for '${fun}' not found: ${message}`;
  }
  if (error instanceof CommandExecutionError) {
    ctx.log.error(`A command in '${fun}' had a problem: ${message}`);
    return `ERROR: ${message}`;
  }
  if (error instanceof SaltInvocationError || error instanceof SaltClientError) {
    ctx.log.error(`Problem executing '${fun}': ${message}`);
    return `ERROR executing '${fun}': ${message}`;
  }
  if (error instanceof InvalidArguments) {
    const found = ctx.registry.lookup(fun);
    const text = `Passed invalid arguments to ${fun}: ${message}\n${
      found ? docText(found.fn) : ""
    }`;
    ctx.log.warning(text);
    return text;
  }
  if (error instanceof SaltException) return `ERROR: ${message}`;
  ctx.log.warning(`The minion function '${fun}' caused an exception`, error);
  return `The minion function caused an exception: ${traceback(error)}`;
}

/** The code of a call that ended: the one it set, or 1 when its result tells of a failure. */
export function retcodeOf(ctx: ExecContext, value: Data): number {
  const { retcode } = ctx.context;
  if (retcode !== EX.OK) return retcode;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return EX.OK;
  if (value instanceof Uint8Array || value instanceof Date || value instanceof Number) return EX.OK;
  const good = ["result", "success"].every((key) =>
    !Object.hasOwn(value, key) || pyTruthy(value[key]!)
  );
  return good ? EX.OK : EX.GENERIC;
}

/** A minion in blackout runs nothing but what brings it out of it. */
function checkBlackout(ctx: ExecContext, fun: string): void {
  for (const source of [ctx.pillar, ctx.grains]) {
    if (!pyTruthy(source["minion_blackout"] ?? false)) continue;
    const allowed = source["minion_blackout_whitelist"];
    if (fun === "saltutil.refresh_pillar") continue;
    if (Array.isArray(allowed) && allowed.includes(fun)) continue;
    throw new SaltInvocationError(
      "Minion in blackout mode. Set 'minion_blackout' to False in pillar or grains to resume " +
        "operations. Only saltutil.refresh_pillar allowed in blackout mode.",
    );
  }
}

async function runOne(
  ctx: ExecContext,
  fun: string,
  arg: readonly Data[],
  request: JobRequest,
): Promise<Data> {
  checkBlackout(ctx, fun);
  const found = ctx.registry.lookup(fun);
  if (!found) throw new SaltInvocationError(missingFunction(ctx.registry, fun));
  const { args, kwargs } = loadArguments(found.fn, arg, publicationOf(ctx.job));
  ctx.context.retcode = EX.OK;
  const names = executorNames(ctx.opts, request.module_executors);
  const options = executorOptions(request.executor_opts);
  return await callThrough(ctx, names, { fun, args, kwargs, options });
}

/** The publication as functions that take any keyword see it, in `__pub_*`. */
function publicationOf(job: PublishLoad | null): DataMap | undefined {
  return job ? { ...job } as unknown as DataMap : undefined;
}

/** The return of a job whose function is not there: the docs of what it may have meant. */
function missing(ctx: ExecContext, fun: string): JobResult {
  const docs = docReport(ctx.registry, [`${fun}*`]);
  const text = missingFunction(ctx.registry, fun);
  const value: Data = Object.keys(docs).length > 0 ? { ...docs, [fun]: text } : text;
  return { return: value, retcode: EX.GENERIC, success: false, out: "nested" };
}

async function executeSingle(ctx: ExecContext, fun: string, request: JobRequest) {
  const found = ctx.registry.lookup(fun);
  if (!found) return missing(ctx, fun);
  try {
    const value = await runOne(ctx, fun, request.arg, request);
    const retcode = retcodeOf(ctx, value);
    const result: JobResult = { return: value, retcode, success: retcode === EX.OK };
    const out = ctx.context["out"] ?? found.fn.out;
    return typeof out === "string" ? { ...result, out } : result;
  } catch (error) {
    ctx.signal.throwIfAborted();
    const text = failureText(ctx, fun, error);
    return { return: text, retcode: EX.GENERIC, success: false, out: "nested" };
  }
}

async function executeMany(
  ctx: ExecContext,
  funs: string[],
  request: JobRequest,
): Promise<JobResult> {
  const returns: Data[] = [];
  const retcodes: number[] = [];
  for (const [index, fun] of funs.entries()) {
    const arg = request.arg[index];
    try {
      const value = await runOne(ctx, fun, Array.isArray(arg) ? arg : [], request);
      returns.push(value);
      retcodes.push(retcodeOf(ctx, value));
    } catch (error) {
      ctx.signal.throwIfAborted();
      returns.push(ctx.registry.lookup(fun) ? failureText(ctx, fun, error) : messageOf(error));
      retcodes.push(EX.GENERIC);
    }
  }
  const successes = retcodes.map((retcode) => retcode === EX.OK);
  if (ctx.opts["multifunc_ordered"] === true) {
    return { return: returns, retcode: retcodes, success: successes };
  }
  const byName = <T extends Data>(values: T[]): DataMap =>
    Object.fromEntries(funs.map((fun, index) => [fun, values[index]!]));
  return { return: byName(returns), retcode: byName(retcodes), success: byName(successes) };
}

/**
 * Runs a job to its end. Failures of functions are results, never exceptions.
 *
 * @throws The reason of `ctx.signal` when the job was killed.
 */
export function executeJob(ctx: ExecContext, request: JobRequest): Promise<JobResult> {
  return Array.isArray(request.fun)
    ? executeMany(ctx, request.fun, request)
    : executeSingle(ctx, request.fun, request);
}
