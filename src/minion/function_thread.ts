/**
 * The thread that runs one function of a job.
 * @module
 */
import { callFunction, createContext } from "../loader/context.ts";
import type { MinionServices } from "../loader/types.ts";
import { errorOf, pack, plainError, read } from "../loader/thread_values.ts";
import { addSink } from "../logging/mod.ts";
import { buildRegistry } from "../plugins/modules/mod.ts";
import type { ThreadPort } from "../runtime/types.ts";
import type { Data, DataMap, PublishLoad } from "../types/mod.ts";
import type { FromFunction, FunctionCall, ServiceName, ToFunction } from "./function_messages.ts";

/** What {@linkcode FunctionCall.values} holds. */
interface CallValues {
  grains: DataMap;
  pillar: DataMap;
  job: PublishLoad | null;
  args: Data[];
  kwargs: DataMap;
}

/** The thread's entry point. */
export async function run(data: unknown, port: ThreadPort): Promise<void> {
  const call = data as FunctionCall;
  const tell = (message: FromFunction) => port.postMessage(message);
  addSink(
    (record) => tell({ kind: "log", record: { ...record, error: undefined } }),
    () => call.logLevelNo,
  );
  try {
    const values = read(call.values) as unknown as CallValues;
    const { opts } = call;
    const ctx = createContext({
      opts,
      grains: values.grains,
      pillar: values.pillar,
      registry: await buildRegistry({ opts, grains: values.grains }),
      minion: remoteServices(port, tell),
      job: values.job,
      trackProcess: (pid) => {
        tell({ kind: "child", pid, running: true });
        return () => tell({ kind: "child", pid, running: false });
      },
    });
    const value = await callFunction(ctx, call.fun, values.args, values.kwargs);
    const out = ctx.context["out"];
    const { retcode } = ctx.context;
    tell({
      kind: "done",
      value: pack(value),
      retcode,
      out: typeof out === "string" ? out : undefined,
    });
  } catch (error) {
    tell({ kind: "failed", error: plainError(error) });
  } finally {
    port.close();
  }
}

/** The minion's services, over the port. */
function remoteServices(port: ThreadPort, tell: (message: FromFunction) => void): MinionServices {
  const waiting = new Map<number, { resolve(value: Data): void; reject(error: Error): void }>();
  let last = 0;
  port.onMessage((raw) => {
    const message = raw as ToFunction;
    const asker = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === "answer") asker?.resolve(read(message.value));
    else asker?.reject(errorOf(message.error));
  });
  const ask = (name: ServiceName, ...args: Data[]) =>
    new Promise<Data>((resolve, reject) => {
      const id = last += 1;
      waiting.set(id, { resolve, reject });
      tell({ kind: "service", id, name, args: pack(args) });
    });
  const askBool = async (name: ServiceName, ...args: Data[]) => await ask(name, ...args) === true;
  return {
    // A function that computes without pause has no business with other jobs.
    running: () => [],
    refreshModules: () => askBool("refreshModules"),
    refreshGrains: (pillar = "changed") => askBool("refreshGrains", pillar),
    refreshPillar: (cleanCache = false) => askBool("refreshPillar", cleanCache),
    requestPillar: async (options = {}) =>
      await ask("requestPillar", options as DataMap) as DataMap,
    request: (load, options = {}) => ask("request", load, { ...options }),
    fireLocal: (tag, event) => askBool("fireLocal", tag, event),
    fireMaster: (tag, event) => askBool("fireMaster", tag, event),
    manage: async (what, request) => await ask("manage", what, request) as DataMap | null,
    onMaster: (kind, call) => ask("onMaster", kind, call),
  };
}
