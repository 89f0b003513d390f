/**
 * Makes the context that functions get, and calls functions with it.
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { SaltInvocationError } from "../errors.ts";
import { getLogger, type Logger } from "../logging/mod.ts";
import type { Data, DataMap, MinionId, PublishLoad } from "../types/mod.ts";
import { bindArguments } from "./bind.ts";
import { missingFunction } from "./registry.ts";
import { localServices } from "./services.ts";
import type { BlockingCaller, ExecContext, MinionServices, ModuleRegistry } from "./types.ts";

/** What a context is made of. */
export interface ContextOptions {
  opts: MinionOpts;
  grains: DataMap;
  pillar?: DataMap;
  registry: ModuleRegistry;
  /** The minion process; without one, functions that need it say so. */
  minion?: MinionServices;
  /** The job that the calls belong to. */
  job?: PublishLoad | null;
  /** Ends what runs; never aborts when absent. */
  signal?: AbortSignal;
  log?: Logger;
  /** Told of each child process, by the id of its process group; returns how to forget it. */
  trackProcess?(pid: number): () => void;
  /** Runs functions marked `blocking` on a thread; without it they run in place. */
  callBlocking?: BlockingCaller;
}

/** Makes the context of one job. Its `context` (Salt's `__context__`) is empty at first. */
export function createContext(options: ContextOptions): ExecContext {
  const job = options.job ?? null;
  const context: ExecContext = {
    opts: options.opts,
    grains: options.grains,
    pillar: options.pillar ?? {},
    salt: (fun, args = [], kwargs = {}) => callFunction(context, fun, args, kwargs),
    context: { retcode: 0 },
    job,
    jid: job?.jid ?? null,
    id: options.opts.id as MinionId,
    signal: options.signal ?? new AbortController().signal,
    log: options.log ?? getLogger("saltx.loader"),
    registry: options.registry,
    minion: options.minion ?? localServices,
    trackProcess: options.trackProcess ?? (() => () => {}),
    ...(options.callBlocking ? { callBlocking: options.callBlocking } : {}),
  };
  return context;
}

/**
 * As {@linkcode callFunction} does, but only what the registry offers: for names that come from outside.
 * @throws as that does.
 */
export async function callNamed(
  ctx: ExecContext,
  fun: string,
  args: readonly Data[] = [],
  kwargs: DataMap = {},
): Promise<Data> {
  if (ctx.registry.lookup(fun)) return await callFunction(ctx, fun, args, kwargs);
  throw new SaltInvocationError(missingFunction(ctx.registry, fun));
}

/**
 * Calls a function by name with Python's way of giving arguments; `__salt__[fun](*args, **kwargs)`.
 *
 * @throws SaltInvocationError when there is no such function, InvalidArguments when the arguments
 * do not fit, and what the function throws.
 */
export async function callFunction(
  ctx: ExecContext,
  fun: string,
  args: readonly Data[] = [],
  kwargs: DataMap = {},
): Promise<Data> {
  const found = ctx.registry.within(fun);
  if (!found) throw new SaltInvocationError(missingFunction(ctx.registry, fun));
  const values = bindArguments(fun, found.fn, args, kwargs);
  if (found.fn.blocking && ctx.callBlocking) {
    return await ctx.callBlocking(ctx, { fun, args: [...args], kwargs });
  }
  return await found.fn.run(ctx, values) ?? null;
}
