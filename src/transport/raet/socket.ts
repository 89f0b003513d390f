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
const BUFFER_BYTES = 4 * 1024 * 1024;
/** Under Deno this is the size of the array for each datagram, not the kernel's buffer. */
const DATAGRAM_BYTES = 2048;

/** Packets and time in; when to be woken. */
export interface Station {
  receive(packet: Uint8Array, from: Address, now: number): void;
  timer(now: number): number;
  onTimer(now: number): void;
}

/** Where to listen. */
export interface SocketOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Warns when the host does not give the receive buffer that a master wants. */
  wantsBuffer: boolean;
}

/** A bound socket. Errors of single datagrams are the road's loss, and are not told. */
export class RoadSocket {
  readonly port: number;
  readonly #socket: Socket;
  #station: Station | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on("message", (packet, { address, port }) => {
      this.#guard(() => this.#station?.receive(packet, addressOf(address, port), this.now()));
    });
    // ICMP errors and the like are advice that anyone can forge.
    socket.on("error", (error) => log.debug(() => `UDP: ${messageOf(error)}`));
  }

  /** @throws what bind fails with: `code: "EADDRINUSE"`, `"EACCES"` … */
  static async open(options: SocketOptions): Promise<RoadSocket> {
    const socket = createSocket({
      type: isIPv6(options.host) ? "udp6" : "udp4",
      recvBufferSize: "Deno" in globalThis ? DATAGRAM_BYTES : BUFFER_BYTES,
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
    if (options.wantsBuffer) checkBuffer(socket);
    return new RoadSocket(socket);
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
      this.#socket.send(packet, to.port, to.host, () => {});
    } catch (error) {
      log.debug(() => `UDP: ${messageOf(error)}`);
    }
  }

  /** To be called after every call of the stack from outside: it may have to be woken earlier now. */
  wake(): void {
    if (this.#closed || !this.#station) return;
    clearTimeout(this.#timer);
    const now = this.now();
    const at = this.#station.timer(now);
    if (at === Infinity) return;
    const wait = Math.min(60_000, Math.max(0, Math.ceil(at - now)));
    this.#timer = setTimeout(() => this.#guard(() => this.#onTimer()), wait);
  }

  #onTimer(): void {
    const now = this.now();
    if (this.#station && this.#station.timer(now) <= now) this.#station.onTimer(now);
  }

  /** What a handler throws must not end the process, nor, as under Deno, vanish. */
  #guard(work: () => void): void {
    if (this.#closed) return;
    try {
      work();
    } catch (error) {
      log.error(`A packet could not be handled: ${messageOf(error)}`, error);
    }
    this.wake();
  }

  /** Sends nothing more; what was sent leaves first. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    await new Promise<void>((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }
}

function checkBuffer(socket: Socket): void {
  const sysctl = "net.core.rmem_max";
  if ("Deno" in globalThis) {
    log.info(`The receive buffer under Deno is the kernel's default (net.core.rmem_default)`);
    return;
  }
  // Linux doubles the number for its own bookkeeping and gives no more than its limit.
  const given = socket.getRecvBufferSize();
  if (given >= BUFFER_BYTES) return;
  log.warning(
    `The receive buffer of RAET has ${given} bytes instead of ${BUFFER_BYTES}: bursts of returns ` +
      `are lost and sent again. Set it with: sysctl -w ${sysctl}=${BUFFER_BYTES}`,
  );
}

/** Says which setting to change when the port cannot be had. */
export function bindError(port: number, error: unknown): SaltException {
  const code = (error as { code?: string }).code;
  const why = code === "EADDRINUSE" ? "another program listens there" : messageOf(error);
  return new SaltException(`Cannot listen on raet_port ${port}/udp: ${why}`, { cause: error });
}
