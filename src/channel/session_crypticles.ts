/**
 * Ready-made ciphers of the minions that talk now.
 * @module
 */
import { Crypticle } from "../crypt/mod.ts";
import type { SessionKeys } from "./session_keys.ts";

/** Minions whose ciphers are kept; beyond it the memory starts anew. */
const MAX_KEPT = 50_000;

interface Kept {
  key: string;
  offset: number;
  epoch: number;
  /** Of the time now, and of the time before: made when the first does not open a request. */
  crypticles: [Crypticle] | [Crypticle, Crypticle];
}

/** Ciphers by id, made anew when the accepted key or the time's key changes. */
export class SessionCrypticles {
  readonly #acceptedKey: (id: string) => string | null;
  readonly #keys: SessionKeys;
  readonly #kept = new Map<string, Kept>();

  constructor(acceptedKey: (id: string) => string | null, keys: SessionKeys) {
    this.#acceptedKey = acceptedKey;
    this.#keys = keys;
  }

  /** The ciphers that a request of `id` may be under, the likely one first; none without an accepted key. */
  *of(id: string): Generator<Crypticle, void> {
    const kept = this.#current(id);
    if (kept === null) return;
    yield kept.crypticles[0];
    kept.crypticles[1] ??= new Crypticle(this.#keys.previous(id, kept.key));
    yield kept.crypticles[1];
  }

  #current(id: string): Kept | null {
    const key = this.#acceptedKey(id);
    if (key === null) return null;
    const known = this.#kept.get(id);
    const offset = known?.offset ?? this.#keys.offset(id);
    const epoch = this.#keys.epoch(offset);
    if (known && known.key === key && known.epoch === epoch) return known;
    const crypticles: Kept["crypticles"] = [new Crypticle(this.#keys.current(id, key))];
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    const kept: Kept = { key, offset, epoch, crypticles };
    this.#kept.set(id, kept);
    return kept;
  }
}
