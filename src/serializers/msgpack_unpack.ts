/**
 * Reads msgpack by Salt's rule: what is valid UTF-8 is text, the rest stays bytes. Input is a
 * peer's, so depth, number of values and every length are bounded before anything is allocated.
 * (`salt/payload.py:loads`, `salt/transport/frame.py:decode_embedded_strs`)
 * @module
 */
import { Buffer, isUtf8 } from "node:buffer";
import { SaltDeserializationError } from "../errors.ts";
import { Float } from "../types/mod.ts";
import type { Data, DataMap } from "../types/mod.ts";
import { EXT_CONSTANT, EXT_DATETIME, parseDateTime } from "./msgpack_ext.ts";
import { MAX_DEPTH } from "./msgpack_pack.ts";

/** How to read. */
export interface UnpackOptions {
  /** Values that are text or bytes stay bytes; map keys are still text. (`loads(raw=True)`) */
  raw?: boolean;
  /** Bytes packed as such stay bytes even if they are valid UTF-8; for {@linkcode packLocal} data. */
  keepBinary?: boolean;
  /** Bytes are views of the input, not copies: for input that nobody else uses. */
  share?: boolean;
  /** How many values, those within others counted, there may be. */
  maxValues?: number;
}

/** Bounds the memory that one message can claim: an empty map takes 1 byte here and 56 in memory. */
const MAX_VALUES = 2_000_000;

/** Bytes that follow the type bytes 0xc0 to 0xd8; undefined where a length does. */
const SIZES: readonly (number | undefined)[] = [
  ...[0, undefined, 0, 0, undefined, undefined, undefined, undefined, undefined, undefined],
  ...[4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17],
];

function bad(what: string): SaltDeserializationError {
  return new SaltDeserializationError(`Bad msgpack: ${what}`);
}

class Reader {
  #bytes: Uint8Array;
  #buffer: Buffer;
  #view: DataView;
  #at = 0;
  #left: number;
  #raw: boolean;
  #keepBinary: boolean;
  #share: boolean;

  constructor(bytes: Uint8Array, options: UnpackOptions) {
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#left = options.maxValues ?? MAX_VALUES;
    this.#raw = options.raw ?? false;
    this.#keepBinary = options.keepBinary ?? false;
    this.#share = options.share ?? false;
  }

  whole(): Data {
    const value = this.#value(0);
    if (this.#at !== this.#bytes.length) throw bad("data after the value");
    return value;
  }

  /** See {@linkcode unpackEntries}. */
  entries(wanted: ReadonlySet<string>, maxBytes: number): DataMap | null {
    const count = this.#mapHead();
    if (count === null) return null;
    const map: DataMap = {};
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      if (!wanted.has(key)) {
        this.#skip();
        continue;
      }
      const start = this.#at;
      const value = this.#value(1);
      if (this.#at - start > maxBytes) return null;
      if (key === "__proto__") defineEntry(map, key, value);
      else map[key] = value;
    }
    return map;
  }

  #mapHead(): number | null {
    const type = this.#u8();
    if (type >= 0x80 && type < 0x90) return type & 0x0f;
    return type === 0xde ? this.#u16() : type === 0xdf ? this.#u32() : null;
  }

  /** Passes over a value with all that is in it. */
  #skip(): void {
    for (let left = 1; left > 0; left--) {
      const type = this.#u8();
      if (type < 0x80 || type >= 0xe0) continue;
      if (type < 0x90) left += 2 * (type & 0x0f);
      else if (type < 0xa0) left += type & 0x0f;
      else if (type < 0xc0) this.#take(type & 0x1f);
      else left += this.#skipTyped(type);
    }
  }

  /** Passes over a value that {@linkcode SIZES} describes. Returns how many follow within it. */
  #skipTyped(type: number): number {
    const size = SIZES[type - 0xc0];
    if (size !== undefined) {
      this.#take(size);
      return 0;
    }
    if (type >= 0xde) return 2 * (type === 0xde ? this.#u16() : this.#u32());
    if (type >= 0xdc) return type === 0xdc ? this.#u16() : this.#u32();
    const wide = type === 0xc4 || type === 0xc7 || type === 0xd9
      ? this.#u8()
      : type === 0xc5 || type === 0xc8 || type === 0xda
      ? this.#u16()
      : type === 0xc1
      ? this.#number(type) as number
      : this.#u32();
    // An extension has its type in front.
    this.#take(type >= 0xc7 && type <= 0xc9 ? wide + 1 : wide);
    return 0;
  }

  /** Moves on by `count` bytes and tells where they start. */
  #take(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) throw bad("cut short");
    this.#at = start + count;
    return start;
  }

  #u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }
  #u16(): number {
    return this.#view.getUint16(this.#take(2));
  }
  #u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  #value(depth: number): Data {
    if (--this.#left < 0) throw bad("too many values");
    const type = this.#u8();
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f, depth);
    if (type < 0xa0) return this.#list(type & 0x0f, depth);
    if (type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    return this.#byType(type, depth);
  }

  #byType(type: number, depth: number): Data {
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#binary(this.#u8());
      case 0xc5:
        return this.#binary(this.#u16());
      case 0xc6:
        return this.#binary(this.#u32());
      case 0xc7:
        return this.#extension(this.#u8(), depth);
      case 0xc8:
        return this.#extension(this.#u16(), depth);
      case 0xc9:
        return this.#extension(this.#u32(), depth);
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (type - 0xd4), depth);
      case 0xd9:
        return this.#text(this.#u8());
      case 0xda:
        return this.#text(this.#u16());
      case 0xdb:
        return this.#text(this.#u32());
      case 0xdc:
        return this.#list(this.#u16(), depth);
      case 0xdd:
        return this.#list(this.#u32(), depth);
      case 0xde:
        return this.#map(this.#u16(), depth);
      case 0xdf:
        return this.#map(this.#u32(), depth);
      default:
        return this.#number(type);
    }
  }

  #number(type: number): Data {
    switch (type) {
      case 0xca:
        return float(this.#view.getFloat32(this.#take(4)));
      case 0xcb:
        return float(this.#view.getFloat64(this.#take(8)));
      case 0xcc:
        return this.#u8();
      case 0xcd:
        return this.#u16();
      case 0xce:
        return this.#u32();
      case 0xcf:
        return integer(this.#view.getBigUint64(this.#take(8)));
      case 0xd0:
        return this.#view.getInt8(this.#take(1));
      case 0xd1:
        return this.#view.getInt16(this.#take(2));
      case 0xd2:
        return this.#view.getInt32(this.#take(4));
      case 0xd3:
        return integer(this.#view.getBigInt64(this.#take(8)));
      default:
        throw bad(`type byte 0x${type.toString(16)}`);
    }
  }

  #list(count: number, depth: number): Data[] {
    if (depth >= MAX_DEPTH) throw bad(`nested deeper than ${MAX_DEPTH}`);
    if (count > this.#bytes.length - this.#at) throw bad("cut short");
    const list: Data[] = [];
    for (let i = 0; i < count; i++) list.push(this.#value(depth + 1));
    return list;
  }

  #map(count: number, depth: number): DataMap {
    if (depth >= MAX_DEPTH) throw bad(`nested deeper than ${MAX_DEPTH}`);
    if (count * 2 > this.#bytes.length - this.#at) throw bad("cut short");
    const map: DataMap = {};
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      const value = this.#value(depth + 1);
      // Assigning to this name would change the prototype instead of making an entry.
      if (key === "__proto__") defineEntry(map, key, value);
      else map[key] = value;
    }
    return map;
  }

  /** Keys that are not text become the text that Python shows for them. */
  #key(): string {
    const type = this.#bytes[this.#at];
    if (type === undefined) throw bad("cut short");
    if (type >= 0xa0 && type < 0xc0) {
      this.#at++;
      return this.#keyText(type & 0x1f);
    }
    this.#at++;
    switch (type) {
      case 0xd9:
      case 0xc4:
        return this.#keyText(this.#u8());
      case 0xda:
      case 0xc5:
        return this.#keyText(this.#u16());
      case 0xdb:
      case 0xc6:
        return this.#keyText(this.#u32());
    }
    this.#at--;
    const value = this.#value(MAX_DEPTH);
    if (value === null) return "None";
    if (typeof value === "boolean") return value ? "True" : "False";
    if (value instanceof Float) return `${value}.0`;
    return String(value);
  }

  #keyText(length: number): string {
    const start = this.#take(length);
    return this.#ascii(start, length) ?? this.#buffer.toString("utf8", start, start + length);
  }

  /** Most texts on the wire are this; a loop beats the decoder. */
  #ascii(start: number, length: number): string | undefined {
    if (length > 24) return undefined;
    let text = "";
    for (let i = start; i < start + length; i++) {
      const code = this.#bytes[i] as number;
      if (code > 0x7f) return undefined;
      text += String.fromCharCode(code);
    }
    return text;
  }

  #text(length: number): string | Uint8Array {
    const start = this.#take(length);
    if (this.#raw) return this.#part(start, length);
    const short = this.#ascii(start, length);
    if (short !== undefined) return short;
    if (!this.#isText(start, length)) return this.#part(start, length);
    return this.#buffer.toString("utf8", start, start + length);
  }

  /** Looks at the first bytes before all of them: what is large is seldom text, and so seen at once. */
  #isText(start: number, length: number): boolean {
    if (length > 4096) {
      let head = start + 1024;
      // Not in the midst of a character.
      while (head > start + 1020 && ((this.#bytes[head] as number) & 0xc0) === 0x80) head--;
      if (!isUtf8(this.#bytes.subarray(start, head))) return false;
    }
    return isUtf8(this.#bytes.subarray(start, start + length));
  }

  /** Copied: a part must not keep a whole message alive, nor change when its buffer is used again. */
  #part(start: number, length: number): Uint8Array {
    return this.#share
      ? this.#bytes.subarray(start, start + length)
      : this.#bytes.slice(start, start + length);
  }

  #binary(length: number): string | Uint8Array {
    if (!this.#keepBinary) return this.#text(length);
    return this.#part(this.#take(length), length);
  }

  /** A constant reads as its value: saltx has no use for the name. Unknown types read as bytes. */
  #extension(length: number, depth: number): Data {
    const type = this.#u8();
    if (type !== EXT_DATETIME && type !== EXT_CONSTANT) return this.#text(length);
    const start = this.#take(length);
    if (type === EXT_DATETIME) {
      return parseDateTime(this.#buffer.toString("latin1", start, start + length));
    }
    this.#at = start;
    const pair = this.#value(depth + 1);
    if (this.#at !== start + length || !Array.isArray(pair) || pair.length !== 2) {
      throw bad("not a constant");
    }
    return pair[1] as Data;
  }
}

function defineEntry(map: DataMap, key: string, value: Data): void {
  Object.defineProperty(map, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function float(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value;
}

function integer(value: bigint): number | bigint {
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/**
 * Reads one msgpack value that must fill `bytes`. The result shares no memory with the input, unless
 * `share`.
 * Throws SaltDeserializationError, and nothing else, for what is not well-formed or too large.
 */
export function unpack(bytes: Uint8Array, options: UnpackOptions = {}): Data {
  return new Reader(bytes, options).whole();
}

/**
 * Reads entries of one msgpack map by their keys and passes over the others, which is many times faster
 * than reading all. Null when it is no map, or one of those entries has more than `maxBytes`.
 * Throws as {@linkcode unpack} does, as far as it reads; for data that was packed here.
 */
export function unpackEntries(
  bytes: Uint8Array,
  wanted: ReadonlySet<string>,
  maxBytes: number,
): DataMap | null {
  return new Reader(bytes, {}).entries(wanted, maxBytes);
}
