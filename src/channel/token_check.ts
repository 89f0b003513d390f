/**
 * Whether a `tok` was made by a minion's accepted key.
 * @module
 */
import { timingSafeEqual } from "node:crypto";
import { recoverX931 } from "../crypt/mod.ts";

/** What every token says. (`salt/crypt.py:AsyncAuth.gen_token`) */
const TEXT = new TextEncoder().encode("salt");

/** Proven tokens kept; beyond it the memory starts anew. */
const MAX_KNOWN = 50_000;

/** A token never changes during a key's life: the RSA work is done once for each. */
export class TokenCheck {
  readonly #acceptedKey: (id: string) => string | null;
  readonly #known = new Map<string, { key: string; token: Uint8Array }>();

  constructor(acceptedKey: (id: string) => string | null) {
    this.#acceptedKey = acceptedKey;
  }

  holds(id: string, token: Uint8Array): boolean {
    const key = this.#acceptedKey(id);
    if (key === null) return false;
    const known = this.#known.get(id);
    if (known && known.key === key && same(known.token, token)) return true;
    try {
      if (!same(recoverX931(key, token), TEXT)) return false;
    } catch {
      return false;
    }
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(id, { key, token: token.slice() });
    return true;
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
