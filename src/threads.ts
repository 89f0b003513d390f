/**
 * Entry points of worker threads, by the name that {@linkcode Runtime.spawnThread} takes.
 * @module
 */
import type { ThreadTable } from "./runtime/types.ts";

/** Each loads what it needs only in the thread that runs it. */
export const threads: ThreadTable = {
  "custom-output": async () => (await import("./loader/custom/output.ts")).run,
  "custom-code": async () => (await import("./loader/custom/thread.ts")).run,
  "master-worker": async () => (await import("./master/worker_thread.ts")).run,
  "minion-function": async () => (await import("./minion/function_thread.ts")).run,
};
