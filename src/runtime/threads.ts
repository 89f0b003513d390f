/**
 * Worker threads over `node:worker_threads`, which both runtimes have.
 * @module
 */
import type * as WorkerThreads from "node:worker_threads";
import type { ThreadPort, ThreadTable, WorkerThread } from "./types.ts";

/** What a thread is told at its start. */
interface ThreadStart {
  name: string;
  data: unknown;
}

/** `node:worker_threads`, which a command that starts no thread never loads. */
export function workerThreads(): typeof WorkerThreads {
  return process.getBuiltinModule("node:worker_threads");
}

/** Starts `program` as a thread that runs the entry point `name`. */
export function startThread(
  program: { file: URL } | { source: string },
  name: string,
  data: unknown,
): WorkerThread {
  const { Worker } = workerThreads();
  const options = { name, workerData: { name, data } satisfies ThreadStart };
  return handleOf(
    "file" in program
      ? new Worker(program.file, options)
      : new Worker(program.source, { ...options, eval: true }),
  );
}

function handleOf(worker: WorkerThreads.Worker): WorkerThread {
  let failure: Error | undefined;
  let ended: { code: number } | undefined;
  let onExit: ((code: number, error: Error | undefined) => void) | undefined;
  const tell = () => {
    if (!ended || !onExit) return;
    onExit(ended.code, failure);
    onExit = undefined;
  };
  worker.on("error", (error) => failure = toError(error));
  worker.on("exit", (code) => {
    ended = { code: failure && code === 0 ? 1 : code };
    tell();
  });
  return {
    postMessage: (message) => worker.postMessage(message),
    onMessage: (listener) => void worker.on("message", listener),
    onExit: (listener) => {
      onExit = listener;
      tell();
    },
    terminate: async () => void await worker.terminate(),
  };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** Runs in a thread: finds the entry point that {@linkcode startThread} named, and calls it. */
export async function serveThread(threads: ThreadTable): Promise<void> {
  const { parentPort, workerData } = workerThreads();
  if (!parentPort) throw new Error("This is not a worker thread");
  const { name, data } = workerData as ThreadStart;
  const load = Object.hasOwn(threads, name) ? threads[name] : undefined;
  if (!load) throw new Error(`There is no thread entry point "${name}"`);
  const entry = await load();
  const listeners: ((message: unknown) => void)[] = [];
  const port: ThreadPort = {
    postMessage: (message) => parentPort.postMessage(message),
    onMessage: (listener) => {
      listeners.push(listener);
      parentPort.on("message", listener);
    },
    close: () => {
      for (const listener of listeners.splice(0)) parentPort.off("message", listener);
      parentPort.unref();
    },
  };
  await entry(data, port);
}
