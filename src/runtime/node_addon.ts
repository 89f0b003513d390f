/**
 * Loads zeromq's addon into Node: from `node_modules`, or from the executable itself.
 *
 * Only the addon is used, not the package's JavaScript: one object a socket is enough.
 * @module
 */
import { messageOf } from "../errors.ts";
import { CONTEXT_MAX_SOCKETS, MAX_SOCKETS } from "./zmq_options.ts";
import { addonFiles } from "./zmq_addon_files.ts";
import { embeddedAddon, sea, shareAddon } from "./node_embedded.ts";

/** The addon's socket. Sends and receives must not overlap; the adapter sees to that. */
export interface NativeSocket {
  bindSync(endpoint: string): void;
  connect(endpoint: string): void;
  disconnect(endpoint: string): void;
  close(): void;
  /** Rejects with `EAGAIN` after `ZMQ_SNDTIMEO`. */
  send(frames: Uint8Array | string | (Uint8Array | string)[]): Promise<void>;
  /** Rejects with `EAGAIN` after `ZMQ_RCVTIMEO`. */
  receive(): Promise<Uint8Array[]>;
  setInt32Option(id: number, value: number): void;
  setInt64Option(id: number, value: number): void;
  setStringOption(id: number, value: string | Uint8Array): void;
  getStringOption(id: number): string;
  /** Whether a send would go through at once. */
  readonly writable: boolean;
  readonly events: NativeObserver;
}

/** The addon's monitor of a socket. */
export interface NativeObserver {
  receive(): Promise<{ type: string; address?: string }>;
  readonly closed: boolean;
}

/** What the addon exports, as far as it is used. */
export interface NativeZmq {
  readonly version: string;
  readonly Socket: new (type: number) => NativeSocket;
  /** The one context of the process, shared by its threads. */
  readonly context: { setInt32Option(id: number, value: number): void };
}

let loaded: NativeZmq | undefined;
let loadedFrom = "";

/**
 * The addon, loaded on first use.
 * @throws {Error} naming each file that was tried and why it could not be loaded.
 */
export function loadAddon(): NativeZmq {
  loaded ??= loadFrom(embeddedAddon() ?? addonFiles());
  return loaded;
}

/** Loads the addon for threads that are started from now on as well. */
export function loadAddonForThreads(): void {
  loadAddon();
  if (sea()) shareAddon(loadedFrom);
}

function loadFrom(paths: Iterable<string>): NativeZmq {
  const reasons: string[] = [];
  for (const path of paths) {
    try {
      const module = { exports: {} as NativeZmq };
      process.dlopen(module, path);
      loadedFrom = path;
      module.exports.context.setInt32Option(CONTEXT_MAX_SOCKETS, MAX_SOCKETS);
      return module.exports;
    } catch (error) {
      reasons.push(`${path}: ${messageOf(error)}`);
    }
  }
  throw new Error(`Cannot load ZeroMQ.${hint(reasons.join())}\n  ${reasons.join("\n  ")}`);
}

function hint(reasons: string): string {
  if (reasons.includes("libstdc++")) {
    return " It needs the C++ library of this system: install libstdc++6 (Debian, Ubuntu, SUSE) or" +
      " libstdc++ (Red Hat).";
  }
  if (reasons.includes("failed to map segment")) {
    return " No folder here may hold code: set TMPDIR to one on a mount without noexec.";
  }
  return "";
}
