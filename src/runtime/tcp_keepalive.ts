/**
 * How the kernel probes idle connections. Node sets the idle time alone, and numbers of its own for
 * the rest.
 * @module
 */
import type { Server } from "node:net";
import type { OpenLibc } from "./libc.ts";

/** Linux's numbers (socket(7), tcp(7)). */
const SOL_SOCKET = 1;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;

/** What stands in the configuration; absent or below 1 is the kernel's own number. */
export interface Keepalive {
  /** Seconds of silence before the first probe. */
  idle?: number | undefined;
  /** Seconds between probes. */
  interval?: number | undefined;
  /** Probes without an answer that end a connection. */
  count?: number | undefined;
}

/**
 * Has the connections that a listener takes probed: they inherit it from its socket.
 *
 * @returns whether that could be set.
 */
export function probeConnections(
  listener: Server,
  { idle, interval, count }: Keepalive,
  openLibc: OpenLibc,
): boolean {
  const fd = (listener as { _handle?: { fd?: number } })._handle?.fd;
  if (process.platform !== "linux" || typeof fd !== "number" || fd < 0) return false;
  const { setsockopt } = openLibc({
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  });
  const set = (level: number, name: number, value: number) => {
    const bytes = new Uint8Array(Int32Array.of(value).buffer);
    return Number(setsockopt(fd, level, name, bytes, bytes.length)) === 0;
  };
  const numbers: [number, number | undefined][] = [
    [TCP_KEEPIDLE, idle],
    [TCP_KEEPINTVL, interval],
    [TCP_KEEPCNT, count],
  ];
  return set(SOL_SOCKET, SO_KEEPALIVE, 1) &&
    numbers.every(([name, value]) => !value || value < 1 || set(IPPROTO_TCP, name, value));
}
