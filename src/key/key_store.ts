/**
 * What a master knows of minions' public keys, and what it may do with them.
 *
 * The interface names no storage: the files of Salt's pki folder fulfil it ({@linkcode PkiKeyStore}).
 * Every method but one is synchronous, and all are safe to call from many threads and processes at once.
 * @module
 */
import type { DataMap, KeyState, MinionId } from "../types/mod.ts";

/** Ids by state, each list sorted without regard to case. */
export type KeyListing = Record<KeyState, string[]>;

/** A key by where it stands. An id can stand in more than one place: accepted, and another key denied. */
export interface KeyRef {
  state: KeyState;
  id: string;
}

/** What an operator can do with a key. */
export type KeyAction = "accept" | "reject" | "delete";

/** What became of one key of a {@linkcode KeyStore.change}. */
export interface KeyChange extends KeyRef {
  /**
   * `done`; `gone`: another process moved or removed it first; `invalid`: not a usable public key, so
   * it was not accepted; `taken`: not accepted either, since another key of that id is.
   */
  outcome: "done" | "gone" | "invalid" | "taken";
}

/** What the master knows when a key is offered. */
export interface OfferFacts {
  /** `autosign_grains` of the request. */
  autosignGrains?: DataMap;
  /** The transport has proven the id by a key of its own that is accepted. */
  vouched?: boolean;
  /** Ids with a live connection, for `max_minions`. Not asked unless that is set. */
  connected?(): { readonly size: number; has(id: string): boolean };
}

/**
 * The master's answer to an offered key.
 *
 * `act` is what the `salt/auth` event says (absent for a plain refusal), `result` its result.
 * Unless `act` is `accept`, `ret` is the answer that the minion gets: true is "wait", false "refused".
 * (`salt/channel/server.py:ReqServerChannel._auth`)
 */
export interface Verdict {
  act?: "accept" | "pend" | "reject" | "denied" | "full";
  result: boolean;
  ret: boolean | "full";
  /** Why, for the log. */
  reason: string;
}

/** The public keys of the minions. */
export interface KeyStore {
  /** Makes the folders with their permissions. Throws SaltException when it cannot. */
  prepare(): void;
  /** All ids by state. Throws SaltException when the store cannot be read; a missing folder is empty. */
  list(): KeyListing;
  /** Ids in one state, unsorted: the fast way when order does not matter. */
  ids(state: KeyState): string[];
  /** Where the key that counts stands: rejected before accepted before pending before denied. */
  stateOf(id: string): KeyState | null;
  /** The public PEM as stored; null when there is none. */
  read(state: KeyState, id: string): string | null;
  /**
   * The key that `id` may be authenticated with, null when none is accepted. From memory, but never
   * stale: sees what another process did before the call. A denied key is never given.
   */
  acceptedKey(id: string): string | null;
  /**
   * Puts a key that would be new here on the disk ahead of {@linkcode offer}, which then has but to give
   * it its name. For those who have several offers at hand. Null when there is nothing to wait for.
   */
  prepareOffer(id: string, pub: string): Promise<void> | null;
  /** Decides on a key offered by a minion, and files it. Never throws for what the peer sent. */
  offer(id: string, pub: string, facts?: OfferFacts): Verdict;
  /**
   * Moves or removes keys, each from where it is said to stand. What others do meanwhile is not
   * undone: a key that is no longer there is `gone`. Only a denied key replaces an accepted one.
   * @throws SaltException when the disk is full, permission is missing … ; its `changes` property
   * says what was done before (see {@linkcode KeyChangeError}).
   */
  change(action: KeyAction, keys: readonly KeyRef[]): KeyChange[];
  /** Files `pub` as accepted for `id`, replacing what was accepted; for provisioning. */
  insert(id: MinionId, pub: string): void;
}
