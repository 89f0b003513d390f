/**
 * The sender's side of messages to one remote: bounded queues by priority, cut into frames at the
 * moment of sending, sent again where frames were lost, given up when their time is over.
 * (docs/raet.md, section 10.4)
 * @module
 */
import type { Controls } from "./controls.ts";
import { RoadError } from "./errors.ts";
import { FrameCode, type MessageHead, writeHead, writeOrder } from "./frames.ts";
import { RangeSet } from "./ranges.ts";
import type { SentItem } from "./recovery.ts";
import { utf8, varintSize, type Writer } from "./wire.ts";

/** Messages of at most so many bytes need no grant. */
export const SMALL_MESSAGE = 64 * 1024;
/** Bytes of a frame that would carry too little to be worth its head. */
const LEAST_PIECE = 32;
/** Turns of normal messages to one of bulk. */
const NORMAL_TURNS = 4;

/** A message to be sent. */
export interface Outgoing {
  kind: number;
  share: string;
  data: Uint8Array;
  /** ms until it is given up. */
  ttl: number;
  /** 0 urgent, 1 high, 2 normal, 3 bulk. */
  priority: number;
  corr?: number;
  /** Sent in order with the others of this stream, which all have one priority. */
  stream?: number;
  /** Called once: null when the remote has it. */
  settled?(error: RoadError | null): void;
}

interface Message {
  readonly out: Outgoing;
  readonly expires: number;
  readonly names: readonly Uint8Array[];
  head: MessageHead | null;
  /** Whether the head is to be sent (again). */
  headDue: boolean;
  headAcked: boolean;
  due: RangeSet;
  acked: RangeSet;
  /** Bytes that the receiver has room for. */
  limit: number;
  queued: boolean;
  done: boolean;
}

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
  readonly #all = new Set<Message>();
  /** Not begun, by priority. */
  #waiting: Message[][] = [[], [], [], []];
  /** With something to send now, by priority. */
  #active: Message[][] = [[], [], [], []];
  readonly #byId = new Map<number, Message>();
  readonly #sequences = new Map<number, number>();
  #bytes = 0;
  #nextId = 0;
  #sentData = 0;
  #maxData = 0;
  #maxMessages = 0;
  #turn = 0;

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
        `A message of ${size} bytes to ${remote} is over raet_max_message (${maxMessage})`,
      );
    }
    if (this.#all.size >= messages || (this.#all.size > 0 && this.#bytes + size > bytes)) {
      throw new RoadError(
        "queue full",
        `${this.#all.size} messages wait for ${remote} already (raet_txq_msgs ${messages}, ` +
          `raet_txq_bytes ${bytes}): it is slow or cannot be reached`,
      );
    }
    this.#bytes += size;
    this.#enqueue(out, now + out.ttl);
  }

  #enqueue(out: Outgoing, expires: number): void {
    const message: Message = {
      out,
      expires,
      names: ["", out.share, "", ""].map(utf8),
      head: null,
      headDue: true,
      headAcked: false,
      due: new RangeSet(),
      acked: new RangeSet(),
      limit: 0,
      queued: false,
      done: false,
    };
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
    if (!message || upTo <= message.limit) return;
    message.limit = upTo;
    this.#activate(message);
  }

  onReject(id: number, code: number, text: string): void {
    const message = this.#byId.get(id);
    if (!message) return;
    this.stats.rejected += 1;
    const why = `${this.#options.remote} did not take a message: ${text || `code ${code}`}`;
    this.#finish(message, new RoadError("rejected", why));
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
      if (this.#writePiece(message, w, items)) continue;
      this.#activate(message);
      return;
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

  #mayBegin(message: Message): boolean {
    if (this.#nextId >= this.#maxMessages) return false;
    const size = message.out.data.length;
    return size > SMALL_MESSAGE || this.#sentData + size <= this.#maxData;
  }

  /** The message whose turn it is: urgent before high before four of normal to one of bulk. */
  #next(now: number): Message | undefined {
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

  #begin(message: Message, now: number): void {
    const { out } = message;
    const total = out.data.length;
    let order: MessageHead["order"] = null;
    if (out.stream !== undefined) {
      const sequence = this.#sequences.get(out.stream) ?? 0;
      this.#sequences.set(out.stream, sequence + 1);
      order = { stream: out.stream, sequence };
    }
    message.head = {
      id: this.#nextId++,
      total,
      kind: out.kind,
      priority: out.priority,
      ttl: Math.max(0, Math.round(message.expires - now)),
      corr: out.corr ?? 0,
      order,
      dstYard: "",
      dstShare: out.share,
      srcYard: "",
      srcShare: "",
    };
    message.due.add(0, total);
    if (total <= SMALL_MESSAGE) {
      message.limit = total;
      this.#sentData += total;
    }
    this.#byId.set(message.head.id, message);
    this.stats.sent += 1;
  }

  /** False: it does not fit any more. */
  #writePiece(message: Message, w: Writer, items: SentItem[]): boolean {
    const { head, out } = message;
    if (message.done || head === null) return true;
    if (message.headDue) return this.#writeFirst(message, head, w, items);
    const range = message.due.ranges[0];
    if (!range || range.start >= message.limit) return true;
    const overhead = 1 + varintSize(head.id) + varintSize(range.start) + 2;
    const room = w.room - overhead;
    const length = Math.min(room, range.end - range.start, message.limit - range.start, 65_535);
    if (length < Math.min(LEAST_PIECE, range.end - range.start)) return false;
    w.u8(FrameCode.MSG_CONT);
    w.varint(head.id);
    w.varint(range.start);
    w.u16(length);
    w.raw(out.data.subarray(range.start, range.start + length));
    this.#sentPiece(message, range.start, range.start + length, false, items);
    return true;
  }

  #writeFirst(message: Message, head: MessageHead, w: Writer, items: SentItem[]): boolean {
    const names = message.names.reduce((sum, name) => sum + 1 + name.length, 0);
    const room = w.room - 5 - 6 * 8 - names;
    const first = message.due.ranges[0];
    const wanted = first?.start === 0 ? first.end : 0;
    if (room < Math.min(LEAST_PIECE, wanted)) return false;
    const length = Math.max(0, Math.min(room, wanted, 65_535));
    writeHead(w, head, message.names);
    w.u16(length);
    w.raw(message.out.data.subarray(0, length));
    message.headDue = false;
    message.limit = Math.max(message.limit, length);
    this.#sentPiece(message, 0, length, true, items);
    return true;
  }

  #sentPiece(
    message: Message,
    start: number,
    end: number,
    withHead: boolean,
    items: SentItem[],
  ): void {
    message.due.remove(start, end);
    this.#activate(message);
    items.push({
      acked: () => {
        if (message.done) return;
        message.acked.add(start, end);
        message.due.remove(start, end);
        if (withHead) {
          message.headAcked = true;
          message.headDue = false;
        }
        if (message.headAcked && message.acked.covers(0, message.out.data.length)) {
          this.stats.delivered += 1;
          this.#finish(message, null);
        }
      },
      lost: () => {
        if (message.done) return;
        this.stats.retransmitted += end - start;
        message.due.add(start, end);
        for (const range of message.acked.ranges) message.due.remove(range.start, range.end);
        if (withHead && !message.headAcked) message.headDue = true;
        this.#activate(message);
      },
    });
  }

  /** Queues a message that has something to send. */
  #activate(message: Message): void {
    const first = message.due.ranges[0];
    const due = message.headDue || (first !== undefined && first.start < message.limit);
    if (message.queued || message.done || !due || message.head === null) return;
    message.queued = true;
    this.#active[message.out.priority]!.push(message);
  }

  /** Tells the remote to wait for no more of it. */
  #abort(message: Message): void {
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

  #finish(message: Message, error: RoadError | null): void {
    if (message.done) return;
    message.done = true;
    this.#all.delete(message);
    this.#bytes -= message.out.data.length;
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
