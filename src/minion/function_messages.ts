/**
 * What a minion and a thread that runs one of its functions say to each other.
 * @module
 */
import type { PlainError } from "../loader/thread_values.ts";
import type { LogRecord } from "../logging/mod.ts";
import type { MinionOpts } from "../config/mod.ts";

/** What a thread is started with. */
export interface FunctionCall {
  opts: MinionOpts;
  fun: string;
  /** Packed: {@linkcode CallValues} */
  values: Uint8Array;
  /** The lowest level that any sink of the minion wants. */
  logLevelNo: number;
}

/** The calls back into the minion that a function may make. */
export type ServiceName =
  | "refreshModules"
  | "refreshGrains"
  | "refreshPillar"
  | "requestPillar"
  | "request"
  | "fireLocal"
  | "fireMaster"
  | "onMaster"
  | "manage";

/** From a thread to the minion. Last comes `done` or `failed`. */
export type FromFunction =
  | { kind: "done"; value: Uint8Array; retcode: number; out: string | undefined }
  | { kind: "failed"; error: PlainError }
  | { kind: "service"; id: number; name: ServiceName; args: Uint8Array }
  | { kind: "child"; pid: number; running: boolean }
  | { kind: "log"; record: LogRecord };

/** From the minion to a thread: what a service answered. */
export type ToFunction =
  | { kind: "answer"; id: number; value: Uint8Array }
  | { kind: "refusal"; id: number; error: PlainError };
