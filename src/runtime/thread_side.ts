/**
 * The thread's side of {@linkcode startThread}.
 * @module
 */
import { closeAll, countIn } from "./open_sockets.ts";
import { type ThreadStart, workerThreads } from "./threads.ts";
import type { ThreadPort, ThreadTable } from "./types.ts";

/** Runs in a thread: finds the entry point that the starter named, and calls it. */
export async function serveThread(threads: ThreadTable): Promise<void> {
  const { parentPort, workerData } = workerThreads();
  if (!parentPort) throw new Error("This is not a worker thread");
  const { name, data, stop, cells } = workerData as ThreadStart;
  countIn(cells);
  process.on("exit", closeAll);
  stop.on("message", () => {
    closeAll();
    process.exit(0);
  });
  stop.unref();
  try {
    const load = Object.hasOwn(threads, name) ? threads[name] : undefined;
    if (!load) throw new Error(`There is no thread entry point "${name}"`);
    const entry = await load();
    await entry(data, portOf(parentPort));
  } catch (error) {
    closeAll();
    throw error;
  }
}

function portOf(
  parentPort: NonNullable<ReturnType<typeof workerThreads>["parentPort"]>,
): ThreadPort {
  const listeners: ((message: unknown) => void)[] = [];
  return {
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
}
