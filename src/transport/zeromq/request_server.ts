/**
 * The master's request side: ROUTER on the network, DEALER at `workers.ipc`, and a pump between.
 *
 * REP workers connect to the DEALER. The pump is in the middle so that what is under way has a bound,
 * can be counted, and is given to another worker when one is lost. (`salt/transport/zeromq.py:RequestServer.zmq_device`)
 * @module
 */
import { Buffer } from "node:buffer";
import { runtime } from "../../runtime/mod.ts";
import type { ZmqOptions, ZmqSocket } from "../../runtime/types.ts";

/** What passed. */
export interface RequestServerStats {
  received: number;
  answered: number;
  /** Requests given to a second worker. */
  repeated: number;
}

/** Where to listen. */
export interface RequestServerOptions {
  endpoint: string;
  workersEndpoint: string;
  router: ZmqOptions;
}

/**
 * What may be under way to one worker. The DEALER deals in turn, to a worker that hangs too, until
 * that one's queue is full: small queues keep it from taking many requests with it.
 */
const WORKER_QUEUE: ZmqOptions = { sendHighWaterMark: 4, sendBufferSize: 4096 };

/** The same, for the worker's end. */
export const WORKER_SOCKET: ZmqOptions = {
  linger: 0,
  receiveHighWaterMark: 1,
  receiveBufferSize: 4096,
};

/** A request younger than this is with a worker that lives: it is not given to a second one. */
const REPEAT_AFTER_MS = 1000;

interface UnderWay {
  frames: Uint8Array[];
  since: number;
}

/** Moves requests from the network to the workers and their answers back, until closed. */
export class ZmqRequestServer {
  readonly stats: RequestServerStats = { received: 0, answered: 0, repeated: 0 };
  readonly endpoint: string;
  readonly #router: ZmqSocket;
  readonly #dealer: ZmqSocket;
  /** By the peer's routing id, oldest first: a REQ has one request at a time, a DEALER may have more. */
  readonly #underWay = new Map<string, UnderWay[]>();
  /** Answers that transports of this process wait for, by routing id. */
  readonly #asked = new Map<string, (reply: Uint8Array) => void>();
  readonly #pumps: Promise<void>[];
  #nextAsked = 0;

  private constructor(router: ZmqSocket, dealer: ZmqSocket, endpoint: string) {
    this.#router = router;
    this.#dealer = dealer;
    this.endpoint = endpoint;
    this.#pumps = [this.#pumpIn(), this.#pumpOut()];
  }

  /** @throws what bind rejects with: `code: "EADDRINUSE"`, `"EACCES"` … */
  static async open(
    options: RequestServerOptions,
    bindPrivate: (socket: ZmqSocket, endpoint: string) => Promise<unknown>,
  ): Promise<ZmqRequestServer> {
    const router = await runtime.openSocket("router", options.router);
    const dealer = await runtime.openSocket("dealer", {
      linger: 0,
      receiveHighWaterMark: 0,
      ...WORKER_QUEUE,
    });
    try {
      const endpoint = await router.bind(options.endpoint);
      await bindPrivate(dealer, options.workersEndpoint);
      return new ZmqRequestServer(router, dealer, endpoint);
    } catch (error) {
      router.close();
      dealer.close();
      throw error;
    }
  }

  /**
   * Gives what has been under way for a while to the workers again: one of them was lost, and what it
   * had with it. A request that is served twice gets the first answer; the replay check of the second
   * worker keeps it from acting twice.
   */
  async repeatLost(): Promise<void> {
    const before = performance.now() - REPEAT_AFTER_MS;
    for (const request of [...this.#underWay.values()].flat()) {
      if (request.since > before) continue;
      this.stats.repeated += 1;
      await this.#dealer.send(request.frames).catch(() => {});
    }
  }

  /**
   * Has a worker answer a request that came by a transport of this process, which has proven that it
   * is from `verifiedId`. Resolves with nothing when the server is closed first.
   */
  async ask(payload: Uint8Array, verifiedId: string): Promise<Uint8Array> {
    // Routing ids that begin with 0 are the ROUTER's own, and those have 5 bytes.
    const name = new TextEncoder().encode(`\0ask ${this.#nextAsked++}`);
    const key = peerKey(name);
    const frames = [name, new Uint8Array(), new TextEncoder().encode(verifiedId), payload];
    this.stats.received += 1;
    this.#underWay.set(key, [{ frames, since: performance.now() }]);
    const reply = new Promise<Uint8Array>((resolve) => this.#asked.set(key, resolve));
    await this.#dealer.send(frames);
    return await reply;
  }

  /** Answers that come within `drainMs` still go out. */
  async close(drainMs = 0): Promise<void> {
    const end = performance.now() + drainMs;
    while (this.#underWay.size > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#router.close();
    this.#dealer.close();
    await Promise.all(this.#pumps);
  }

  async #pumpIn(): Promise<void> {
    for await (const frames of messages(this.#router)) {
      const peer = frames[0];
      if (peer === undefined || !isRequest(frames)) continue;
      this.stats.received += 1;
      const key = peerKey(peer);
      const request = { frames, since: performance.now() };
      const others = this.#underWay.get(key);
      if (others) others.push(request);
      else this.#underWay.set(key, [request]);
      // A waiting send is the back-pressure: the ROUTER's own queues fill, then TCP's.
      await this.#dealer.send(frames).catch(() => {});
    }
  }

  /** False when nothing of that peer is under way: it has its answer from another worker. */
  #settle(key: string): boolean {
    const requests = this.#underWay.get(key);
    if (!requests) return false;
    if (requests.length > 1) requests.shift();
    else this.#underWay.delete(key);
    return true;
  }

  async #pumpOut(): Promise<void> {
    for await (const frames of messages(this.#dealer)) {
      const peer = frames[0];
      if (peer === undefined || !this.#settle(peerKey(peer))) continue;
      this.stats.answered += 1;
      const asked = this.#asked.get(peerKey(peer));
      if (asked) {
        this.#asked.delete(peerKey(peer));
        asked(frames.at(-1) ?? new Uint8Array());
        continue;
      }
      // A peer that is gone, or whose queue is full, loses its answer and asks again.
      this.#router.trySend(frames);
    }
  }
}

/** Whether a worker's REP would take it: an empty frame stands before the payload, which is one frame. */
function isRequest(frames: Uint8Array[]): boolean {
  const delimiter = frames.findIndex((frame, i) => i > 0 && frame.length === 0);
  return delimiter > 0 && delimiter === frames.length - 2;
}

function peerKey(routingId: Uint8Array): string {
  return Buffer.from(routingId.buffer, routingId.byteOffset, routingId.length).toString("latin1");
}

/** What a socket receives until it is closed. */
async function* messages(socket: ZmqSocket): AsyncGenerator<Uint8Array[]> {
  try {
    yield* socket;
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
