/**
 * What a process and a thread with users' code say to each other. A thread does one thing at a time.
 * @module
 */
import type { LogRecord } from "../../logging/mod.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import type { PlainError } from "../thread_values.ts";

/** Kinds of custom code, by the folder below `extension_modules`. */
export type CustomKind = "modules" | "grains" | "returners" | "output" | "runners";

/** A file with custom code. */
export interface CustomFile {
  kind: CustomKind;
  /** Without its ending. */
  name: string;
  path: string;
  /** Changes when the file does. */
  version: string;
}

/** What a function gets besides its arguments. */
export interface CustomContext {
  opts: object;
  values: DataMap;
  /** Functions of the process that it may call. */
  services: string[];
}

/** From the process: what to do, or what a service answered. */
export type ToCustom =
  | { kind: "describe"; file: CustomFile; opts: object; grains: Uint8Array; logLevelNo: number }
  | {
    kind: "call";
    file: CustomFile;
    member: string;
    args: Uint8Array;
    opts: object;
    values: Uint8Array;
    services: string[];
    logLevelNo: number;
  }
  | { kind: "answer"; id: number; value: Uint8Array }
  | { kind: "refusal"; id: number; error: PlainError };

/** From the thread. */
export type FromCustom =
  | { kind: "done"; value: Uint8Array; retcode: number; out: string | undefined }
  | { kind: "failed"; error: PlainError; atLoad: boolean }
  | { kind: "ask"; id: number; service: string; args: Uint8Array }
  | { kind: "log"; record: LogRecord };

/** What came of a call. */
export interface CustomResult {
  value: Data;
  retcode: number;
  out?: string;
}
