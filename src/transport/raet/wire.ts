/**
 * The bytes of packets: header, numbers and texts, read and written with their bounds checked.
 * @module
 */

/** First bytes of every packet: `RAET`. */
export const MAGIC = 0x52414554;
export const VERSION = 1;

/** Types of packets. */
export const PacketType = {
  HELLO: 1,
  COOKIE: 2,
  INITIATE: 3,
  DATA: 4,
  RETRY: 5,
  RESET: 6,
  DISCOVER: 8,
  IDENTITY: 9,
} as const;

/** Flag of packets that the responder sends. */
export const FROM_RESPONDER = 0x80;

export const HEADER_BYTES = 24;
export const CID_BYTES = 8;
/** Header and Poly1305 tag around the frames of a DATA packet. */
export const DATA_OVERHEAD = HEADER_BYTES + 16;
/** The shortest DATA packet: one block of 32 bytes of frames. */
export const MIN_DATA = DATA_OVERHEAD + 32;
/** Bytes of a datagram on an ordinary path, and on a narrow one. */
export const FULL_PATH = 1200;
export const SMALL_PATH = 548;
/** Packet numbers end here. */
export const MAX_NUMBER = 2 ** 48;

/** Bytes from a peer that are not what the protocol says. */
export class WireError extends Error {
  override name = "WireError";
}

/** A decoded header. `cid` and `counter` share memory with the packet. */
export interface Header {
  type: number;
  flags: number;
  cid: Uint8Array;
  counter: Uint8Array;
}

/** Writes a header; the counter as 8 bytes or as a number below 2^48. */
export function writeHeader(
  out: Uint8Array,
  type: number,
  flags: number,
  cid: Uint8Array | null,
  counter: Uint8Array | number,
): void {
  const view = new DataView(out.buffer, out.byteOffset, HEADER_BYTES);
  view.setUint32(0, MAGIC);
  out[4] = VERSION;
  out[5] = type;
  out[6] = flags;
  out[7] = 0;
  if (cid === null) out.fill(0, 8, 16);
  else out.set(cid, 8);
  if (typeof counter === "number") {
    view.setUint32(16, Math.floor(counter / 2 ** 32));
    view.setUint32(20, counter >>> 0);
  } else out.set(counter, 16);
}

/** The header of a packet, or why it is none. */
export function readHeader(packet: Uint8Array): Header | "magic" | "version" | "reserved" {
  if (packet.length < HEADER_BYTES) return "magic";
  const view = new DataView(packet.buffer, packet.byteOffset, HEADER_BYTES);
  if (view.getUint32(0) !== MAGIC) return "magic";
  if (packet[4] !== VERSION) return "version";
  const flags = packet[6]!;
  if ((flags & ~FROM_RESPONDER) !== 0 || packet[7] !== 0) return "reserved";
  return { type: packet[5]!, flags, cid: packet.subarray(8, 16), counter: packet.subarray(16, 24) };
}

/** 8 bytes as a number. @throws WireError when it is 2^53 or more. */
export function readNumber(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const high = view.getUint32(0);
  if (high >= 2 ** 21) throw new WireError("A number is too large");
  return high * 2 ** 32 + view.getUint32(4);
}

/** A number as 8 bytes. */
export function numberBytes(value: number): Uint8Array {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  view.setUint32(0, Math.floor(value / 2 ** 32));
  view.setUint32(4, value >>> 0);
  return out;
}

/** Joins byte strings. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true });

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Bytes of a varint (RFC 9000, section 16). */
export function varintSize(value: number): number {
  return value < 64 ? 1 : value < 16_384 ? 2 : value < 2 ** 30 ? 4 : 8;
}

/** Appends to a buffer of fixed size. */
export class Writer {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.bytes.length - this.at;
  }

  u8(value: number): void {
    this.#view.setUint8(this.at, value);
    this.at += 1;
  }

  u16(value: number): void {
    this.#view.setUint16(this.at, value);
    this.at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.at, value);
    this.at += 4;
  }

  varint(value: number): void {
    const size = varintSize(value);
    if (size === 1) this.u8(value);
    else if (size === 2) this.u16(0x4000 | value);
    else if (size === 4) this.u32(0x80000000 + value);
    else {
      this.u32(0xc0000000 + Math.floor(value / 2 ** 32));
      this.u32(value >>> 0);
    }
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** A text of at most 255 bytes with its length. */
  text(bytes: Uint8Array): void {
    this.u8(bytes.length);
    this.raw(bytes);
  }

  done(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
}

/** Reads from bytes of a peer. Every method throws WireError where they end too early. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  varint(): number {
    const first = this.u8();
    const kind = first >> 6;
    if (kind === 0) return first;
    this.at -= 1;
    if (kind === 1) return this.u16() & 0x3fff;
    if (kind === 2) return this.u32() - 0x80000000;
    const high = this.u32() - 0xc0000000;
    if (high >= 2 ** 21) throw new WireError("A number is too large");
    return high * 2 ** 32 + this.u32();
  }

  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(): string {
    const bytes = this.raw(this.u8());
    try {
      return strict.decode(bytes);
    } catch {
      throw new WireError("A text is not UTF-8");
    }
  }

  #take(length: number): number {
    const at = this.at;
    if (length > this.left) throw new WireError("A packet ends in the middle of a field");
    this.at += length;
    return at;
  }
}
