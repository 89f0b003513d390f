/**
 * Ready-made ciphers of the minions that talk now.
 * @module
 */
import { Crypticle } from "../crypt/mod.ts";
import type { SessionKeys } from "./session_keys.ts";

/** Minions whose ciphers are kept; beyond it the memory starts anew. */
const MAX_KEPT = 50_000;

/** Ciphers by id, made anew when the accepted key or the time's key changes. */
export class SessionCrypticles {
  readonly #acceptedKey: (id: string) => string | null;
  readonly #keys: SessionKeys;
  readonly #kept = new Map<string, { key: string; epoch: number; crypticles: Crypticle[] }>();

  constructor(acceptedKey: (id: string) => string | null, keys: SessionKeys) {
    this.#acceptedKey = acceptedKey;
    this.#keys = keys;
  }

  /** The ciphers that a request of `id` may be under, the likely one first; none without an accepted key. */
  of(id: string): readonly Crypticle[] {
    const key = this.#acceptedKey(id);
    if (key === null) return [];
    const epoch = this.#keys.epoch(id);
    const kept = this.#kept.get(id);
    if (kept && kept.key === key && kept.epoch === epoch) return kept.crypticles;
    const crypticles = this.#keys.accepted(id, key).map((text) => new Crypticle(text));
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(id, { key, epoch, crypticles });
    return crypticles;
  }
}
