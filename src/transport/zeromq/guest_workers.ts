/**
 * REP workers of other programs, which get requests from a DEALER at `workers.ipc`, one at a time.
 * (`salt/transport/zeromq.py:RequestServer.zmq_device`)
 * @module
 */
import { Buffer } from "node:buffer";
import { runtime } from "../../runtime/mod.ts";
import type { ZmqOptions, ZmqSocket } from "../../runtime/types.ts";
import type { Request } from "./worker_slot.ts";

/**
 * What may be under way to one worker. The DEALER deals in turn, to a worker that hangs too, until
 * that one's queue is full: small queues keep it from taking many requests with it.
 */
const WORKER_QUEUE: ZmqOptions = { sendHighWaterMark: 4, sendBufferSize: 4096 };

/** A request younger than this is with a worker that lives: it is not given to a second one. */
const REPEAT_AFTER_MS = 1000;

/** ms after the loss of a worker: what it had with it is older than the bound above by then. */
const REPEAT_DELAY_MS = 1500;

/** Whose requests they serve. */
export interface GuestHost {
  /** Requests that were given to guests. */
  given(): Request[];
  answered(seq: number, reply: Uint8Array): void;
  /** A request was given to a second one. */
  repeated(): void;
  /** One came or went. */
  changed(): void;
  /** Nobody is left who could answer what they were given. */
  deserted(): void;
}

/** The workers that are there now. */
export class GuestWorkers {
  readonly #dealer: ZmqSocket;
  readonly #host: GuestHost;
  readonly #answers: Promise<void>;
  #count = 0;
  /** Requests that they have. */
  busy = 0;

  private constructor(dealer: ZmqSocket, host: GuestHost) {
    this.#dealer = dealer;
    this.#host = host;
    dealer.monitor((event) => this.#heard(event.type));
    this.#answers = this.#takeAnswers();
  }

  /** Nobody can come until its socket is bound. */
  static async open(host: GuestHost): Promise<GuestWorkers> {
    const options = { linger: 0, receiveHighWaterMark: 0, ...WORKER_QUEUE };
    return new GuestWorkers(await runtime.openSocket("dealer", options), host);
  }

  /** The DEALER. */
  get socket(): ZmqSocket {
    return this.#dealer;
  }

  /** How many are connected. */
  get count(): number {
    return this.#count;
  }

  /** False: their small queues are full. */
  give(request: Request): boolean {
    if (!this.#dealer.trySend(framesOf(request))) return false;
    this.busy += 1;
    return true;
  }

  /** What they still say is not heard any more. */
  async close(): Promise<void> {
    this.#dealer.close();
    await this.#answers;
  }

  #heard(what: string): void {
    if (what === "handshake") this.#count += 1;
    else if (what === "disconnect" && this.#count > 0) {
      this.#count -= 1;
      if (this.#count > 0) setTimeout(() => this.#repeatLost(), REPEAT_DELAY_MS).unref();
    }
    if (this.#count === 0) {
      this.#host.deserted();
      this.busy = 0;
    }
    this.#host.changed();
  }

  /**
   * Gives what has been with workers for a while to others: one of them was lost, and what it had with
   * it. A request that is served twice gets the first answer; the replay check of the second worker
   * keeps it from acting twice.
   */
  async #repeatLost(): Promise<void> {
    const before = performance.now() - REPEAT_AFTER_MS;
    for (const request of this.#host.given()) {
      if (request.since > before) continue;
      this.#host.repeated();
      await this.#dealer.send(framesOf(request)).catch(() => {});
    }
  }

  async #takeAnswers(): Promise<void> {
    try {
      for await (const frames of this.#dealer) {
        const name = frames[0];
        if (name?.length !== 5) continue;
        this.#host.answered(Buffer.from(name).readUInt32LE(1), frames.at(-1) ?? new Uint8Array());
      }
    } catch (error) {
      if (!this.#dealer.closed) throw error;
    }
  }
}

/** What a worker gets, and the name that its answer comes back with. */
function framesOf({ seq, verifiedId, payload }: Request): Uint8Array[] {
  const name = Buffer.alloc(5);
  name.writeUInt32LE(seq, 1);
  const empty = new Uint8Array();
  if (verifiedId === null) return [name, empty, payload];
  return [name, empty, new TextEncoder().encode(verifiedId), payload];
}
