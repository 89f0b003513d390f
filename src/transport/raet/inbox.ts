/**
 * The receiver's side of messages from one remote: puts pieces together, gives room to the sender,
 * hands each message on once, in order where that is asked. (docs/raet.md, section 10.4)
 * @module
 */
import type { Controls } from "./controls.ts";
import { FrameCode, type MessageHead, RejectCode } from "./frames.ts";
import { SMALL_MESSAGE } from "./outbox.ts";
import { RangeSet } from "./ranges.ts";
import { Streams } from "./streams.ts";
import { utf8, WireError } from "./wire.ts";

/** Messages that a remote may have open. */
const OPEN_MESSAGES = 256;
/** Bytes by which the room for a large message grows at a time; memory for all of it is there already. */
const GRANT_STEP = 4 * 1024 * 1024;
/** ms without a piece after which an unfinished message is given up: its own time, in these bounds. */
const STALL_MIN_MS = 60_000;
const STALL_MAX_MS = 3_600_000;

/** Memory for large messages, shared by all remotes of a stack. */
export class RxMemory {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  reserve(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false;
    this.used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.used -= bytes;
  }
}

/** A whole message from a remote. */
export interface Incoming {
  head: MessageHead;
  data: Uint8Array;
}

/** What an inbox asks and tells. */
export interface InboxHost {
  /** Why a message is not taken; null when it is. Asked before its data is looked at. */
  refuse(head: MessageHead): { code: number; text: string } | null;
  deliver(message: Incoming): void;
}

/** Limits of a remote. */
export interface InboxOptions {
  /** Bytes of small messages that may be under way. */
  window: number;
  maxMessage: number;
  memory: RxMemory;
}

interface Partial {
  id: number;
  head: MessageHead | null;
  data: Uint8Array;
  have: RangeSet;
  granted: number;
  /** Bytes taken from the shared memory. */
  reserved: number;
  progress: number;
}

export interface InboxStats {
  received: number;
  duplicates: number;
  refused: number;
}

/** Messages on their way from one remote. */
export class Inbox {
  readonly stats: InboxStats = { received: 0, duplicates: 0, refused: 0 };
  readonly #options: InboxOptions;
  readonly #controls: Controls;
  readonly #host: InboxHost;
  readonly #open = new Map<number, Partial>();
  /** Ids that are done, above the floor. */
  readonly #done = new Set<number>();
  readonly #streams = new Streams();
  #floor = 0;
  #headless = 0;
  #received = 0;
  #consumed = 0;
  #maxData: number;
  #maxMessages = OPEN_MESSAGES;

  constructor(options: InboxOptions, controls: Controls, host: InboxHost) {
    this.#options = options;
    this.#controls = controls;
    this.#host = host;
    this.#maxData = options.window;
  }

  /** Messages that are not whole yet. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The limits as the peer gets them at the start. */
  get limits(): { data: number; messages: number } {
    return { data: this.#maxData, messages: this.#maxMessages };
  }

  /** @throws WireError when the peer breaks the rules. */
  onFirst(head: MessageHead, data: Uint8Array, now: number): void {
    if (!this.#wants(head.id)) return;
    let partial = this.#open.get(head.id);
    if (partial?.head) {
      if (partial.head.total !== head.total) throw new WireError("A message changed its size");
    } else {
      const refusal = this.#refusal(head);
      const small = head.total <= SMALL_MESSAGE;
      if (small) this.#account(head.total);
      if (refusal) return this.#reject(head, refusal.code, refusal.text);
      if (!small && !this.#options.memory.reserve(head.total)) {
        return this.#reject(head, RejectCode.NO_MEMORY, "no memory for it now; try again later");
      }
      partial = this.#adopt(partial, head, now);
    }
    this.#store(partial, 0, data, now);
  }

  /** @throws WireError when the peer breaks the rules. */
  onCont(id: number, offset: number, data: Uint8Array, now: number): void {
    if (!this.#wants(id)) return;
    let partial = this.#open.get(id);
    if (!partial) {
      partial = emptyPartial(id, now);
      this.#open.set(id, partial);
    }
    if (partial.head === null) {
      if (offset + data.length > SMALL_MESSAGE) throw new WireError("Data came without a grant");
      const before = partial.have.size;
      this.#store(partial, offset, data, now);
      this.#headless += partial.have.size - before;
      if (this.#headless > this.#options.window) throw new WireError("Too much data without heads");
    } else this.#store(partial, offset, data, now);
  }

  /** The sender gives a message up. */
  onAbort(id: number, total: number, order: MessageHead["order"]): void {
    if (!this.#wants(id)) return;
    const partial = this.#open.get(id);
    const small = total <= SMALL_MESSAGE;
    if (small && !partial?.head) this.#account(total);
    this.#close(id, small ? total : 0);
    if (order) this.#deliver(this.#streams.take(order, null, Infinity) ?? []);
  }

  /** Whether the sender does not know yet that a message is refused. */
  isRefusing(id: number): boolean {
    return this.#controls.has(`reject ${id}`);
  }

  /** Gives up messages of which nothing has come for a long time, and what others wait for. */
  expire(now: number): void {
    this.#deliver(this.#streams.expire(now));
    for (const partial of this.#open.values()) {
      if (now < stallsAt(partial)) continue;
      if (partial.head) this.#reject(partial.head, RejectCode.TIMEOUT, "its data stopped coming");
      else this.#dropData(partial);
    }
  }

  /** When {@linkcode expire} may have something to do; Infinity when nothing is open. */
  nextExpiry(): number {
    let first = this.#streams.nextExpiry();
    for (const partial of this.#open.values()) first = Math.min(first, stallsAt(partial));
    return first;
  }

  /** Frees everything. */
  clear(): void {
    for (const partial of this.#open.values()) this.#options.memory.release(partial.reserved);
    this.#open.clear();
    this.#streams.clear();
  }

  #wants(id: number): boolean {
    if (id >= this.#maxMessages) throw new WireError("A message came without credit");
    if (id >= this.#floor && !this.#done.has(id)) return true;
    this.stats.duplicates += 1;
    return false;
  }

  #account(total: number): void {
    this.#received += total;
    if (this.#received > this.#maxData) throw new WireError("Data came without credit");
  }

  #refusal(head: MessageHead): { code: number; text: string } | null {
    const { maxMessage } = this.#options;
    if (head.total > maxMessage) {
      return { code: RejectCode.TOO_BIG, text: `${head.total} bytes are over ${maxMessage}` };
    }
    return this.#host.refuse(head);
  }

  #adopt(partial: Partial | undefined, head: MessageHead, now: number): Partial {
    const found = partial ?? emptyPartial(head.id, now);
    if (found.have.ranges.some(({ end }) => end > head.total)) {
      throw new WireError("A message is longer than it says");
    }
    this.#headless -= found.have.size;
    const data = new Uint8Array(head.total);
    data.set(found.data.subarray(0, head.total));
    found.data = data;
    found.head = head;
    if (head.total > SMALL_MESSAGE) found.reserved = head.total;
    this.#open.set(head.id, found);
    return found;
  }

  #store(partial: Partial, offset: number, data: Uint8Array, now: number): void {
    const end = offset + data.length;
    if (partial.head) {
      if (end > partial.head.total) throw new WireError("A message is longer than it says");
    } else if (end > partial.data.length) {
      const more = new Uint8Array(Math.min(SMALL_MESSAGE, Math.max(end, 2 * partial.data.length)));
      more.set(partial.data);
      partial.data = more;
    }
    if (!partial.have.covers(offset, end)) {
      partial.data.set(data, offset);
      partial.have.add(offset, end);
      partial.progress = now;
    }
    if (partial.head === null) return;
    if (partial.have.covers(0, partial.head.total)) this.#complete(partial, partial.head, now);
    else if (partial.reserved > 0) this.#grant(partial, partial.head);
  }

  /** Keeps the sender of a large message going. */
  #grant(partial: Partial, head: MessageHead): void {
    const wanted = Math.min(head.total, partial.have.size + GRANT_STEP);
    if (partial.granted === head.total) return;
    if (wanted - partial.granted < GRANT_STEP / 2 && wanted < head.total) return;
    partial.granted = wanted;
    this.#controls.set(`grant ${head.id}`, 24, (w) => {
      w.u8(FrameCode.GRANT);
      w.varint(head.id);
      w.varint(partial.granted);
    });
  }

  #complete({ data }: Partial, head: MessageHead, now: number): void {
    if (head.order === null) {
      this.#taken(head);
      return this.#deliver([{ head, data }]);
    }
    const ready = this.#streams.take(head.order, { head, data }, now + head.ttl);
    if (ready === null) {
      return this.#reject(head, RejectCode.TIMEOUT, "its place in the order has passed");
    }
    this.#taken(head);
    this.#deliver(ready);
  }

  #taken(head: MessageHead): void {
    this.stats.received += 1;
    this.#close(head.id, head.total <= SMALL_MESSAGE ? head.total : 0);
  }

  #deliver(messages: Incoming[]): void {
    for (const message of messages) this.#host.deliver(message);
  }

  #reject(head: MessageHead, code: number, text: string): void {
    this.stats.refused += 1;
    const short = utf8(text).subarray(0, 120);
    this.#controls.set(`reject ${head.id}`, 16 + short.length, (w) => {
      w.u8(FrameCode.REJECT);
      w.varint(head.id);
      w.u8(code);
      w.text(short);
    });
    this.#close(head.id, head.total <= SMALL_MESSAGE ? head.total : 0);
    if (head.order) this.#deliver(this.#streams.take(head.order, null, Infinity) ?? []);
  }

  #dropData(partial: Partial): void {
    this.#headless -= partial.have.size;
    this.#open.delete(partial.id);
  }

  /** Marks an id as done and gives its credit back. */
  #close(id: number, consumed: number): void {
    const partial = this.#open.get(id);
    if (partial) {
      if (partial.head === null) this.#headless -= partial.have.size;
      this.#options.memory.release(partial.reserved);
      this.#open.delete(id);
    }
    this.#controls.drop(`grant ${id}`);
    this.#done.add(id);
    while (this.#done.delete(this.#floor)) this.#floor += 1;
    this.#consumed += consumed;
    this.#raise();
  }

  #raise(): void {
    const data = this.#consumed + this.#options.window;
    const messages = this.#floor + OPEN_MESSAGES;
    const little = data - this.#maxData < this.#options.window / 4 &&
      messages - this.#maxMessages < OPEN_MESSAGES / 4;
    if (little) return;
    this.#maxData = data;
    this.#maxMessages = messages;
    this.#controls.set("max", 17, (w) => {
      w.u8(FrameCode.MAX);
      w.varint(this.#maxData);
      w.varint(this.#maxMessages);
    });
  }
}

function emptyPartial(id: number, now: number): Partial {
  return {
    id,
    head: null,
    data: new Uint8Array(0),
    have: new RangeSet(),
    granted: 0,
    reserved: 0,
    progress: now,
  };
}

function stallsAt({ head, progress }: Partial): number {
  return progress + Math.min(STALL_MAX_MS, Math.max(STALL_MIN_MS, head?.ttl ?? STALL_MAX_MS));
}
