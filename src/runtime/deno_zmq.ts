/**
 * libzmq's C functions on Deno, taken from zeromq's addon, which exports them.
 *
 * The addon itself does not work there: it waits for a socket's file descriptor in a way that Deno
 * answers once only.
 * @module
 */
import { messageOf } from "../errors.ts";
import { closeAll } from "./open_sockets.ts";
import { addonFiles } from "./zmq_addon_files.ts";
import { CONTEXT_MAX_SOCKETS, MAX_SOCKETS } from "./zmq_options.ts";
import { ZmqError } from "./zmq_error.ts";

const SYMBOLS = {
  zmq_version: { parameters: ["buffer", "buffer", "buffer"], result: "void" },
  zmq_errno: { parameters: [], result: "i32" },
  zmq_strerror: { parameters: ["i32"], result: "pointer" },
  zmq_ctx_new: { parameters: [], result: "pointer" },
  zmq_ctx_term: { parameters: ["pointer"], result: "i32" },
  zmq_ctx_set: { parameters: ["pointer", "i32", "i32"], result: "i32" },
  zmq_socket: { parameters: ["pointer", "i32"], result: "pointer" },
  zmq_close: { parameters: ["pointer"], result: "i32" },
  zmq_bind: { parameters: ["pointer", "buffer"], result: "i32" },
  zmq_unbind: { parameters: ["pointer", "buffer"], result: "i32" },
  zmq_connect: { parameters: ["pointer", "buffer"], result: "i32" },
  zmq_disconnect: { parameters: ["pointer", "buffer"], result: "i32" },
  zmq_setsockopt: { parameters: ["pointer", "i32", "buffer", "usize"], result: "i32" },
  zmq_getsockopt: { parameters: ["pointer", "i32", "buffer", "buffer"], result: "i32" },
  zmq_send: { parameters: ["pointer", "buffer", "usize", "i32"], result: "i32" },
  zmq_msg_init: { parameters: ["buffer"], result: "i32" },
  zmq_msg_recv: { parameters: ["buffer", "pointer", "i32"], result: "i32" },
  zmq_msg_data: { parameters: ["buffer"], result: "pointer" },
  zmq_msg_more: { parameters: ["buffer"], result: "i32" },
  zmq_msg_close: { parameters: ["buffer"], result: "i32" },
  zmq_socket_monitor: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** libzmq, and the one context of this thread. */
export interface Zmq {
  readonly lib: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
  readonly context: Deno.PointerValue;
}

let loaded: Zmq | undefined;

/** libzmq, loaded on first use. */
export function loadZmq(): Zmq {
  loaded ??= start();
  return loaded;
}

function start(): Zmq {
  const { symbols: lib } = openFirst(addonFiles());
  const zmq: Zmq = { lib, context: lib.zmq_ctx_new() };
  lib.zmq_ctx_set(zmq.context, CONTEXT_MAX_SOCKETS, MAX_SOCKETS);
  // As the addon does on Node: what was sent before the program ends is still delivered.
  process.on("exit", () => {
    closeAll();
    lib.zmq_ctx_term(zmq.context);
  });
  return zmq;
}

function openFirst(paths: string[]): Deno.DynamicLibrary<typeof SYMBOLS> {
  const reasons: string[] = [];
  for (const path of paths) {
    try {
      return Deno.dlopen(path, SYMBOLS);
    } catch (error) {
      reasons.push(messageOf(error));
    }
  }
  throw new Error(`Cannot load ZeroMQ\n  ${reasons.join("\n  ")}`);
}

/** libzmq's version. */
export function zmqVersion(): string {
  const parts = [0, 1, 2].map(() => new Int32Array(1));
  const [major, minor, patch] = parts.map((part) => new Uint8Array(part.buffer));
  loadZmq().lib.zmq_version(major!, minor!, patch!);
  return parts.map((part) => part[0]).join(".");
}

const CODES: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  11: "EAGAIN",
  13: "EACCES",
  16: "EBUSY",
  19: "ENODEV",
  22: "EINVAL",
  24: "EMFILE",
  35: "EAGAIN",
  36: "ENAMETOOLONG",
  48: "EADDRINUSE",
  49: "EADDRNOTAVAIL",
  63: "ENAMETOOLONG",
  65: "EHOSTUNREACH",
  93: "EPROTONOSUPPORT",
  95: "ENOTSUP",
  98: "EADDRINUSE",
  99: "EADDRNOTAVAIL",
  113: "EHOSTUNREACH",
  156384763: "EFSM",
};

/** The name of the last error in this thread. */
export function lastCode(zmq: Zmq): string {
  const errno = zmq.lib.zmq_errno();
  return CODES[errno] ?? `E${errno}`;
}

/** The last error in this thread, as an exception. */
export function lastError(zmq: Zmq, what: string): ZmqError {
  const errno = zmq.lib.zmq_errno();
  const text = zmq.lib.zmq_strerror(errno);
  const reason = text ? new Deno.UnsafePointerView(text).getCString() : `error ${errno}`;
  return new ZmqError(CODES[errno] ?? `E${errno}`, `${what}: ${reason}`);
}
