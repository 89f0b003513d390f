/**
 * A message on its way to a remote: which bytes of it are to be sent, which have arrived, and how it is
 * cut into frames.
 * @module
 */
import type { RoadError } from "./errors.ts";
import { FrameCode, type MessageHead, writeHead } from "./frames.ts";
import { RangeSet } from "./ranges.ts";
import type { SentItem } from "./recovery.ts";
import { utf8, varintSize, type Writer } from "./wire.ts";

/** Bytes of a frame that would carry too little to be worth its head. */
export const LEAST_PIECE = 32;
/** Bytes that a head takes at most besides its names: numbers of 8 bytes, and fixed fields. */
const HEAD_BYTES = 5 + 6 * 8;
const MAX_PIECE = 65_535;

/** A message to be sent. */
export interface Outgoing {
  kind: number;
  /** The yard on the other side; absent: the process that owns the road. */
  yard?: string;
  share: string;
  /** Where from, for answers. */
  source?: { yard: string; share: string };
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

/** What a message tells the queue that holds it. */
export interface OutMessageHost {
  /** All of it has arrived. */
  arrived(message: OutMessage): void;
  /** So many bytes were lost; there is something to send again. */
  lost(message: OutMessage, bytes: number): void;
}

/** One message. */
export class OutMessage {
  readonly out: Outgoing;
  readonly expires: number;
  /** Null until it is begun. */
  head: MessageHead | null = null;
  /** Whether it waits among those that have something to send. */
  queued = false;
  /** Whether it has arrived or was given up. */
  done = false;
  readonly #host: OutMessageHost;
  readonly #names: readonly Uint8Array[];
  /** Whether the head is to be sent (again). */
  #headDue = true;
  #headAcked = false;
  readonly #due = new RangeSet();
  readonly #acked = new RangeSet();
  /** Bytes that the receiver has room for. */
  #limit = 0;

  /** @param expires when it is given up. */
  constructor(out: Outgoing, expires: number, host: OutMessageHost) {
    this.out = out;
    this.expires = expires;
    this.#host = host;
    const names = [out.yard, out.share, out.source?.yard, out.source?.share];
    this.#names = names.map((name) => utf8(name ?? ""));
  }

  get size(): number {
    return this.out.data.length;
  }

  /** Whether there is something that may be sent now. */
  get isDue(): boolean {
    if (this.done || this.head === null) return false;
    const first = this.#due.ranges[0];
    return this.#headDue || (first !== undefined && first.start < this.#limit);
  }

  /** Gives it its number and place; all of it is to be sent, and may be up to `limit`. */
  begin(id: number, order: MessageHead["order"], limit: number, now: number): void {
    const { out } = this;
    this.head = {
      id,
      total: this.size,
      kind: out.kind,
      priority: out.priority,
      ttl: Math.max(0, Math.round(this.expires - now)),
      corr: out.corr ?? 0,
      order,
      dstYard: out.yard ?? "",
      dstShare: out.share,
      srcYard: out.source?.yard ?? "",
      srcShare: out.source?.share ?? "",
    };
    this.#due.add(0, this.size);
    this.#limit = limit;
  }

  /** The receiver has room for more. False: it had said so before. */
  grant(upTo: number): boolean {
    if (upTo <= this.#limit) return false;
    this.#limit = upTo;
    return true;
  }

  /** Writes the next frame, where there is one. False: it does not fit any more. */
  write(w: Writer, items: SentItem[]): boolean {
    const { head } = this;
    if (this.done || head === null) return true;
    if (this.#headDue) return this.#writeFirst(head, w, items);
    const range = this.#due.ranges[0];
    if (!range || range.start >= this.#limit) return true;
    const overhead = 1 + varintSize(head.id) + varintSize(range.start) + 2;
    // What the limit leaves may be less than is worth a head: it is sent all the same, since nothing
    // else of this message may be.
    const wanted = Math.min(range.end, this.#limit) - range.start;
    const length = Math.min(w.room - overhead, wanted, MAX_PIECE);
    if (length < Math.min(LEAST_PIECE, wanted)) return false;
    w.u8(FrameCode.MSG_CONT);
    w.varint(head.id);
    w.varint(range.start);
    w.u16(length);
    w.raw(this.out.data.subarray(range.start, range.start + length));
    items.push(this.#sent(range.start, range.start + length, false));
    return true;
  }

  #writeFirst(head: MessageHead, w: Writer, items: SentItem[]): boolean {
    const names = this.#names.reduce((sum, name) => sum + 1 + name.length, 0);
    const room = w.room - HEAD_BYTES - names;
    const first = this.#due.ranges[0];
    const wanted = first?.start === 0 ? first.end : 0;
    if (room < Math.min(LEAST_PIECE, wanted)) return false;
    const length = Math.max(0, Math.min(room, wanted, MAX_PIECE));
    writeHead(w, head, this.#names);
    w.u16(length);
    w.raw(this.out.data.subarray(0, length));
    this.#headDue = false;
    this.#limit = Math.max(this.#limit, length);
    items.push(this.#sent(0, length, true));
    return true;
  }

  #sent(start: number, end: number, withHead: boolean): SentItem {
    this.#due.remove(start, end);
    return {
      acked: () => {
        if (this.done) return;
        this.#acked.add(start, end);
        this.#due.remove(start, end);
        if (withHead) {
          this.#headAcked = true;
          this.#headDue = false;
        }
        if (this.#headAcked && this.#acked.covers(0, this.size)) this.#host.arrived(this);
      },
      lost: () => {
        if (this.done) return;
        this.#due.add(start, end);
        for (const range of this.#acked.ranges) this.#due.remove(range.start, range.end);
        if (withHead && !this.#headAcked) this.#headDue = true;
        this.#host.lost(this, end - start);
      },
    };
  }
}
