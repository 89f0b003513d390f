/**
 * Runs functions that compute without pause on threads of their own, which a kill can end.
 * @module
 */
import type { BlockingCall, ExecContext } from "../loader/types.ts";
import { errorOf, pack, plainError, read } from "../loader/thread_values.ts";
import { lowestWanted, relay } from "../logging/mod.ts";
import type { WorkerThread } from "../runtime/types.ts";
import type { Data, DataMap } from "../types/mod.ts";
import type { FromFunction, FunctionCall, ToFunction } from "./function_messages.ts";

/** Starts a thread. */
export type Spawn = (name: string, data: unknown) => WorkerThread;

/** Name of the entry point in `src/threads.ts`. */
export const FUNCTION_THREAD = "minion-function";

/**
 * A caller that starts a thread for each call and ends it with the job.
 * @throws what the function threw, the reason of `ctx.signal`, or an Error when the thread crashed.
 */
export function threadCaller(
  spawn: Spawn,
): (ctx: ExecContext, call: BlockingCall) => Promise<Data> {
  return async (ctx, call) => {
    ctx.signal.throwIfAborted();
    const thread = spawn(FUNCTION_THREAD, callData(ctx, call));
    const { promise, resolve, reject } = Promise.withResolvers<Data>();
    const children = new Map<number, () => void>();
    const onAbort = () => reject(ctx.signal.reason);
    ctx.signal.addEventListener("abort", onAbort, { once: true });
    thread.onExit((code, error) => {
      reject(error ?? new Error(`The thread of ${call.fun} ended with code ${code}`));
    });
    thread.onMessage((raw) => {
      const message = raw as FromFunction;
      if (message.kind === "done") {
        ctx.context.retcode = message.retcode;
        if (message.out !== undefined) ctx.context["out"] = message.out;
        resolve(read(message.value));
      } else if (message.kind === "failed") reject(errorOf(message.error));
      else if (message.kind === "log") relay(message.record);
      else if (message.kind === "service") void serve(ctx, thread, message);
      else if (message.running) children.set(message.pid, ctx.trackProcess(message.pid));
      else {
        children.get(message.pid)?.();
        children.delete(message.pid);
      }
    });
    try {
      return await promise;
    } finally {
      ctx.signal.removeEventListener("abort", onAbort);
      await thread.terminate();
    }
  };
}

function callData(ctx: ExecContext, call: BlockingCall): FunctionCall {
  const { args, kwargs } = call;
  const job = ctx.job as unknown as DataMap | null;
  return {
    opts: ctx.opts,
    fun: call.fun,
    values: pack({ grains: ctx.grains, pillar: ctx.pillar, job, args, kwargs }),
    logLevelNo: lowestWanted(),
  };
}

async function serve(
  ctx: ExecContext,
  thread: WorkerThread,
  message: FromFunction & { kind: "service" },
): Promise<void> {
  const { id } = message;
  const tell = (answer: ToFunction) => thread.postMessage(answer);
  try {
    const args = read(message.args) as [];
    const service = ctx.minion[message.name] as (...args: Data[]) => Promise<Data>;
    tell({ kind: "answer", id, value: pack(await service.apply(ctx.minion, args)) });
  } catch (error) {
    tell({ kind: "refusal", id, error: plainError(error) });
  }
}
