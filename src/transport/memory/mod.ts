/**
 * A transport within one process: whole fleets without a port, with delay and loss on demand.
 *
 * It fulfils the same contracts as the transports that use a network, so that everything above can be
 * tried on it.
 * @module
 */
import { SaltClientError, SaltReqTimeoutError } from "../../errors.ts";
import type {
  PublishClient,
  PublishServer,
  RequestClient,
  RequestHandler,
  TransportFactory,
} from "../types.ts";

/** What happens to messages on their way. */
export interface Weather {
  /** Whether the next message is lost. */
  lost?(): boolean;
  /** Resolves when the next message arrives. */
  delay?(): Promise<void>;
}

/** Messages that a subscriber may leave unread before the oldest is dropped. */
const HIGH_WATER_MARK = 1000;

class MemoryPublishClient implements PublishClient {
  readonly #topics: string[] | null;
  readonly #queue: { topic: string | null; payload: Uint8Array }[] = [];
  readonly #leave: (client: MemoryPublishClient) => void;
  readonly #linkListeners: ((up: boolean) => void)[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(topics: string[] | null, leave: (client: MemoryPublishClient) => void) {
    this.#topics = topics;
    this.#leave = leave;
  }

  /** Hands over a message if it is for this subscriber. */
  offer(payload: Uint8Array, topics: string[] | null): void {
    const mine = this.#topics;
    const topic = topics === null
      ? null
      : mine === null
      ? topics[0] ?? null
      : topics.find((name) => mine.includes(name));
    if (topic === undefined || this.#closed) return;
    if (this.#queue.length >= HIGH_WATER_MARK) this.#queue.shift();
    this.#queue.push({ topic, payload });
    this.#wake?.();
  }

  async *messages(): AsyncIterable<{ topic: string | null; payload: Uint8Array }> {
    while (true) {
      const message = this.#queue.shift();
      if (message) yield message;
      else if (this.#closed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  onLink(listener: (up: boolean) => void): void {
    this.#linkListeners.push(listener);
  }

  link(up: boolean): void {
    for (const listener of this.#linkListeners) listener(up);
  }

  close(): void {
    this.#closed = true;
    this.#leave(this);
    this.#wake?.();
  }
}

/** A network in this process. Addresses are any text. */
export class MemoryNetwork {
  readonly #weather: Weather;
  readonly #handlers = new Map<string, RequestHandler>();
  readonly #subscribers = new Map<string, Set<MemoryPublishClient>>();

  constructor(weather: Weather = {}) {
    this.#weather = weather;
  }

  /** Answers requests to `uri` until the returned function is called. */
  serve(uri: string, handler: RequestHandler): () => void {
    if (this.#handlers.has(uri)) throw new SaltClientError(`${uri} is in use`);
    this.#handlers.set(uri, handler);
    return () => this.#handlers.delete(uri);
  }

  /** Publishes at `uri`. */
  publishServer(uri: string): PublishServer {
    const clients = this.#subscribersOf(uri);
    return {
      publish: (payload, topics) => {
        for (const client of clients) void this.#carry(() => client.offer(payload, topics));
      },
      get subscribers() {
        return clients.size;
      },
      close: () => {
        for (const client of clients) client.link(false);
        return Promise.resolve();
      },
    };
  }

  /** Clients of this network. */
  factory(): TransportFactory {
    return {
      requestClient: (uri) => Promise.resolve(this.#requestClient(uri)),
      publishClient: (uri, { topics }) => {
        const clients = this.#subscribersOf(uri);
        const client = new MemoryPublishClient(topics, (gone) => clients.delete(gone));
        clients.add(client);
        return Promise.resolve(client);
      },
    };
  }

  #subscribersOf(uri: string): Set<MemoryPublishClient> {
    const clients = this.#subscribers.get(uri) ?? new Set();
    this.#subscribers.set(uri, clients);
    return clients;
  }

  /** False when the message was lost. */
  async #carry(deliver: () => void): Promise<boolean> {
    if (this.#weather.lost?.()) return false;
    await this.#weather.delay?.();
    deliver();
    return true;
  }

  #requestClient(uri: string): RequestClient {
    let closed = false;
    return {
      request: async (payload, { timeoutMs, signal }) => {
        signal?.throwIfAborted();
        if (closed) throw new SaltClientError(`The connection to ${uri} was closed`);
        const timeout = new SaltReqTimeoutError(
          `No answer from the master at ${uri} within ${timeoutMs / 1000} s`,
        );
        const handler = this.#handlers.get(uri);
        const arrived = handler !== undefined && await this.#carry(() => {});
        if (!arrived) throw timeout;
        const reply = await handler(payload, { address: "memory", verifiedId: null });
        if (!await this.#carry(() => {})) throw timeout;
        signal?.throwIfAborted();
        return reply;
      },
      close: () => {
        closed = true;
      },
    };
  }
}
