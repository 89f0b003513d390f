/**
 * Binds ipc sockets that only their owner may use.
 * @module
 */
import { chmod } from "node:fs/promises";
import process from "node:process";
import type { ZmqSocket } from "../../runtime/types.ts";

/** The umask belongs to the whole process: one bind at a time. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Binds so that the socket file never is more open than `mode` (0600 by default): connecting to a
 * Unix socket needs write permission on its file.
 */
export function bindPrivate(socket: ZmqSocket, endpoint: string, mode = 0o600): Promise<string> {
  const bound = last.catch(() => {}).then(() => bindNow(socket, endpoint, mode));
  last = bound;
  return bound;
}

async function bindNow(socket: ZmqSocket, endpoint: string, mode: number): Promise<string> {
  if (!endpoint.startsWith("ipc://")) return await socket.bind(endpoint);
  const before = process.umask(0o777 & ~mode);
  try {
    return await socket.bind(endpoint);
  } finally {
    process.umask(before);
    await chmod(endpoint.slice("ipc://".length), mode).catch(() => {});
  }
}
