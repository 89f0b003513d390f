/**
 * How values and errors travel between a process and its threads.
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
import { packLocal, unpack } from "../serializers/msgpack.ts";
import type { Data } from "../types/mod.ts";
import { InvalidArguments } from "./bind.ts";

/** An error, taken apart so that the other side can build one of the same class. */
export interface PlainError {
  name: string;
  message: string;
  stack: string | undefined;
}

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
