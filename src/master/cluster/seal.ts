/**
 * Seals what a cluster keeps in Redis. Who can read the Redis learns neither pillars nor keys from it,
 * and who can write to it can put no word into a master's mouth: every value is bound to its place.
 *
 * A value is 16 random bytes of the process that wrote it, a counter of 12, AES-256-GCM of msgpack and
 * its tag. The random bytes give each process a key of its own, so that no counter is used twice.
 * @module
 */
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import { packLocal, unpack } from "../../serializers/msgpack.ts";
import type { Data } from "../../types/mod.ts";

const SALT = 16;
const NONCE = 12;
const TAG = 16;

/** Keys of other processes that are remembered. */
const MAX_KEYS = 256;

/** A value could not be opened: another secret sealed it, or it was changed or moved. */
export class SealError extends Error {
  override name = "SealError";
}

/** The secret of a cluster whose masters share one key pair and have no `cluster_secret`. */
export function secretOfPrivateKey(pem: string): Buffer {
  return createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
}

/** Seals and opens with one cluster's secret. */
export class Seal {
  readonly #root: Buffer;
  readonly #salt = randomBytes(SALT);
  readonly #key: Buffer;
  readonly #keys = new Map<string, Buffer>();
  #count = 0n;

  constructor(secret: string | Uint8Array, clusterId: string) {
    this.#root = Buffer.from(hkdfSync("sha256", secret, "saltx cluster", clusterId, 32));
    this.#key = this.#keyOf(this.#salt);
  }

  /** @param place the Redis key and whatever else the value is bound to. */
  close(place: string, value: Data): Buffer {
    const nonce = Buffer.alloc(NONCE);
    nonce.writeBigUInt64BE(this.#count++, NONCE - 8);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce);
    cipher.setAAD(Buffer.from(place));
    const body = Buffer.concat([cipher.update(packLocal(value)), cipher.final()]);
    return Buffer.concat([this.#salt, nonce, body, cipher.getAuthTag()]);
  }

  /** @throws {SealError} */
  open(place: string, bytes: Uint8Array): Data {
    const sealed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (sealed.length < SALT + NONCE + TAG) throw new SealError("it is too short");
    const nonce = sealed.subarray(SALT, SALT + NONCE);
    const decipher = createDecipheriv("aes-256-gcm", this.#keyOf(sealed.subarray(0, SALT)), nonce);
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(sealed.subarray(-TAG));
    try {
      const body = sealed.subarray(SALT + NONCE, -TAG);
      return unpack(Buffer.concat([decipher.update(body), decipher.final()]));
    } catch (cause) {
      throw new SealError("it was sealed with another secret, or changed", { cause });
    }
  }

  #keyOf(salt: Buffer): Buffer {
    const name = salt.toString("latin1");
    const known = this.#keys.get(name);
    if (known) return known;
    if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
    const key = createHmac("sha256", this.#root).update(salt).digest();
    this.#keys.set(name, key);
    return key;
  }
}
