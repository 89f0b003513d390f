/**
 * The sender's side of messages to one remote: bounded queues by priority, from which packets are
 * filled, sent again where frames were lost, given up when their time is over.
 * (docs/raet.md, section 10.4)
 * @module
 */
import type { Controls } from "./controls.ts";
import { rejection, RoadError } from "./errors.ts";
import { FrameCode, type MessageHead, writeOrder } from "./frames.ts";
import { LEAST_PIECE, type Outgoing, OutMessage, type OutMessageHost } from "./out_message.ts";
import type { SentItem } from "./recovery.ts";
import type { Writer } from "./wire.ts";

/** Messages of at most so many bytes need no grant. */
export const SMALL_MESSAGE = 64 * 1024;
/** Turns of normal messages to one of bulk. */
const NORMAL_TURNS = 4;

/** Limits of a queue, and who it is for. */
export interface OutboxOptions {
  remote: string;
  messages: number;
  bytes: number;
  maxMessage: number;
}

export interface OutboxStats {
  sent: number;
  delivered: number;
  expired: number;
  rejected: number;
  retransmitted: number;
}

/** Messages on their way to one remote. */
export class Outbox {
  readonly stats: OutboxStats = {
    sent: 0,
    delivered: 0,
    expired: 0,
    rejected: 0,
    retransmitted: 0,
  };
  readonly #options: OutboxOptions;
  readonly #controls: Controls;
  readonly #all = new Set<OutMessage>();
  /** Not begun, by priority. */
  #waiting: OutMessage[][] = [[], [], [], []];
  /** With something to send now, by priority. */
  #active: OutMessage[][] = [[], [], [], []];
  readonly #byId = new Map<number, OutMessage>();
  readonly #sequences = new Map<number, number>();
  #bytes = 0;
  #nextId = 0;
  #sentData = 0;
  #maxData = 0;
  #maxMessages = 0;
  #turn = 0;
  readonly #fate: OutMessageHost = {
    arrived: (message) => {
      this.stats.delivered += 1;
      this.#finish(message, null);
    },
    lost: (message, bytes) => {
      this.stats.retransmitted += bytes;
      this.#activate(message);
    },
  };

  constructor(options: OutboxOptions, controls: Controls) {
    this.#options = options;
    this.#controls = controls;
  }

  /** Messages that are not delivered yet. */
  get length(): number {
    return this.#all.size;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a message. @throws RoadError when it is too large or the queue is full. */
  add(out: Outgoing, now: number): void {
    const { remote, messages, bytes, maxMessage } = this.#options;
    const size = out.data.length;
    if (size > maxMessage) {
      throw new RoadError(
        "too large",
        `A message of ${size} bytes to ${remote} is over raet_max_message (${maxMessage}): raise it ` +
          "on both sides, or send less",
      );
    }
    if (this.#all.size >= messages || (this.#all.size > 0 && this.#bytes + size > bytes)) {
      throw new RoadError(
        "overloaded",
        `${this.#all.size} messages wait for ${remote} already (raet_txq_msgs ${messages}, ` +
          `raet_txq_bytes ${bytes}): it is slow or cannot be ` +
          "reached; send less, or wait",
      );
    }
    this.#bytes += size;
    this.#enqueue(out, now + out.ttl);
  }

  #enqueue(out: Outgoing, expires: number): void {
    const message = new OutMessage(out, expires, this.#fate);
    this.#all.add(message);
    this.#waiting[out.priority]!.push(message);
  }

  /** The remote takes messages below these totals. Limits only rise. */
  onMax(data: number, messages: number): void {
    this.#maxData = Math.max(this.#maxData, data);
    this.#maxMessages = Math.max(this.#maxMessages, messages);
  }

  onGrant(id: number, upTo: number): void {
    const message = this.#byId.get(id);
    if (message?.grant(upTo)) this.#activate(message);
  }

  onReject(id: number, code: number, text: string): void {
    const message = this.#byId.get(id);
    if (!message) return;
    this.stats.rejected += 1;
    this.#finish(message, rejection(this.#options.remote, code, text));
  }

  /** Whether something can be sent now. */
  get hasDue(): boolean {
    return this.#active.some((queue) => queue.length > 0) ||
      this.#waiting.some((queue) => queue.length > 0 && this.#mayBegin(queue[0]!));
  }

  /** Adds frames as long as they fit. */
  fill(w: Writer, items: SentItem[], now: number): void {
    while (w.room > LEAST_PIECE) {
      const message = this.#next(now);
      if (!message) return;
      const fits = message.write(w, items);
      this.#activate(message);
      if (!fits) return;
    }
  }

  /** Gives up what is over its time. */
  expire(now: number): void {
    for (const message of this.#all) {
      if (message.expires > now) continue;
      this.stats.expired += 1;
      this.#abort(message);
      this.#finish(
        message,
        new RoadError(
          "expired",
          `${this.#options.remote} did not take a message within ${message.out.ttl / 1000} s: it ` +
            "is down, cannot be reached over UDP, or does not keep up",
        ),
      );
    }
  }

  /** The earliest end of a message's time; Infinity when none waits. */
  nextExpiry(): number {
    let first = Infinity;
    for (const message of this.#all) first = Math.min(first, message.expires);
    return first;
  }

  /** The remote has lost all it knew: what is not delivered begins anew. */
  restart(): void {
    this.#nextId = 0;
    this.#sentData = 0;
    this.#maxData = 0;
    this.#maxMessages = 0;
    this.#sequences.clear();
    this.#byId.clear();
    this.#active = [[], [], [], []];
    this.#waiting = [[], [], [], []];
    const old = [...this.#all];
    this.#all.clear();
    for (const message of old) {
      message.done = true;
      this.#enqueue(message.out, message.expires);
    }
  }

  /** Gives up all. */
  fail(error: RoadError): void {
    for (const message of this.#all) this.#finish(message, error);
  }

  #mayBegin(message: OutMessage): boolean {
    if (this.#nextId >= this.#maxMessages) return false;
    const size = message.size;
    return size > SMALL_MESSAGE || this.#sentData + size <= this.#maxData;
  }

  /** The message whose turn it is: urgent before high before four of normal to one of bulk. */
  #next(now: number): OutMessage | undefined {
    this.#turn += 1;
    const bulkFirst = this.#turn % (NORMAL_TURNS + 1) === 0;
    for (const priority of bulkFirst ? [0, 1, 3, 2] : [0, 1, 2, 3]) {
      const waiting = this.#waiting[priority]!;
      const active = this.#active[priority]!;
      const first = waiting[0];
      // A new message gets its turn among those that are under way.
      if (first && this.#mayBegin(first) && (active.length === 0 || this.#turn % 2 === 0)) {
        waiting.shift();
        if (first.expires <= now) continue;
        this.#begin(first, now);
        return first;
      }
      const message = active.shift();
      if (message) {
        message.queued = false;
        return message;
      }
    }
    return undefined;
  }

  #begin(message: OutMessage, now: number): void {
    const { out, size } = message;
    let order: MessageHead["order"] = null;
    if (out.stream !== undefined) {
      const sequence = this.#sequences.get(out.stream) ?? 0;
      this.#sequences.set(out.stream, sequence + 1);
      order = { stream: out.stream, sequence };
    }
    const id = this.#nextId++;
    const isSmall = size <= SMALL_MESSAGE;
    if (isSmall) this.#sentData += size;
    message.begin(id, order, isSmall ? size : 0, now);
    this.#byId.set(id, message);
    this.stats.sent += 1;
  }

  /** Queues a message that has something to send. */
  #activate(message: OutMessage): void {
    if (message.queued || !message.isDue) return;
    message.queued = true;
    this.#active[message.out.priority]!.push(message);
  }

  /** Tells the remote to wait for no more of it. */
  #abort(message: OutMessage): void {
    const { head } = message;
    if (head === null) return;
    this.#controls.set(`abort ${head.id}`, 48, (w) => {
      w.u8(FrameCode.ABORT);
      w.varint(head.id);
      w.u8(0);
      w.varint(head.total);
      writeOrder(w, head.order);
    });
  }

  #finish(message: OutMessage, error: RoadError | null): void {
    if (message.done) return;
    message.done = true;
    this.#all.delete(message);
    this.#bytes -= message.size;
    if (message.head) this.#byId.delete(message.head.id);
    const lists = message.queued ? this.#active : message.head ? [] : this.#waiting;
    const list = lists[message.out.priority];
    if (list) {
      const at = list.indexOf(message);
      if (at >= 0) list.splice(at, 1);
    }
    message.out.settled?.(error);
  }
}
