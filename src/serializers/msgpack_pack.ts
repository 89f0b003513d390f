/**
 * Writes msgpack the two ways Salt does: for the network without the newer string types, for files
 * and local sockets with them. (`salt/payload.py:dumps`)
 * @module
 */
import { Float } from "../types/mod.ts";
import type { Data } from "../types/mod.ts";
import { EXT_DATETIME, formatDateTime } from "./msgpack_ext.ts";

/** How deep maps and lists may be nested, both when writing and when reading. */
export const MAX_DEPTH = 512;

const KEEP_BUFFER = 1 << 20;

/** Bytes from this length on are not copied by {@linkcode packWireParts}. */
const SHARED_BYTES = 1 << 15;
const MIN_INT64 = -(1n << 63n);
const MAX_UINT64 = (1n << 64n) - 1n;
const utf8 = new TextEncoder();

class Writer {
  #bytes = new Uint8Array(8192);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #newTypes = false;
  /** What is packed so far, where large bytes are not to be copied. */
  #parts: Uint8Array[] | null = null;

  /** Packs one value into a buffer of its own. */
  pack(value: Data, newTypes: boolean): Uint8Array {
    this.#at = 0;
    this.#newTypes = newTypes;
    try {
      this.#value(value, 0);
      return this.#bytes.slice(0, this.#at);
    } finally {
      if (this.#bytes.length > KEEP_BUFFER) this.#resize(8192);
    }
  }

  /** Packs one value for the network; large bytes in it become parts of their own, not copied. */
  packParts(value: Data): Uint8Array[] {
    const parts: Uint8Array[] = [];
    this.#parts = parts;
    try {
      parts.push(this.pack(value, false));
      return parts;
    } finally {
      this.#parts = null;
    }
  }

  #resize(size: number): void {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  #reserve(count: number): void {
    const wanted = this.#at + count;
    if (wanted <= this.#bytes.length) return;
    const old = this.#bytes;
    this.#resize(Math.max(wanted, old.length * 2));
    this.#bytes.set(old.subarray(0, this.#at));
  }

  #u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** A type byte and a big-endian number of `size` bytes after it. */
  #head(type: number, size: 1 | 2 | 4, value: number): void {
    this.#reserve(1 + size);
    this.#bytes[this.#at] = type;
    if (size === 1) this.#bytes[this.#at + 1] = value;
    else if (size === 2) this.#view.setUint16(this.#at + 1, value);
    else this.#view.setUint32(this.#at + 1, value);
    this.#at += 1 + size;
  }

  #value(value: Data, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#u8(value ? 0xc3 : 0xc2);
      case "undefined":
        return this.#u8(0xc0);
      case "bigint":
        return this.#bigint(value);
      case "object":
        return value === null ? this.#u8(0xc0) : this.#object(value, depth);
      default:
        throw new TypeError(`Cannot pack a ${typeof value}`);
    }
  }

  #object(value: Exclude<Data, null>, depth: number): void {
    if (depth >= MAX_DEPTH) throw new TypeError(`Cannot pack: nested deeper than ${MAX_DEPTH}`);
    if (Array.isArray(value)) {
      this.#count(value.length, 0x90, 0xdc);
      for (const item of value) this.#value(item, depth + 1);
      return;
    }
    if (value instanceof Uint8Array) return this.#binary(value);
    if (value instanceof Float) return this.#float(Number(value));
    if (value instanceof Date) return this.#date(value);
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new TypeError(`Cannot pack a ${prototype.constructor?.name ?? "strange object"}`);
    }
    this.#map(value as Record<string, Data | undefined>, depth);
  }

  /** Entries that are undefined do not exist, as in JSON. */
  #map(value: Record<string, Data | undefined>, depth: number): void {
    const keys = Object.keys(value);
    let count = keys.length;
    for (const key of keys) if (value[key] === undefined) count--;
    this.#count(count, 0x80, 0xde);
    for (const key of keys) {
      const item = value[key];
      if (item === undefined) continue;
      this.#text(key);
      this.#value(item, depth + 1);
    }
  }

  #count(count: number, fix: number, type16: number): void {
    if (count < 16) this.#u8(fix | count);
    else if (count < 0x10000) this.#head(type16, 2, count);
    else this.#head(type16 + 1, 4, count);
  }

  #textHead(length: number): void {
    if (length < 32) this.#u8(0xa0 | length);
    else if (length < 0x100 && this.#newTypes) this.#head(0xd9, 1, length);
    else if (length < 0x10000) this.#head(0xda, 2, length);
    else this.#head(0xdb, 4, length);
  }

  #text(text: string): void {
    const length = text.length;
    if (length < 32) {
      this.#reserve(1 + length);
      if (this.#shortAscii(text)) return;
    }
    const bytes = utf8.encode(text);
    this.#textHead(bytes.length);
    this.#copy(bytes);
  }

  /** Most texts on the wire are this; a loop beats the encoder. Room is reserved by the caller. */
  #shortAscii(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + i] = code;
    }
    bytes[this.#at] = 0xa0 | text.length;
    this.#at = start + text.length;
    return true;
  }

  #binary(bytes: Uint8Array): void {
    const length = bytes.length;
    if (!this.#newTypes) this.#textHead(length);
    else if (length < 0x100) this.#head(0xc4, 1, length);
    else if (length < 0x10000) this.#head(0xc5, 2, length);
    else this.#head(0xc6, 4, length);
    this.#copy(bytes);
  }

  #copy(bytes: Uint8Array): void {
    if (this.#parts !== null && bytes.length >= SHARED_BYTES) {
      this.#parts.push(this.#bytes.slice(0, this.#at), bytes);
      this.#at = 0;
      return;
    }
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A whole number beyond 2^53 is a float here: integers of that size are bigints. */
  #number(value: number): void {
    if (!Number.isSafeInteger(value)) return this.#float(value);
    if (value >= 0) {
      if (value < 0x80) this.#u8(value);
      else if (value < 0x100) this.#head(0xcc, 1, value);
      else if (value < 0x10000) this.#head(0xcd, 2, value);
      else if (value < 0x100000000) this.#head(0xce, 4, value);
      else this.#int64(0xcf, BigInt(value));
    } else if (value >= -0x20) this.#u8(value & 0xff);
    else if (value >= -0x80) this.#head(0xd0, 1, value & 0xff);
    else if (value >= -0x8000) this.#head(0xd1, 2, value & 0xffff);
    else if (value >= -0x80000000) this.#head(0xd2, 4, value >>> 0);
    else this.#int64(0xd3, BigInt(value));
  }

  #float(value: number): void {
    this.#reserve(9);
    this.#bytes[this.#at] = 0xcb;
    this.#view.setFloat64(this.#at + 1, value);
    this.#at += 9;
  }

  #int64(type: number, value: bigint): void {
    this.#reserve(9);
    this.#bytes[this.#at] = type;
    this.#view.setBigUint64(this.#at + 1, BigInt.asUintN(64, value));
    this.#at += 9;
  }

  /** What 64 bits cannot hold goes as decimal text, as Salt does with jids. */
  #bigint(value: bigint): void {
    if (value < MIN_INT64 || value > MAX_UINT64) return this.#text(value.toString());
    const small = Number(value);
    if (Number.isSafeInteger(small)) return this.#number(small);
    this.#int64(value < 0n ? 0xd3 : 0xcf, value);
  }

  #date(value: Date): void {
    const text = utf8.encode(formatDateTime(value));
    this.#head(0xc7, 1, text.length);
    this.#u8(EXT_DATETIME);
    this.#copy(text);
  }
}

const writer = new Writer();

/**
 * Packs for the network: text and bytes share the old raw types, so that every Salt reads it and a
 * peer that packs again gets the same bytes. Throws TypeError for what is not {@linkcode Data}.
 * (`salt/payload.py:dumps`)
 */
export function packWire(value: Data): Uint8Array {
  return writer.pack(value, false);
}

/** {@linkcode packWire} in parts, of which large bytes of `value` are the very ones that it holds. */
export function packWireParts(value: Data): Uint8Array[] {
  return writer.packParts(value);
}

/** What stands in front of `length` bytes in {@linkcode packWire}. */
export function wireBytesHead(length: number): Uint8Array {
  if (length < 32) return Uint8Array.of(0xa0 | length);
  const head = new Uint8Array(length < 0x10000 ? 3 : 5);
  const view = new DataView(head.buffer);
  view.setUint8(0, length < 0x10000 ? 0xda : 0xdb);
  if (length < 0x10000) view.setUint16(1, length);
  else view.setUint32(1, length);
  return head;
}

/** Packs for files and local sockets: bytes stay apart from text. (`dumps(use_bin_type=True)`) */
export function packLocal(value: Data): Uint8Array {
  return writer.pack(value, true);
}
