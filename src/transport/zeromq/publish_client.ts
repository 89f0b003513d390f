/**
 * A minion's subscription. (`salt/transport/zeromq.py:PublishClient`)
 * @module
 */
import { createHash } from "node:crypto";
import { runtime } from "../../runtime/mod.ts";
import type { ZmqOptions, ZmqSocket } from "../../runtime/types.ts";
import type { MinionId } from "../../types/mod.ts";
import type { PublishClient } from "../types.ts";

/** The topic of what is not for single minions, under `zmq_filtering`. */
export const BROADCAST = "broadcast";

/** The topic of one minion under `zmq_filtering`, and its mark of presence without. */
export function minionTopic(id: string): string {
  return createHash("sha1").update(id).digest("hex");
}

/**
 * Subscribes to everything, or to `topics` when the master filters. It subscribes to its own topic
 * in either case: without filtering nothing is sent there, but the master sees who listens.
 */
export class ZmqPublishClient implements PublishClient {
  readonly #socket: ZmqSocket;
  readonly #own: ReadonlySet<string>;
  readonly #listeners = new Set<(up: boolean) => void>();
  #up = false;

  private constructor(socket: ZmqSocket, topics: string[]) {
    this.#socket = socket;
    this.#own = new Set(topics);
    socket.monitor((event) => {
      if (event.type === "handshake") this.#link(true);
      else if (event.type === "disconnect") this.#link(false);
    });
  }

  static async open(
    uri: string,
    options: ZmqOptions,
    subscriber: { id: MinionId; topics: string[] | null },
  ): Promise<ZmqPublishClient> {
    const socket = await runtime.openSocket("sub", {
      routingId: subscriber.id,
      linger: 0,
      ...options,
    });
    const own = minionTopic(subscriber.id);
    const client = new ZmqPublishClient(socket, subscriber.topics ?? [BROADCAST, own]);
    socket.subscribe(...(subscriber.topics ?? [""]), own);
    socket.connect(uri);
    return client;
  }

  async *messages(): AsyncGenerator<{ topic: string | null; payload: Uint8Array }> {
    for await (const frames of this.#socket) {
      const payload = frames.at(-1);
      if (payload === undefined) continue;
      if (frames.length === 1) yield { topic: null, payload };
      else {
        const topic = new TextDecoder().decode(frames[0]);
        if (this.#own.has(topic)) yield { topic, payload };
      }
    }
  }

  onLink(listener: (up: boolean) => void): void {
    this.#listeners.add(listener);
    if (this.#up) listener(true);
  }

  close(): void {
    this.#listeners.clear();
    this.#socket.close();
  }

  #link(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    for (const listener of this.#listeners) listener(up);
  }
}
