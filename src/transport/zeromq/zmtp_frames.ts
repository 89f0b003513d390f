/**
 * ZMTP 3.0 on bytes, without I/O: what opens a connection, frames out, frames in.
 * (rfc.zeromq.org/spec/23; the NULL mechanism, which is all that Salt's peers speak)
 * @module
 */
import { Buffer } from "node:buffer";

const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/** Bytes of a greeting: signature, version, mechanism, role, filler. */
export const GREETING_BYTES = 64;

/** Frames of one message; what is sent to a master has three at most, and some for brokers between. */
const MAX_FRAMES = 64;

/** A peer that does not keep to the protocol; its connection is closed. */
export class ZmtpError extends Error {
  override name = "ZmtpError";
}

/** What a server opens a connection with. */
export function greeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = 3;
  bytes.write("NULL", 12, "latin1");
  return bytes;
}

/** @throws {ZmtpError} when a peer's greeting is not one of ZMTP 3 with the NULL mechanism. */
export function checkGreeting(bytes: Buffer): void {
  if (bytes[0] !== 0xff || (bytes[9]! & 1) === 0) throw new ZmtpError("it does not speak ZMTP");
  if (bytes[10]! < 3) throw new ZmtpError(`it speaks ZMTP ${bytes[10]}, older than 3`);
  const mechanism = bytes.toString("latin1", 12, 32).replace(/\0+$/, "");
  if (mechanism !== "NULL") throw new ZmtpError("its security mechanism is not NULL");
}

/** Bytes from which on a frame's body is not copied behind its head. */
const LARGE_BODY = 1 << 16;

/** One frame, as the bytes on the wire; only its head when the body is not to be `copied`. */
function frameOf(body: Uint8Array, flags: number, copied = true): Buffer {
  const long = body.length > 255;
  const start = long ? 9 : 2;
  const bytes = Buffer.allocUnsafe(start + (copied ? body.length : 0));
  if (long) bytes.writeBigUInt64BE(BigInt(body.length), 1);
  else bytes[1] = body.length;
  bytes[0] = flags | (long ? LONG : 0);
  if (copied) bytes.set(body, start);
  return bytes;
}

/** A message, as the bytes on the wire. */
export function messageBytes(frames: readonly Uint8Array[]): Buffer {
  if (frames.length === 1) return frameOf(frames[0]!, 0);
  return Buffer.concat(
    frames.map((body, i) => frameOf(body, i < frames.length - 1 ? MORE : 0)),
  );
}

/** {@linkcode messageBytes} in parts, of which the last is the last frame's body itself if it is large. */
export function messageParts(frames: readonly Uint8Array[]): Uint8Array[] {
  const body = frames.at(-1);
  if (body === undefined || body.length < LARGE_BODY) return [messageBytes(frames)];
  const others = frames.slice(0, -1).map((frame) => frameOf(frame, MORE));
  return [Buffer.concat([...others, frameOf(body, 0, false)]), body];
}

/** A command, as the bytes on the wire. */
export function commandBytes(name: string, body: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.from(`${String.fromCharCode(name.length)}${name}`, "latin1");
  return frameOf(Buffer.concat([head, body]), COMMAND);
}

/** The command that ends a server's part of the handshake. */
export function readyBytes(socketType: string): Buffer {
  const property = Buffer.alloc(12 + 4 + socketType.length);
  property[0] = 11;
  property.write("Socket-Type", 1, "latin1");
  property.writeUInt32BE(socketType.length, 12);
  property.write(socketType, 16, "latin1");
  return commandBytes("READY", property);
}

/** The socket type in the body of a READY; null when it names none. */
export function socketTypeOf(body: Buffer): string | null {
  for (let at = 0; at < body.length;) {
    const nameEnd = at + 1 + body[at]!;
    if (nameEnd + 4 > body.length) return null;
    const valueEnd = nameEnd + 4 + body.readUInt32BE(nameEnd);
    const name = body.toString("latin1", at + 1, nameEnd).toLowerCase();
    if (name === "socket-type") return body.toString("latin1", nameEnd + 4, valueEnd);
    at = valueEnd;
  }
  return null;
}

/** What a reader calls back with. Frames are views of what was received. */
export interface FrameSink {
  message(frames: Uint8Array[]): void;
  command(name: string, body: Buffer): void;
}

/** Puts messages together from chunks of a connection. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #sink: FrameSink;
  #chunks: Buffer[] = [];
  #held = 0;
  /** Bytes that are needed before there is something to read. */
  #wanted = GREETING_BYTES;
  #greeted = false;
  #frames: Uint8Array[] = [];
  #messageBytes = 0;

  /** `maxBytes` bounds a message. */
  constructor(maxBytes: number, sink: FrameSink) {
    this.#maxBytes = maxBytes;
    this.#sink = sink;
  }

  get greeted(): boolean {
    return this.#greeted;
  }

  /** Bytes of a message that is not whole yet. */
  get heldBytes(): number {
    return this.#held + this.#messageBytes;
  }

  /** @throws {ZmtpError} when the peer breaks the protocol or a bound. */
  take(chunk: Buffer): void {
    if (this.#held === 0 && chunk.length >= this.#wanted) return this.#read(chunk);
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    if (!this.#greeted && this.#chunks[0]![0] !== 0xff) {
      throw new ZmtpError("it does not speak ZMTP");
    }
    if (this.#held < this.#wanted) return;
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#held = 0;
    this.#read(all);
  }

  #read(bytes: Buffer): void {
    let at = 0;
    if (!this.#greeted) {
      checkGreeting(bytes);
      this.#greeted = true;
      at = GREETING_BYTES;
    }
    while (true) {
      const left = bytes.length - at;
      const flags = bytes[at];
      const head = flags !== undefined && flags & LONG ? 9 : 2;
      this.#wanted = head;
      if (flags === undefined || left < head) break;
      const size = head === 9 ? Number(bytes.readBigUInt64BE(at + 1)) : bytes[at + 1]!;
      if (size + this.#messageBytes > this.#maxBytes) {
        throw new ZmtpError(`a message is larger than ${this.#maxBytes} bytes`);
      }
      this.#wanted = head + size;
      if (left < this.#wanted) break;
      this.#frame(flags, bytes.subarray(at + head, at + head + size));
      at += head + size;
    }
    if (at < bytes.length) {
      this.#chunks = [bytes.subarray(at)];
      this.#held = bytes.length - at;
    }
  }

  #frame(flags: number, body: Buffer): void {
    if (flags & COMMAND) {
      const end = 1 + (body[0] ?? 0);
      return this.#sink.command(body.toString("latin1", 1, end), body.subarray(end));
    }
    this.#frames.push(body);
    if (flags & MORE) {
      this.#messageBytes += body.length;
      if (this.#frames.length >= MAX_FRAMES) throw new ZmtpError("a message has too many frames");
      return;
    }
    const frames = this.#frames;
    this.#frames = [];
    this.#messageBytes = 0;
    this.#sink.message(frames);
  }
}
