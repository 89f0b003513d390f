/**
 * A UDP socket that loses some datagrams, both ways, or all.
 * @module
 */
import type { Address } from "../../../src/transport/raet/address.ts";
import {
  type PacketSocket,
  RoadSocket,
  type SocketOptions,
  type Station,
} from "../../../src/transport/raet/socket.ts";

/** What becomes of datagrams. */
export interface Fate {
  /** Share that is lost each way, 0 to 1. */
  loss(): number;
  /** Told of each. */
  onLost(): void;
}

/** Loses packets by chance, as a link would. */
export class LossySocket implements PacketSocket {
  readonly #socket: RoadSocket;
  readonly #fate: Fate;
  #silent = false;

  private constructor(socket: RoadSocket, fate: Fate) {
    this.#socket = socket;
    this.#fate = fate;
  }

  static async open(options: SocketOptions, fate: Fate): Promise<LossySocket> {
    return new LossySocket(await RoadSocket.open(options), fate);
  }

  now(): number {
    return this.#socket.now();
  }

  drive(station: Station): void {
    this.#socket.drive({
      receive: (packet, from, now) => {
        if (!this.#loses()) station.receive(packet, from, now);
      },
      timer: (now) => station.timer(now),
      onTimer: (now) => station.onTimer(now),
    });
  }

  send(packet: Uint8Array, to: Address): void {
    if (!this.#loses()) this.#socket.send(packet, to);
  }

  wake(): void {
    this.#socket.wake();
  }

  /** Lets nothing through from now on. */
  silence(): void {
    this.#silent = true;
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  #loses(): boolean {
    if (this.#silent) return true;
    const lost = Math.random() < this.#fate.loss();
    if (lost) this.#fate.onLost();
    return lost;
  }
}
