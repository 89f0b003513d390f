/**
 * Telling systemd how the daemon fares. (sd_notify(3))
 * @module
 */
import type * as ChildProcess from "node:child_process";
import type { OpenLibc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
const FAMILY_BYTES = 2;
/** `sizeof sockaddr_un.sun_path` on Linux. */
const MAX_PATH = 108;

/** `struct sockaddr_un` and its length; a leading `@` means the abstract namespace. */
export function unixAddress(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length >= MAX_PATH) {
    throw new Error(`NOTIFY_SOCKET has a path of ${name.length} bytes`);
  }
  if (name[0] === "@".charCodeAt(0)) name[0] = 0;
  const terminator = name[0] === 0 ? 0 : 1;
  const address = new Uint8Array(FAMILY_BYTES + name.length + terminator);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(name, FAMILY_BYTES);
  return address;
}

/**
 * Sends `state` to `NOTIFY_SOCKET` in one datagram; does nothing when there is none. Where the C
 * library cannot be called, `systemd-notify` does it.
 * @returns whether it was sent.
 */
export async function sdNotify(
  state: string,
  openLibc: OpenLibc,
  path = process.env["NOTIFY_SOCKET"],
): Promise<boolean> {
  if (!path || process.platform !== "linux") return false;
  try {
    return sendDatagram(path, state, openLibc);
  } catch {
    return await runSystemdNotify(state);
  }
}

function sendDatagram(path: string, state: string, openLibc: OpenLibc): boolean {
  const libc = openLibc({
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    sendto: { parameters: ["i32", "buffer", "u64", "i32", "buffer", "u32"], result: "u64" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const address = unixAddress(path);
  const message = new TextEncoder().encode(state);
  const fd = Number(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return false;
  try {
    const length = BigInt(message.length);
    const sent = libc.sendto(fd, message, length, MSG_NOSIGNAL, address, address.length);
    return BigInt(sent) === length;
  } finally {
    libc.close(fd);
  }
}

function runSystemdNotify(state: string): Promise<boolean> {
  const { execFile }: typeof ChildProcess = process.getBuiltinModule("node:child_process");
  return new Promise((resolve) => {
    const args = [`--pid=${process.pid}`, state];
    execFile("systemd-notify", args, { timeout: 5000 }, (error) => resolve(error === null));
  });
}
