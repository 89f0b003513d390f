/**
 * An event bus: what is written to its PULL socket, or fired in its process, goes out on its PUB.
 *
 * One frame an event, forwarded as it came: readers filter by ZeroMQ subscription on the tag.
 * (2014's `salt/utils/event.py:EventPublisher`)
 * @module
 */
import { unlink } from "node:fs/promises";
import { getLogger } from "../logging/mod.ts";
import { runtime } from "../runtime/mod.ts";
import type { ZmqSocket } from "../runtime/types.ts";
import { bindPrivate } from "../transport/zeromq/private_bind.ts";
import type { DataMap, SaltEvent } from "../types/mod.ts";
import { busEndpoints } from "./address.ts";
import { eventTag, packEvent, unpackEvent } from "./tag.ts";
import type { BusAddress } from "./types.ts";

const log = getLogger("saltx.event");

/** Bounds and permissions of a bus. */
export interface EventBusOptions {
  /** Events held for a slow reader before it loses some. */
  pubHwm?: number;
  /** Bytes of an event; a larger one loses its largest values, and is not taken from a writer. */
  maxEventSize?: number;
  /** Mode of the PUB's socket file; the PULL's always is 0600. */
  pubMode?: number;
}

/** The process that owns a bus. */
export interface EventBusServer {
  /** Events so far, and frames that were none. */
  readonly counts: { readonly fired: number; readonly dropped: number };
  fire(tag: string, data: DataMap): void;
  /** Fires what {@linkcode packEvent} made. */
  forward(frame: Uint8Array): void;
  /** Calls back for events whose tag begins with `prefix`, fired here or elsewhere. Returns a remover. */
  onEvent(prefix: string, listener: (event: SaltEvent) => void): () => void;
  close(): Promise<void>;
}

/**
 * Binds both sockets.
 * @throws what bind rejects with, and {@linkcode SaltConfigurationError} for a path that is too long.
 */
export async function startEventBus(
  address: BusAddress,
  options: EventBusOptions = {},
): Promise<EventBusServer> {
  const endpoints = busEndpoints(address);
  const pub = await runtime.openSocket("pub", {
    linger: 0,
    sendHighWaterMark: options.pubHwm ?? 10_000,
  });
  const pull = await runtime.openSocket("pull", {
    maxMessageSize: (options.maxEventSize ?? 1_048_576) + 4096,
  });
  try {
    await bindPrivate(pub, endpoints.pub, options.pubMode);
    await bindPrivate(pull, endpoints.pull);
  } catch (error) {
    pub.close();
    pull.close();
    throw error;
  }
  return new Bus(pub, pull, endpoints.files, options.maxEventSize);
}

class Bus implements EventBusServer {
  readonly counts = { fired: 0, dropped: 0 };
  readonly #pub: ZmqSocket;
  readonly #pull: ZmqSocket;
  readonly #files: { pub: string; pull: string } | null;
  readonly #maxEventSize: number;
  readonly #listeners = new Map<string, Set<(event: SaltEvent) => void>>();
  readonly #forwarding: Promise<void>;

  constructor(
    pub: ZmqSocket,
    pull: ZmqSocket,
    files: { pub: string; pull: string } | null,
    maxEventSize = Infinity,
  ) {
    this.#pub = pub;
    this.#pull = pull;
    this.#files = files;
    this.#maxEventSize = maxEventSize;
    this.#forwarding = this.#forward();
  }

  fire(tag: string, data: DataMap): void {
    this.#publish(tag, packEvent(tag, data, this.#maxEventSize));
  }

  forward(frame: Uint8Array): void {
    const tag = eventTag(frame);
    if (tag !== null) this.#publish(tag, frame);
    else this.#drop();
  }

  #drop(): void {
    this.counts.dropped += 1;
    log.warning("Something that is not an event came to the event bus; dropped");
  }

  onEvent(prefix: string, listener: (event: SaltEvent) => void): () => void {
    const listeners = this.#listeners.get(prefix) ?? new Set();
    this.#listeners.set(prefix, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(prefix);
    };
  }

  async close(): Promise<void> {
    this.#pub.close();
    this.#pull.close();
    await this.#forwarding;
    if (this.#files) {
      await Promise.allSettled([unlink(this.#files.pub), unlink(this.#files.pull)]);
    }
  }

  async #forward(): Promise<void> {
    try {
      for await (const frames of this.#pull) {
        this.forward(frames.length === 1 ? frames[0]! : new Uint8Array());
      }
    } catch (error) {
      if (!this.#pull.closed) log.critical("The event bus no longer takes events", error);
    }
  }

  #publish(tag: string, frame: Uint8Array): void {
    if (this.#pub.closed) return;
    this.counts.fired += 1;
    this.#pub.trySend(frame);
    let event: SaltEvent | undefined;
    for (const [prefix, listeners] of this.#listeners) {
      if (!tag.startsWith(prefix)) continue;
      try {
        event ??= unpackEvent(frame);
        for (const listener of listeners) listener(event);
      } catch (error) {
        log.error(`An event with tag ${tag} could not be handled`, error);
      }
    }
  }
}
