/**
 * A program's way to an event bus of this host.
 * @module
 */
import { access, constants } from "node:fs/promises";
import process from "node:process";
import { messageOf, SaltClientError } from "../errors.ts";
import { runtime } from "../runtime/mod.ts";
import { monotonicMs } from "../runtime/monotonic.ts";
import type { ZmqSocket } from "../runtime/types.ts";
import type { DataMap, SaltEvent } from "../types/mod.ts";
import { busEndpoints } from "./address.ts";
import { eventTag, packEvent, unpackEvent } from "./tag.ts";
import type { BusAddress, EventClient, EventSubscription } from "./types.ts";

/** Tag of the events by which a subscriber learns that the bus delivers to it. */
const SYNC_PREFIX = "saltx/sync/";

/** ms before such an event is sent again, doubled each time, and for how long they are tried. */
const SYNC_FIRST_PAUSE = 1;
const SYNC_LONGEST_PAUSE = 50;
const SYNC_TIMEOUT = 5000;

/** Events that one subscription holds for its reader. */
const MAX_QUEUE = 100_000;

/** For users who may read a bus but not write to it. */
export interface EventClientOptions {
  /** Has the bus's owner fire `tag`, which is one of this client's own. */
  askSync?(tag: string): Promise<void>;
}

/**
 * Opens the way to write; reading sockets open with each subscription.
 * @throws {SaltClientError} when there is no bus, or it may not be used.
 */
export async function openEventClient(
  address: BusAddress,
  options: EventClientOptions = {},
): Promise<EventClient> {
  const endpoints = busEndpoints(address);
  for (const file of endpoints.files ? [endpoints.files.pub, endpoints.files.pull] : []) {
    await access(file).catch((error) => {
      throw new SaltClientError(
        `There is no event bus at ${file} (${messageOf(error)}). Is the daemon running, and ` +
          `may this user reach it?`,
      );
    });
  }
  const { askSync } = options;
  if (askSync && endpoints.files && !await mayWrite(endpoints.files.pull)) {
    return new Client(null, endpoints.pub, askSync);
  }
  const push = await runtime.openSocket("push", { linger: 1000 });
  push.connect(endpoints.pull);
  return new Client(push, endpoints.pub, (tag) => push.send(packEvent(tag, {})));
}

function mayWrite(file: string): Promise<boolean> {
  return access(file, constants.W_OK).then(() => true, () => false);
}

/** Tells this subscription from all others of this host; it need not be hard to guess. */
function uniqueName(): string {
  return [process.pid, Date.now(), monotonicMs(), Math.random()].join("-");
}

class Client implements EventClient {
  readonly #push: ZmqSocket | null;
  readonly #pub: string;
  readonly #fireSync: (tag: string) => Promise<void>;
  readonly #subscriptions = new Set<Subscription>();

  constructor(push: ZmqSocket | null, pub: string, fireSync: (tag: string) => Promise<void>) {
    this.#push = push;
    this.#pub = pub;
    this.#fireSync = fireSync;
  }

  subscribe(...prefixes: string[]): EventSubscription {
    const sync = SYNC_PREFIX + uniqueName();
    const subscription = new Subscription(
      this.#pub,
      prefixes,
      sync,
      () => this.#fireSync(sync),
    );
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async fire(tag: string, data: DataMap): Promise<void> {
    if (!this.#push) throw new SaltClientError("This user may not fire events on this bus");
    await this.#push.send(packEvent(tag, data));
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
    this.#push?.close();
  }
}

class Subscription implements EventSubscription {
  readonly ready: Promise<void>;
  readonly #queue: SaltEvent[] = [];
  readonly #sync: string;
  #socket: ZmqSocket | undefined;
  #wake: (() => void) | undefined;
  #synced: (() => void) | undefined;
  #closed = false;
  dropped = 0;

  constructor(endpoint: string, prefixes: string[], sync: string, fireSync: () => Promise<void>) {
    this.#sync = sync;
    this.ready = this.#open(endpoint, prefixes, fireSync);
    // Whoever does not wait for `ready` still sees the end of the iteration.
    this.ready.catch(() => this.close());
  }

  async next(timeoutMs = Infinity): Promise<SaltEvent | null> {
    const queued = this.#queue.shift();
    if (queued || this.#closed || timeoutMs <= 0) return queued ?? null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (timeoutMs !== Infinity) timer = setTimeout(resolve, timeoutMs);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    return this.#queue.shift() ?? null;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<SaltEvent> {
    while (true) {
      const event = await this.next();
      if (event) yield event;
      else if (this.#closed) return;
    }
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
    this.#wake?.();
  }

  async #open(endpoint: string, prefixes: string[], fireSync: () => Promise<void>): Promise<void> {
    const socket = await runtime.openSocket("sub", { linger: 0, receiveHighWaterMark: 0 });
    if (this.#closed) return socket.close();
    this.#socket = socket;
    socket.subscribe(...prefixes, this.#sync);
    socket.connect(endpoint);
    const reading = this.#read(socket);
    reading.catch(() => this.close());
    let done = false;
    const synced = new Promise<void>((resolve) => (this.#synced = resolve)).then(() => {
      done = true;
    });
    // Subscriptions reach the publisher some time after connect: what it sends before is lost.
    const end = monotonicMs() + SYNC_TIMEOUT;
    let pause = SYNC_FIRST_PAUSE;
    while (!done && !this.#closed && monotonicMs() < end) {
      await fireSync();
      await Promise.race([synced, new Promise((resolve) => setTimeout(resolve, pause))]);
      pause = Math.min(pause * 2, SYNC_LONGEST_PAUSE);
    }
    if (!done && !this.#closed) {
      throw new SaltClientError(`The event bus at ${endpoint} does not answer`);
    }
    socket.unsubscribe(this.#sync);
  }

  async #read(socket: ZmqSocket): Promise<void> {
    for await (const [frame] of socket) {
      if (frame === undefined) continue;
      if (eventTag(frame) === this.#sync) this.#synced?.();
      else this.#keep(frame);
    }
  }

  #keep(frame: Uint8Array): void {
    if (this.#queue.length >= MAX_QUEUE) {
      this.#queue.shift();
      this.dropped += 1;
    }
    try {
      this.#queue.push(unpackEvent(frame));
    } catch {
      this.dropped += 1;
    }
    this.#wake?.();
  }
}
