/**
 * One view of a fleet's keys of both kinds: what an operator decides counts for the RSA and the RAET
 * key of an id alike.
 * @module
 */
import { pemFinger, textFinger } from "../crypt/mod.ts";
import type { KeyState, MinionId } from "../types/mod.ts";
import type {
  KeyAction,
  KeyChange,
  KeyListing,
  KeyRef,
  KeyStore,
  OfferFacts,
  Verdict,
} from "./key_store.ts";
import { listingOf } from "./listing.ts";
import type { KeyStoreOptions } from "./options.ts";
import { PkiKeyStore } from "./pki_key_store.ts";
import { RaetKeyStore } from "./raet_keys.ts";
import { DECIDING_ORDER } from "./states.ts";
import { Withdrawals } from "./withdrawals.ts";

const RAET_BEGIN = "-----BEGIN RAET KEYS-----";
const RAET_END = "-----END RAET KEYS-----";

/** The fingerprint of a text that {@linkcode EstateKeyStore.read} gave. */
export function keyFinger(text: string, hashType: string): string {
  if (!text.startsWith(RAET_BEGIN)) return pemFinger(text, hashType);
  // As historic RAET has it: the two lines without the end of the second.
  return textFinger(text.slice(RAET_BEGIN.length, -RAET_END.length - 1).trim(), hashType);
}

/** RSA keys, and RAET keys where there are any. */
export class EstateKeyStore implements KeyStore {
  readonly #rsa: PkiKeyStore;
  readonly #raet: RaetKeyStore;
  readonly #withdrawals: Withdrawals;

  constructor(options: KeyStoreOptions) {
    this.#rsa = new PkiKeyStore(options);
    this.#raet = new RaetKeyStore(options);
    this.#withdrawals = new Withdrawals(options.pki_dir);
  }

  prepare(): void {
    this.#rsa.prepare();
  }

  list(): KeyListing {
    return listingOf((state) => this.ids(state));
  }

  ids(state: KeyState): string[] {
    const [rsa, raet] = [this.#rsa.ids(state), this.#raet.ids(state)];
    return raet.length === 0 ? rsa : [...new Set([...rsa, ...raet])];
  }

  stateOf(id: string): KeyState | null {
    return this.#rsa.stateOf(id) ??
      DECIDING_ORDER.find((state) => this.#raet.read(state, id) !== null) ?? null;
  }

  /** The RSA key; for an id that has but a RAET key, that one in lines between two marks. */
  read(state: KeyState, id: string): string | null {
    return this.#rsa.read(state, id) ?? this.#raetText(state, id);
  }

  /** All keys of an id under names to show: the id alone, and `<id> (raet)` beside an RSA key. */
  readAll(state: KeyState, id: string): [name: string, text: string][] {
    const [pem, raet] = [this.#rsa.read(state, id), this.#raetText(state, id)];
    const found: [string, string | null][] = [[id, pem], [
      pem === null ? id : `${id} (raet)`,
      raet,
    ]];
    return found.filter((entry): entry is [string, string] => entry[1] !== null);
  }

  #raetText(state: KeyState, id: string): string | null {
    const keys = this.#raet.read(state, id);
    if (keys === null) return null;
    const hex = (bytes: Uint8Array) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0"));
    const lines = [`pub: ${hex(keys.pub).join("")}`, `verify: ${hex(keys.verify).join("")}`];
    return [RAET_BEGIN, ...lines, RAET_END, ""].join("\n");
  }

  acceptedKey(id: string): string | null {
    return this.#rsa.acceptedKey(id);
  }

  prepareOffer(id: string, pub: string): Promise<void> | null {
    return this.#rsa.prepareOffer(id, pub);
  }

  offer(id: string, pub: string, facts?: OfferFacts): Verdict {
    return this.#rsa.offer(id, pub, facts);
  }

  change(action: KeyAction, keys: readonly KeyRef[]): KeyChange[] {
    for (const { state, id } of keys) {
      if (action === "delete" && state === "accepted") this.#withdrawals.note(id);
      else if (action === "accept") this.#withdrawals.clear(id);
    }
    const raet = keys.map(({ state, id }) => this.#raet.change(action, state, id));
    const changes = this.#rsa.change(action, keys);
    return changes.map((change, i) =>
      raet[i] && change.outcome === "gone" ? { ...change, outcome: "done" } : change
    );
  }

  insert(id: MinionId, pub: string): void {
    this.#withdrawals.clear(id);
    this.#rsa.insert(id, pub);
  }
}
