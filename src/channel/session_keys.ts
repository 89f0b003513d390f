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
    return this.#derive(id, publicKey, this.#epochOf(id));
  }

  /** That of the time before, which those who signed in then may still use. */
  previous(id: string, publicKey: string): string {
    return this.#derive(id, publicKey, this.#epochOf(id) - 1);
  }

  /**
   * Seconds by which the keys of `id` turn before those of others: a whole fleet would otherwise sign in
   * again at once.
   */
  offset(id: string): number {
    return createHash("sha256").update(id).digest().readUInt32LE(0) % this.#lifetime;
  }

  /** A number that changes when the keys of those with this {@linkcode offset} do. */
  epoch(offset: number): number {
    return Math.floor((this.#now() / 1000 + offset) / this.#lifetime);
  }

  #epochOf(id: string): number {
    return this.epoch(this.offset(id));
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
