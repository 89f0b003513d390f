/**
 * Executors: how a job's functions are called. `direct_call` calls them, `sudo` has another user call
 * them, `splay` waits first. (`salt/executors/`, `salt/minion.py:Minion._execute_job_function`)
 * @module
 */
import { SaltInvocationError } from "../../errors.ts";
import { pyRepr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { callNamed } from "../context.ts";
import type { ExecContext } from "../types.ts";
import { splay } from "./splay.ts";
import { sudo } from "./sudo.ts";
import type { Executor, ExecutorCall } from "./types.ts";

export type { Executor, ExecutorCall } from "./types.ts";

const directCall: Executor = {
  available: () => true,
  execute: (ctx, { fun, args, kwargs }) => callNamed(ctx, fun, args, kwargs),
};

const EXECUTORS: Readonly<Record<string, Executor>> = { direct_call: directCall, splay, sudo };

/** What calls functions when nothing else is said. */
export const DIRECT: readonly string[] = ["direct_call"];

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 &&
    value.every((name) => typeof name === "string");
}

/**
 * The executors of a job, in their order: those it names, or those of the configuration. With
 * `sudo_user` the last of them is `sudo`.
 * @throws SaltInvocationError when the names are none.
 */
export function executorNames(
  opts: { readonly sudo_user?: unknown; readonly module_executors?: unknown },
  wanted: unknown,
): readonly string[] {
  const given = isGiven(wanted) ? wanted : opts.module_executors;
  const names = typeof given === "string" ? [given] : isGiven(given) ? given : DIRECT;
  if (!isNames(names)) {
    throw new SaltInvocationError(
      `Wrong executors specification: ${pyRepr(names as Data)}. String or non-empty list expected`,
    );
  }
  return opts.sudo_user && names.at(-1) !== "sudo" ? [...names.slice(0, -1), "sudo"] : names;
}

/** False for what Python counts as nothing: then the next source decides. */
function isGiven(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === false) return false;
  return !(Array.isArray(value) && value.length === 0);
}

/**
 * Calls a function through executors: the first that gives something ends it.
 * @throws SaltInvocationError for an executor that is not there, and what executors throw.
 */
export async function callThrough(
  ctx: ExecContext,
  names: readonly string[],
  call: ExecutorCall,
): Promise<Data> {
  for (const name of names) {
    const executor = Object.hasOwn(EXECUTORS, name) ? EXECUTORS[name] : undefined;
    if (!executor?.available(ctx)) {
      throw new SaltInvocationError(`Executor '${name}' is not available`);
    }
    const value = await executor.execute(ctx, call);
    if (value !== null) return value;
  }
  return null;
}

/** `executor_opts` as they travel with a job; anything but a map is as good as none. */
export function executorOptions(value: unknown): DataMap {
  const map = value !== null && typeof value === "object" && !Array.isArray(value);
  return map ? value as DataMap : {};
}
