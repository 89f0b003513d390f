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
  const port = portOf(parentPort);
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
    await entry(data, port);
  } catch (error) {
    closeAll();
    throw error;
  }
}

/**
 * Made before the entry point is loaded: on Deno a message that nobody listens to is gone, and the
 * starter may send some at once.
 */
function portOf(
  parentPort: NonNullable<ReturnType<typeof workerThreads>["parentPort"]>,
): ThreadPort {
  const early: unknown[] = [];
  const listeners: ((message: unknown) => void)[] = [];
  const hear = (message: unknown) => {
    if (listeners.length === 0) early.push(message);
    for (const listener of listeners) listener(message);
  };
  parentPort.on("message", hear);
  // A thread that never listens may end.
  parentPort.unref();
  return {
    postMessage: (message, transfer) => parentPort.postMessage(message, transfer ?? []),
    onMessage: (listener) => {
      listeners.push(listener);
      parentPort.ref();
      for (const message of early.splice(0)) queueMicrotask(() => listener(message));
    },
    close: () => {
      listeners.length = 0;
      parentPort.off("message", hear);
      parentPort.unref();
    },
  };
}
