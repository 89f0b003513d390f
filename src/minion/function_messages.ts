/**
 * What a minion and a thread that runs one of its functions say to each other.
 *
 * Values travel as msgpack: cloning would lose what tells `1.0` from `1`.
 * @module
 */
import {
  CommandExecutionError,
  CommandNotFoundError,
  SaltClientError,
  SaltException,
  SaltInvocationError,
} from "../errors.ts";
import { InvalidArguments } from "../loader/bind.ts";
import type { LogRecord } from "../logging/mod.ts";
import type { MinionOpts } from "../config/mod.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import type { Data } from "../types/mod.ts";

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
  | "fireMaster";

/** An error, taken apart so that the other side can build one of the same class. */
export interface PlainError {
  name: string;
  message: string;
  stack: string | undefined;
}

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

const CLASSES = [
  CommandExecutionError,
  CommandNotFoundError,
  SaltClientError,
  SaltInvocationError,
  InvalidArguments,
];

/** Takes an error apart. */
export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: undefined };
  const known = CLASSES.find((type) => error instanceof type);
  const name = known?.prototype.constructor.name ??
    (error instanceof SaltException ? "SaltException" : "Error");
  return { name, message: error.message, stack: error.stack };
}

/** Builds an error of the class it was. */
export function errorOf(plain: PlainError): Error {
  const type = [...CLASSES, SaltException].find(({ name }) => name === plain.name) ?? Error;
  const error = new type(plain.message);
  if (plain.stack !== undefined) error.stack = plain.stack;
  return error;
}

/** Packs a value for the way. */
export function pack(value: Data): Uint8Array {
  return packLocal(value);
}

/** Reads what {@linkcode pack} made. */
export function read(packed: Uint8Array): Data {
  return unpack(packed);
}
