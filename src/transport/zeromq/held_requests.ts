/**
 * Requests whose answer is kept back until there is word about what they wait for, or their time is up.
 * @module
 */
import type { Hold } from "./request_batch.ts";
import type { Asker, Request } from "./worker_slot.ts";

/** Requests kept at a time, and their bytes; others get their answer at once, and ask again later. */
const MAX_HELD = 10_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Topics of which it is remembered when there was word last. */
const MAX_WORDS = 10_000;

/** What became of a request that is to be kept. */
export type Keeping = "kept" | "no room" | "word came";

interface Held {
  request: Request;
  topic: string;
  timer: ReturnType<typeof setTimeout>;
}

/** Keeps requests, each with the answer that it gets if nothing happens. */
export class HeldRequests {
  readonly #most: number;
  readonly #mostBytes: number;
  readonly #byTopic = new Map<string, Set<Held>>();
  readonly #byAsker = new Map<Asker, Set<Held>>();
  /** `performance.now()` of the last word, by topic: it may overtake a request that a worker has. */
  readonly #words = new Map<string, number>();
  #size = 0;
  #bytes = 0;

  constructor(most = MAX_HELD, mostBytes = MAX_BYTES) {
    this.#most = most;
    this.#mostBytes = mostBytes;
  }

  /** Requests kept now. */
  get size(): number {
    return this.#size;
  }

  /** Keeps a request until `answer` is called, or it is taken out. */
  keep(request: Request, { topic, ms }: Hold, answer: () => void): Keeping {
    if ((this.#words.get(topic) ?? -1) >= request.since) return "word came";
    const bytes = this.#bytes + request.payload.length;
    if (this.#size >= this.#most || bytes > this.#mostBytes) return "no room";
    const timer = setTimeout(() => {
      this.#drop(held);
      answer();
    }, ms);
    const held: Held = { request, topic, timer };
    add(this.#byTopic, topic, held);
    add(this.#byAsker, request.asker, held);
    this.#size += 1;
    this.#bytes = bytes;
    return "kept";
  }

  /** Takes out those that wait for word about a topic. */
  takeTopic(topic: string): Request[] {
    this.#words.delete(topic);
    if (this.#words.size >= MAX_WORDS) this.#words.delete(this.#words.keys().next().value!);
    this.#words.set(topic, performance.now());
    return this.#take(this.#byTopic.get(topic));
  }

  /** Takes out those of a peer that is gone. */
  takeAsker(asker: Asker): Request[] {
    return this.#take(this.#byAsker.get(asker));
  }

  /** Forgets all. */
  clear(): void {
    for (const held of this.#byTopic.values()) this.#take(held);
  }

  #take(helds: Set<Held> | undefined): Request[] {
    return [...helds ?? []].map((held) => {
      this.#drop(held);
      return held.request;
    });
  }

  #drop(held: Held): void {
    clearTimeout(held.timer);
    remove(this.#byTopic, held.topic, held);
    remove(this.#byAsker, held.request.asker, held);
    this.#size -= 1;
    this.#bytes -= held.request.payload.length;
  }
}

function add<K>(map: Map<K, Set<Held>>, key: K, held: Held): void {
  const known = map.get(key);
  if (known) known.add(held);
  else map.set(key, new Set([held]));
}

function remove<K>(map: Map<K, Set<Held>>, key: K, held: Held): void {
  const known = map.get(key);
  known?.delete(held);
  if (known?.size === 0) map.delete(key);
}
