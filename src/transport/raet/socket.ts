/**
 * The UDP socket of a stack and the clock that drives it.
 * @module
 */
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { messageOf, SaltException } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Address, addressOf } from "./address.ts";

const log = getLogger("saltx.transport.raet");

/** Bytes that a receive buffer should have: some 1,800 full packets that come at once. */
export const BUFFER_BYTES = 4 * 1024 * 1024;
/** Under Deno this is the size of the array for each datagram, not the kernel's buffer. */
const DATAGRAM_BYTES = 2048;

const isDeno = "Deno" in globalThis;

/** Packets and time in; when to be woken. */
export interface Station {
  receive(packet: Uint8Array, from: Address, now: number): void;
  timer(now: number): number;
  onTimer(now: number): void;
}

/** What takes a stack's packets away, brings those of others, and is its clock. */
export interface PacketSocket {
  now(): number;
  drive(station: Station): void;
  send(packet: Uint8Array, to: Address): void;
  wake(): void;
  close(): Promise<void>;
}

/** Where to listen. */
export interface SocketOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Bytes of the receive buffer that a master wants; it warns when the host gives less. */
  receiveBuffer?: number;
  /** Bytes of the largest datagram that is expected. */
  datagram?: number;
}

/** A bound socket. Errors of single datagrams are the road's loss, and are not told. */
export class RoadSocket implements PacketSocket {
  readonly port: number;
  readonly #socket: Socket;
  readonly #isSix: boolean;
  #station: Station | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #soon: ReturnType<typeof setImmediate> | undefined;
  #closed = false;

  private constructor(socket: Socket, isSix: boolean) {
    this.#socket = socket;
    this.#isSix = isSix;
    this.port = socket.address().port;
    socket.on("message", (packet, { address, port }) => {
      if (this.#closed) return;
      this.#guard(() => this.#station?.receive(packet, addressOf(address, port), this.now()));
      this.wake();
    });
    // ICMP errors and the like are advice that anyone can forge.
    socket.on("error", (error) => log.debug(() => `UDP: ${messageOf(error)}`));
  }

  /** @throws what bind fails with: `code: "EADDRINUSE"`, `"EACCES"` … */
  static async open(options: SocketOptions): Promise<RoadSocket> {
    const isSix = isIPv6(options.host);
    const socket = createSocket({
      type: isSix ? "udp6" : "udp4",
      recvBufferSize: isDeno
        ? Math.max(DATAGRAM_BYTES, options.datagram ?? 0)
        : options.receiveBuffer ?? BUFFER_BYTES,
      // Hosts are addresses: looking each up would cost more than sending.
      lookup: (host, _options, found) => found(null, host, isSix ? 6 : 4),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind({ address: options.host, port: options.port }, () => {
        socket.off("error", reject);
        resolve();
      });
    }).catch((error) => {
      socket.close();
      throw error;
    });
    if (options.receiveBuffer !== undefined) {
      const shortage = bufferShortage(socket, options.receiveBuffer);
      if (shortage !== null) log.warning(shortage);
    }
    return new RoadSocket(socket, isSix);
  }

  /** ms on a clock that nobody sets back. */
  now(): number {
    return performance.now();
  }

  /** Begins to drive a stack. */
  drive(station: Station): void {
    this.#station = station;
    this.wake();
  }

  send(packet: Uint8Array, to: Address): void {
    if (this.#closed) return;
    try {
      // A socket for both kinds of addresses knows IPv4 in IPv6's form.
      const host = this.#isSix && !to.host.includes(":") ? `::ffff:${to.host}` : to.host;
      this.#socket.send(packet, to.port, host, () => {});
    } catch (error) {
      log.debug(() => `UDP: ${messageOf(error)}`);
    }
  }

  /**
   * To be called after every call of the stack from outside: it may have to be woken earlier now.
   * What is due is done when the packets that are there already have been taken.
   */
  wake(): void {
    if (this.#closed || !this.#station || this.#soon) return;
    const now = this.now();
    const at = this.#station.timer(now);
    if (at <= now) this.#soon = setImmediate(() => this.#onTime());
    else this.#sleep(at, now);
  }

  /** A clock that rings too early is left alone: it looks anew then. */
  #sleep(at: number, now: number): void {
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    const wait = Math.min(60_000, Math.max(1, Math.ceil(at - now)));
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.#onTime();
    }, wait);
  }

  #onTime(): void {
    this.#soon = undefined;
    if (this.#closed || !this.#station) return;
    const station = this.#station;
    this.#guard(() => {
      const now = this.now();
      if (station.timer(now) <= now) station.onTimer(now);
    });
    const now = this.now();
    // Not at once again: what is due still, had its turn.
    this.#sleep(Math.max(station.timer(now), now), now);
  }

  /** What a handler throws must not end the process, nor, as under Deno, vanish. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      log.error(`A packet could not be handled: ${messageOf(error)}`, error);
    }
  }

  /** Sends nothing more; what was sent leaves first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    await new Promise<void>((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

/** What to do about a receive buffer that is smaller than wanted; null when it is not. */
export function bufferShortage(
  socket: Pick<Socket, "getRecvBufferSize">,
  wanted: number,
): string | null {
  // Under Deno nothing can be asked of the kernel.
  const given = isDeno ? 0 : socket.getRecvBufferSize();
  // Linux doubles the number for its own bookkeeping and gives no more than its limit.
  if (given >= wanted) return null;
  const sysctl = isDeno ? "net.core.rmem_default" : "net.core.rmem_max";
  return `The receive buffer of RAET has ${
    isDeno ? "its default size" : `${given} bytes`
  } instead of ` +
    `${wanted}: bursts of returns are lost and sent again. Set it with: sysctl -w ${sysctl}=${wanted}`;
}

/** Says which setting to change when the port cannot be had. */
export function bindError(port: number, error: unknown): SaltException {
  const code = (error as { code?: string }).code;
  const why = code === "EADDRINUSE" ? "another program listens there" : messageOf(error);
  return new SaltException(`Cannot listen on raet_port ${port}/udp: ${why}`, { cause: error });
}
