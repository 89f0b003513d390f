/**
 * Salt's session cipher: AES-CBC with HMAC-SHA256, one key string for both. (`salt/crypt.py:Crypticle`)
 *
 * Message = IV (16) ‖ ciphertext ‖ HMAC (32) over both before it. Plaintext = `pickle::`, in replies 32
 * bytes of nonce, then msgpack.
 * @module
 */
import { Buffer } from "node:buffer";
import {
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { AuthenticationError, SaltClientError, SaltDeserializationError } from "../errors.ts";
import { runtime } from "../runtime/mod.ts";
import { packWireParts, unpack, wireBytesHead } from "../serializers/msgpack.ts";
import { type Data, isMap } from "../types/mod.ts";

const MARKER = Buffer.from("pickle::", "latin1");
const IV_BYTES = 16;
const MAC_BYTES = 32;
const NONCE_BYTES = 32;
const AES_BYTES = 24;
const KEY_BYTES = 56;

/** How to read a message. */
export interface LoadsOptions {
  /** The nonce that must stand in front of the value. */
  nonce?: string;
  /** Text stays bytes (see `unpack`). */
  raw?: boolean;
}

/** Encrypts and decrypts under one key. Keeps no state between messages: see {@linkcode SerialGuard}. */
export class Crypticle {
  readonly #aesKey: Uint8Array;
  readonly #macKey: KeyObject;

  /** `keyText`: base64 of a 16, 24 or 32 byte AES key and a 32-byte HMAC key. Throws AuthenticationError. */
  constructor(keyText: string) {
    const key = Buffer.from(keyText.trim(), "base64");
    const aesBytes = key.length - 32;
    if (aesBytes !== 16 && aesBytes !== AES_BYTES && aesBytes !== 32) {
      throw new AuthenticationError("Not a session key: its length is wrong");
    }
    this.#aesKey = Uint8Array.prototype.slice.call(key, 0, aesBytes);
    this.#macKey = createSecretKey(key.subarray(aesBytes));
  }

  /** A fresh random key: base64 of 24 AES and 32 HMAC bytes, 76 characters. */
  static generateKeyString(): string {
    return randomBytes(KEY_BYTES).toString("base64");
  }

  /** Encrypts a value, with the asker's nonce in front of it when it is a reply. */
  dumps(value: Data, nonce?: string): Uint8Array {
    return this.#seal(plainParts(value, nonce), freshIv(), false);
  }

  /** {@linkcode Crypticle.dumps} as a packed value, which is what a reply is, without copying it. */
  dumpsPacked(value: Data, nonce?: string): Uint8Array {
    return this.#seal(plainParts(value, nonce), freshIv(), true);
  }

  /**
   * Decrypts a value. Throws AuthenticationError when the MAC does not hold, SaltClientError when the
   * nonce is another, SaltDeserializationError for broken msgpack. As in Salt, what was encrypted
   * without the marker reads as an empty map.
   */
  loads(message: Uint8Array, options: LoadsOptions = {}): Data {
    const plaintext = this.decrypt(message);
    if (!startsWith(plaintext, MARKER)) return {};
    let start = MARKER.length;
    if (options.nonce !== undefined) {
      const nonce = plaintext.subarray(start, start + NONCE_BYTES);
      if (!sameBytes(nonce, Buffer.from(options.nonce, "latin1"))) {
        throw new SaltClientError("Nonce verification error");
      }
      start += NONCE_BYTES;
    }
    return unpack(plaintext.subarray(start), options.raw ? { raw: true, share: true } : {});
  }

  /** {@linkcode Crypticle.loads} for a peer's message: undefined when it is not a value under this key. */
  tryLoads(message: Uint8Array): Data | undefined {
    try {
      return this.loads(message);
    } catch (error) {
      if (error instanceof AuthenticationError) return undefined;
      if (error instanceof SaltDeserializationError) return undefined;
      throw error;
    }
  }

  /** Encrypts bytes. */
  encrypt(plaintext: Uint8Array): Uint8Array {
    return this.encryptWithIv(plaintext, freshIv());
  }

  /** {@linkcode Crypticle.encrypt} with a given IV; an IV must never be used twice: for tests alone. */
  encryptWithIv(plaintext: Uint8Array, iv: Uint8Array): Uint8Array {
    return this.#seal([plaintext], iv, false);
  }

  /** A message, or with `packed` what msgpack makes of it. */
  #seal(parts: readonly Uint8Array[], iv: Uint8Array, packed: boolean): Uint8Array {
    const plain = parts.reduce((sum, { length }) => sum + length, 0);
    // The padding is 1 to 16 bytes.
    const length = IV_BYTES + plain - plain % IV_BYTES + IV_BYTES + MAC_BYTES;
    const head = packed ? wireBytesHead(length) : new Uint8Array();
    const message = new Uint8Array(Buffer.allocUnsafeSlow(head.length + length).buffer);
    message.set(head, 0);
    message.set(iv, head.length);
    let at = head.length + IV_BYTES;
    for (const piece of runtime.aesCbcEncrypt(this.#aesKey, iv, parts)) {
      message.set(piece, at);
      at += piece.length;
    }
    message.set(this.#mac(message.subarray(head.length, at)), at);
    return message;
  }

  /** Checks and decrypts bytes. Throws AuthenticationError. */
  decrypt(message: Uint8Array): Uint8Array {
    const end = message.length - MAC_BYTES;
    if (end < IV_BYTES * 2 || end % IV_BYTES !== 0) throw notAuthentic();
    if (!timingSafeEqual(this.#mac(message.subarray(0, end)), message.subarray(end))) {
      throw notAuthentic();
    }
    try {
      return runtime.aesCbcDecrypt(
        this.#aesKey,
        message.subarray(0, IV_BYTES),
        message.subarray(IV_BYTES, end),
      );
    } catch {
      throw notAuthentic();
    }
  }

  #mac(data: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#macKey).update(data).digest();
  }
}

/** Random bytes for the next IVs: asking for each one alone takes as long as encrypting does. */
let ivs = new Uint8Array();
let ivsUsed = 0;

function freshIv(): Uint8Array {
  if (ivsUsed === ivs.length) {
    ivs = randomBytes(IV_BYTES * 256);
    ivsUsed = 0;
  }
  return ivs.subarray(ivsUsed, ivsUsed += IV_BYTES);
}

function plainParts(value: Data, nonce: string | undefined): Uint8Array[] {
  const front = nonce === undefined ? [MARKER] : [MARKER, Buffer.from(nonce, "latin1")];
  const [head = new Uint8Array(), ...large] = packWireParts(value);
  return [Buffer.concat([...front, head]), ...large];
}

function notAuthentic(): AuthenticationError {
  return new AuthenticationError("message authentication failed");
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && sameBytes(bytes.subarray(0, prefix.length), prefix);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Salt's rule against repeated publications: each carries a `serial` that must rise. Belongs to one
 * key; make another with another key. (`salt/crypt.py:Crypticle.loads`)
 */
export class SerialGuard {
  #last: number;

  constructor(last: number = 0) {
    this.#last = last;
  }

  /** Takes `serial` out of a map and remembers it. False: it did not rise, so the message is an old one. */
  accept(value: Data): boolean {
    if (!isMap(value) || !Object.hasOwn(value, "serial")) return true;
    const serial = Number(value["serial"]);
    delete value["serial"];
    if (!(serial > this.#last)) return false;
    this.#last = serial;
    return true;
  }
}
