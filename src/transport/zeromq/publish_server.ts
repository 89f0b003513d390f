/**
 * The master's PUB side. The socket is an XPUB, which speaks to SUB peers as a PUB does, and tells
 * which topics have subscribers: each saltx minion subscribes to its own.
 * @module
 */
import { runtime } from "../../runtime/mod.ts";
import type { ZmqOptions, ZmqSocket } from "../../runtime/types.ts";
import type { PublishServer } from "../types.ts";

const SUBSCRIBE = 1;

/** Publishes to whoever subscribed; a subscriber that is slower than `pub_hwm` messages loses some. */
export class ZmqPublishServer implements PublishServer {
  readonly #socket: ZmqSocket;
  readonly #onTopic: (topic: string, present: boolean) => void;
  #subscribers = 0;
  readonly endpoint: string;

  private constructor(
    socket: ZmqSocket,
    endpoint: string,
    onTopic: (topic: string, present: boolean) => void,
  ) {
    this.#socket = socket;
    this.endpoint = endpoint;
    this.#onTopic = onTopic;
    this.#watch();
  }

  /**
   * @param onTopic called when a topic gets its first subscriber and when it has lost the last.
   * @throws what bind rejects with: `code: "EADDRINUSE"`, `"EACCES"` …
   */
  static async open(
    endpoint: string,
    options: ZmqOptions,
    onTopic: (topic: string, present: boolean) => void = () => {},
  ): Promise<ZmqPublishServer> {
    const socket = await runtime.openSocket("xpub", options);
    let subscribers = 0;
    let server: ZmqPublishServer | undefined;
    socket.monitor((event) => {
      if (event.type === "handshake") subscribers += 1;
      else if (event.type === "disconnect" && subscribers > 0) subscribers -= 1;
      if (server) server.#subscribers = subscribers;
    });
    try {
      server = new ZmqPublishServer(socket, await socket.bind(endpoint), onTopic);
      return server;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  get subscribers(): number {
    return this.#subscribers;
  }

  publish(payload: Uint8Array, topics: string[] | null): void {
    if (topics === null) this.#socket.trySend(payload);
    else for (const topic of topics) this.#socket.trySend([topic, payload]);
  }

  close(): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }

  async #watch(): Promise<void> {
    try {
      for await (const [frame] of this.#socket) {
        if (frame === undefined || frame.length < 2 || frame.length > 256) continue;
        this.#onTopic(new TextDecoder().decode(frame.subarray(1)), frame[0] === SUBSCRIBE);
      }
    } catch (error) {
      if (!this.#socket.closed) throw error;
    }
  }
}
