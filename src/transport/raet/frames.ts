/**
 * Frames: what DATA packets carry. A packet's frames are all parsed before any has an effect.
 * (docs/raet.md, section 7)
 * @module
 */
import type { Range } from "./ranges.ts";
import { Reader, varintSize, WireError, type Writer } from "./wire.ts";

export const FrameCode = {
  PAD: 0x00,
  PING: 0x01,
  ACK: 0x02,
  VERDICT: 0x03,
  CLOSE: 0x05,
  PATH_CHALLENGE: 0x06,
  PATH_RESPONSE: 0x07,
  MAX: 0x08,
  GRANT: 0x0a,
  REJECT: 0x0b,
  ABORT: 0x0c,
  MSG_FIRST: 0x10,
  MSG_CONT: 0x11,
} as const;

/** Why a session ends. */
export const CloseCode = {
  NORMAL: 0,
  SHUTDOWN: 1,
  PROTOCOL: 2,
  REVOKED: 3,
  IDLE: 5,
  REPLACED: 7,
} as const;

/** Why a message is not taken. */
export const RejectCode = {
  NOT_ALLOWED: 1,
  NO_YARD: 2,
  NO_SHARE: 3,
  TOO_BIG: 4,
  NO_MEMORY: 5,
  BUSY: 6,
  TIMEOUT: 7,
} as const;

/** What a message is. */
export const Kind = { REQ: 1, REP: 2, ERR: 3, PUB: 4, EVT: 5, SUB: 6 } as const;

/** Ranges in an ACK beyond the first. */
export const MAX_ACK_RANGES = 31;
/** Frames in one packet. */
const MAX_FRAMES = 64;
/** Bytes of a text in CLOSE and REJECT. */
export const MAX_TEXT = 120;

/** The head of a message. */
export interface MessageHead {
  id: number;
  /** Bytes of its data. */
  total: number;
  kind: number;
  /** 0 urgent, 1 high, 2 normal, 3 bulk. */
  priority: number;
  /** ms */
  ttl: number;
  /** Joins a reply to its request; 0 for others. */
  corr: number;
  /** In order with the others of a stream, or null. */
  order: { stream: number; sequence: number } | null;
  dstYard: string;
  dstShare: string;
  srcYard: string;
  srcShare: string;
}

export interface AckFrame {
  /** Highest range first. */
  ranges: Range[];
  /** ms */
  delay: number;
}

export type Frame =
  | { code: typeof FrameCode.PING }
  | ({ code: typeof FrameCode.ACK } & AckFrame)
  | {
    code: typeof FrameCode.VERDICT;
    status: number;
    retryAfter: number;
    spread: number;
    record: Uint8Array;
  }
  | { code: typeof FrameCode.CLOSE; reason: number; text: string }
  | { code: typeof FrameCode.PATH_CHALLENGE; data: Uint8Array }
  | { code: typeof FrameCode.PATH_RESPONSE; data: Uint8Array }
  | { code: typeof FrameCode.MAX; data: number; messages: number }
  | { code: typeof FrameCode.GRANT; id: number; upTo: number }
  | { code: typeof FrameCode.REJECT; id: number; reason: number; text: string }
  | {
    code: typeof FrameCode.ABORT;
    id: number;
    reason: number;
    total: number;
    order: MessageHead["order"];
  }
  | { code: typeof FrameCode.MSG_FIRST; head: MessageHead; data: Uint8Array }
  | { code: typeof FrameCode.MSG_CONT; id: number; offset: number; data: Uint8Array };

/** All frames of a packet's plain text. @throws WireError for anything that is not one. */
export function parseFrames(plain: Uint8Array): Frame[] {
  const reader = new Reader(plain);
  const frames: Frame[] = [];
  while (reader.left > 0) {
    const code = reader.u8();
    if (code === FrameCode.PAD) continue;
    const frame = parseFrame(code, reader);
    if (frame !== null && frames.push(frame) > MAX_FRAMES) {
      throw new WireError("A packet has too many frames");
    }
  }
  return frames;
}

/** Null: an extension that may be passed over. */
function parseFrame(code: number, r: Reader): Frame | null {
  switch (code) {
    case FrameCode.PING:
      return { code };
    case FrameCode.ACK:
      return { code, ...parseAck(r) };
    case FrameCode.VERDICT:
      return {
        code,
        status: r.u8(),
        retryAfter: r.u16(),
        spread: r.u16(),
        record: r.raw(r.u16()).slice(),
      };
    case FrameCode.CLOSE:
      return { code, reason: r.u8(), text: shortText(r) };
    case FrameCode.PATH_CHALLENGE:
    case FrameCode.PATH_RESPONSE:
      return { code, data: r.raw(8).slice() };
    case FrameCode.MAX:
      return { code, data: r.varint(), messages: r.varint() };
    case FrameCode.GRANT:
      return { code, id: r.varint(), upTo: r.varint() };
    case FrameCode.REJECT:
      return { code, id: r.varint(), reason: r.u8(), text: shortText(r) };
    case FrameCode.ABORT:
      return { code, id: r.varint(), reason: r.u8(), total: r.varint(), order: parseOrder(r) };
    case FrameCode.MSG_FIRST:
      return { code, head: parseHead(r), data: r.raw(r.u16()) };
    case FrameCode.MSG_CONT:
      return { code, id: r.varint(), offset: r.varint(), data: r.raw(r.u16()) };
  }
  if (code < 0x40 || code > 0x7f) throw new WireError(`Frame ${code} is unknown`);
  r.raw(r.u16());
  return null;
}

function shortText(r: Reader): string {
  const text = r.text();
  if (text.length > MAX_TEXT) throw new WireError("A text is too long");
  return text;
}

function parseAck(r: Reader): AckFrame {
  const largest = r.varint();
  const delay = r.varint() / 1000;
  const count = r.u8();
  if (count > MAX_ACK_RANGES) throw new WireError("An ACK has too many ranges");
  let start = largest - r.varint();
  if (start < 0) throw new WireError("An ACK goes below zero");
  const ranges: Range[] = [{ start, end: largest + 1 }];
  for (let i = 0; i < count; i++) {
    const end = start - 1 - r.varint();
    start = end - 1 - r.varint();
    if (start < 0) throw new WireError("An ACK goes below zero");
    ranges.push({ start, end });
  }
  return { ranges, delay };
}

/** Writes as many ranges as fit; `ranges` in rising order. False: no room at all. */
export function writeAck(w: Writer, ranges: readonly Range[], delayMs: number): boolean {
  const last = ranges.at(-1);
  if (last === undefined || w.room < 26) return false;
  w.u8(FrameCode.ACK);
  w.varint(last.end - 1);
  w.varint(Math.round(Math.max(0, delayMs) * 1000));
  const countAt = w.at;
  w.u8(0);
  w.varint(last.end - 1 - last.start);
  let start = last.start;
  let count = 0;
  for (let i = ranges.length - 2; i >= 0 && count < MAX_ACK_RANGES; i--) {
    const range = ranges[i]!;
    const [gap, length] = [start - 1 - range.end, range.end - 1 - range.start];
    if (varintSize(gap) + varintSize(length) > w.room) break;
    w.varint(gap);
    w.varint(length);
    start = range.start;
    count += 1;
  }
  w.bytes[countAt] = count;
  return true;
}

function parseOrder(r: Reader): MessageHead["order"] {
  const stream = r.varint();
  return stream === 0 ? null : { stream, sequence: r.varint() };
}

/** A message's order; stream 0 is none. */
export function writeOrder(w: Writer, order: MessageHead["order"]): void {
  w.varint(order?.stream ?? 0);
  if (order) w.varint(order.sequence);
}

function parseHead(r: Reader): MessageHead {
  const [id, total, kind, priority, ttl, corr] = [
    r.varint(),
    r.varint(),
    r.u8(),
    r.u8(),
    r.varint(),
    r.varint(),
  ];
  if (kind < Kind.REQ || kind > Kind.SUB || priority > 3) {
    throw new WireError("A message is of no known kind or priority");
  }
  const order = parseOrder(r);
  const [dstYard, dstShare, srcYard, srcShare] = [r.text(), r.text(), r.text(), r.text()];
  return { id, total, kind, priority, ttl, corr, order, dstYard, dstShare, srcYard, srcShare };
}

/** Writes the head of a message, without its data. Names are at most 255 bytes of UTF-8. */
export function writeHead(w: Writer, head: MessageHead, names: readonly Uint8Array[]): void {
  w.u8(FrameCode.MSG_FIRST);
  w.varint(head.id);
  w.varint(head.total);
  w.u8(head.kind);
  w.u8(head.priority);
  w.varint(head.ttl);
  w.varint(head.corr);
  writeOrder(w, head.order);
  for (const name of names) w.text(name);
}
