/**
 * The master's request side: ROUTER on the network, DEALER at `workers.ipc`, and a pump between.
 *
 * REP workers connect to the DEALER. The pump is in the middle so that what is under way has a bound
 * and can be counted. (`salt/transport/zeromq.py:RequestServer.zmq_device`)
 * @module
 */
import { runtime } from "../../runtime/mod.ts";
import type { ZmqOptions, ZmqSocket } from "../../runtime/types.ts";

/** What passed and what is under way. */
export interface RequestServerStats {
  received: number;
  answered: number;
  /** Requests dropped because too many were under way; their senders try again. */
  refused: number;
}

/** Where to listen, and the bounds. */
export interface RequestServerOptions {
  endpoint: string;
  workersEndpoint: string;
  router: ZmqOptions;
  /** Messages that the DEALER holds for each worker. */
  workerBacklog: number;
}

/** Moves requests from the network to the workers and their answers back, until closed. */
export class ZmqRequestServer {
  readonly stats: RequestServerStats = { received: 0, answered: 0, refused: 0 };
  readonly #router: ZmqSocket;
  readonly #dealer: ZmqSocket;
  readonly endpoint: string;
  readonly #pumps: Promise<void>[];

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
      sendHighWaterMark: options.workerBacklog,
      receiveHighWaterMark: 0,
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

  /** Stops taking requests; answers that come within `drainMs` still go out. */
  async close(drainMs = 0): Promise<void> {
    const end = performance.now() + drainMs;
    while (
      this.stats.answered + this.stats.refused < this.stats.received && performance.now() < end
    ) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.#router.close();
    this.#dealer.close();
    await Promise.all(this.#pumps);
  }

  async #pumpIn(): Promise<void> {
    for await (const frames of messages(this.#router)) {
      this.stats.received += 1;
      // A waiting send is the back-pressure: the ROUTER's own queues fill, then TCP's.
      await this.#dealer.send(frames).catch(() => void (this.stats.refused += 1));
    }
  }

  async #pumpOut(): Promise<void> {
    for await (const frames of messages(this.#dealer)) {
      this.stats.answered += 1;
      // A peer that is gone, or whose queue is full, loses its answer and asks again.
      this.#router.trySend(frames);
    }
  }
}

/** What a socket receives until it is closed. */
async function* messages(socket: ZmqSocket): AsyncGenerator<Uint8Array[]> {
  try {
    yield* socket;
  } catch (error) {
    if (!socket.closed) throw error;
  }
}
