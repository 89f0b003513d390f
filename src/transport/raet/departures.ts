/**
 * The packets of one remote as they leave: what goes into each, and when.
 * @module
 */
import type { Address } from "./address.ts";
import type { Controls } from "./controls.ts";
import { FrameCode } from "./frames.ts";
import type { Outbox } from "./outbox.ts";
import type { SentItem } from "./recovery.ts";
import type { Session } from "./session.ts";
import { MAX_NUMBER, utf8, type Writer } from "./wire.ts";

/** Packets that leave in one go; the rest waits for the next turn of the clock. */
const MAX_BURST = 64;
/** Probes without an answer after which they are small: the path may swallow large ones. */
const NARROW_PROBES = 3;
/** Packets of a probe. */
const PROBES = 2;
/** Bytes of the reason in a CLOSE. */
const MAX_REASON = 120;

/** Where packets get what they carry, and where they go. */
export interface DepartureParts {
  controls: Controls;
  outbox: Outbox;
  transmit(packet: Uint8Array, to: Address): void;
}

/** Fills packets and seals them. */
export class Departures {
  readonly #parts: DepartureParts;
  #limited = false;

  constructor(parts: DepartureParts) {
    this.#parts = parts;
  }

  /** Whether less was sent than might have been, as there was no more. */
  get limited(): boolean {
    return this.#limited;
  }

  /** Sends everything that may go now. @param accepted whether messages may be among it. */
  flush(session: Session, accepted: boolean, now: number): void {
    for (let sent = 0; sent < MAX_BURST && session.nextNumber < MAX_NUMBER; sent++) {
      if (!this.#sendOne(session, accepted, now)) return;
    }
  }

  /** False: nothing may be sent now. */
  #sendOne(session: Session, accepted: boolean, now: number): boolean {
    const { controls, outbox } = this.#parts;
    const data = accepted && outbox.hasDue && session.recovery.canSend(now);
    // Control frames are few, and data would wait for them.
    const may = data || !controls.isEmpty;
    this.#limited = !(accepted && outbox.hasDue);
    if (!may && !isAckDue(session, now)) return false;
    const w = session.writer();
    session.receipt.write(w, now);
    const items: SentItem[] = [];
    if (may) {
      controls.fill(w, items);
      if (data) outbox.fill(w, items, now);
    }
    if (w.at === 0) return false;
    this.#emit(session, w, items, items.length > 0, now);
    return may;
  }

  /** Acknowledges what came on a session that nothing else is sent on. */
  acknowledge(session: Session, now: number): void {
    if (!isAckDue(session, now)) return;
    const w = session.writer();
    if (session.receipt.write(w, now)) this.#emit(session, w, [], false, now);
  }

  #emit(session: Session, w: Writer, items: SentItem[], eliciting: boolean, now: number): void {
    this.#parts.transmit(session.seal(w, now, { items, eliciting }), session.address);
  }

  /** Ends a session with a CLOSE. */
  close(session: Session, code: number, text: string, now: number): void {
    const w = session.writer();
    w.u8(FrameCode.CLOSE);
    w.u8(code);
    w.text(utf8(text).subarray(0, MAX_REASON));
    this.#emit(session, w, [], false, now);
  }

  /** Asks for a sign of life. */
  ping(session: Session, now: number): void {
    const w = session.writer();
    session.receipt.write(w, now);
    w.u8(FrameCode.PING);
    this.#emit(session, w, [], true, now);
  }

  /** Tries whether the path has room for more. */
  widen(session: Session, now: number): void {
    this.#parts.transmit(session.widen((w) => w.u8(FrameCode.PING), now), session.address);
  }

  /** Asks whether the peer is at another address. */
  challenge(session: Session, data: Uint8Array, at: Address, now: number): void {
    const w = session.writer();
    w.u8(FrameCode.PATH_CHALLENGE);
    w.raw(data);
    this.#parts.transmit(session.seal(w, now, { items: [], eliciting: false }), at);
  }

  /** Sends what was longest without an answer once more, at the small size after some tries. */
  probe(session: Session, accepted: boolean, now: number): void {
    const { controls, outbox, transmit } = this.#parts;
    const { recovery } = session;
    const narrow = recovery.ptoCount >= NARROW_PROBES;
    const old = recovery.oldest(PROBES);
    for (const { items } of old) for (const item of items) item.lost();
    for (let i = 0; i < PROBES; i++) {
      const w = session.writer(narrow);
      const items: SentItem[] = [];
      session.receipt.write(w, now);
      controls.fill(w, items);
      if (accepted) outbox.fill(w, items, now);
      if (items.length === 0) {
        if (i > 0) return;
        w.u8(FrameCode.PING);
      }
      transmit(session.seal(w, now, { items, eliciting: true, narrow }), session.address);
    }
  }
}

function isAckDue({ receipt }: Session, now: number): boolean {
  return (receipt.ackAt ?? Infinity) <= now;
}
