/**
 * Session keys of version 3 minions, derived instead of stored.
 *
 * Salt keeps a file per minion (`<cachedir>/sessions/<id>`). Here every worker works the same key out
 * from one secret, the minion's id, its accepted public key and the time: nothing to share, nothing
 * to clean up, and another key for the same id has another session.
 * (`salt/channel/server.py:ReqServerChannel.session_key`)
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, hkdfSync } from "node:crypto";

/** Bytes of key material in a Salt key string: AES-192, then HMAC-SHA256. */
const KEY_BYTES = 24 + 32;

/** Derives and remembers; `lifetime` is `publish_session`, in seconds. */
export class SessionKeys {
  readonly #secret: Uint8Array;
  readonly #lifetime: number;
  readonly #now: () => number;

  constructor(secret: Uint8Array, lifetime: number, now: () => number = Date.now) {
    this.#secret = secret;
    this.#lifetime = Math.max(60, lifetime);
    this.#now = now;
  }

  /** The key string of 76 characters for a sign-in that happens now. */
  current(id: string, publicKey: string): string {
    return this.#derive(id, publicKey, this.#epoch(id));
  }

  /** The key strings that a request may use: of now and, for those who signed in before, of the time before. */
  accepted(id: string, publicKey: string): [current: string, previous: string] {
    const epoch = this.#epoch(id);
    return [this.#derive(id, publicKey, epoch), this.#derive(id, publicKey, epoch - 1)];
  }

  /** A number that changes when the keys of `id` do. */
  epoch(id: string): number {
    return this.#epoch(id);
  }

  /** Each id turns at its own moment: a whole fleet would otherwise sign in again at once. */
  #epoch(id: string): number {
    const offset = createHash("sha256").update(id).digest().readUInt32LE(0) % this.#lifetime;
    return Math.floor((this.#now() / 1000 + offset) / this.#lifetime);
  }

  #derive(id: string, publicKey: string, epoch: number): string {
    const info = `saltx session\0${id}\0${epoch}\0${publicKey.replaceAll(/\s/g, "")}`;
    const salt = new Uint8Array(0);
    return Buffer.from(
      hkdfSync("sha256", this.#secret, salt, createHash("sha256").update(info).digest(), KEY_BYTES),
    )
      .toString("base64");
  }
}
