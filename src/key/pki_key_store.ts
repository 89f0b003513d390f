/**
 * The key store in the files of Salt's pki folder.
 *
 * No locks: a new key gets its name by a hard link (which fails when the name is taken), a decision of
 * an operator is a rename, and an offer that lost a race is decided again on what is there now.
 * @module
 */
import { join } from "node:path";
import { SaltException } from "../errors.ts";
import { ensureDir } from "../fs/mod.ts";
import { getLogger, type Logger } from "../logging/mod.ts";
import { isValidMinionId } from "../text/minion_id.ts";
import type { KeyState, MinionId } from "../types/mod.ts";
import { AutoKey } from "./auto_key.ts";
import { FileCache } from "./file_cache.ts";
import {
  createKeyFile,
  ensurePkiFolder,
  isFile,
  listKeyFiles,
  MAX_KEY_BYTES,
  moveKeyFile,
  readKeyFile,
  removeKeyFile,
  removeLitter,
  replaceKeyFile,
  syncFolder,
  writeAhead,
} from "./key_files.ts";
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
import { isPublicKey } from "./public_key.ts";
import { AUTOSIGN_FOLDER, DECIDING_ORDER, KEY_STATES, STATE_FOLDERS } from "./states.ts";
import { decide, type Filing, sameKey, type VerdictFacts } from "./verdict.ts";
import { Withdrawals } from "./withdrawals.ts";

/** How often an offer is decided anew when others change the same id meanwhile. */
const MAX_ROUNDS = 16;

/** Accepted keys kept in memory, of some 500 bytes each. */
const MAX_CACHED_KEYS = 20_000;

/** What tests and other transports may replace. */
export interface PkiKeyStoreParts {
  log?: Logger;
  now?: () => number;
  /** Whether an offered text is a key of this transport; RSA in PEM when absent. */
  isUsable?: (pub: string) => boolean;
}

/** A change that stopped half way; `changes` says what was done before. */
export class KeyChangeError extends SaltException {
  override name = "KeyChangeError";
  readonly changes: KeyChange[];
  constructor(cause: SaltException, changes: KeyChange[]) {
    super(cause.message, { cause, exitCode: cause.exitCode });
    this.changes = changes;
  }
}

/** {@linkcode KeyStore} over `minions`, `minions_pre`, `minions_rejected`, `minions_denied` and `minions_autosign`. */
export class PkiKeyStore implements KeyStore {
  readonly #options: KeyStoreOptions;
  readonly #folders: Record<KeyState, string>;
  readonly #autoKey: AutoKey;
  readonly #keyTexts: FileCache<string>;
  readonly #listings: FileCache<string[]>;
  readonly #withdrawals: Withdrawals;
  readonly #isUsable: (pub: string) => boolean;
  /** Files that wait for their offer, by id and key; null while they are being written. */
  readonly #prepared = new Map<string, string | null>();
  readonly #now: () => number;

  constructor(options: KeyStoreOptions, parts: PkiKeyStoreParts = {}) {
    this.#options = options;
    const folder = (state: KeyState) => join(options.pki_dir, STATE_FOLDERS[state]);
    this.#folders = {
      accepted: folder("accepted"),
      pending: folder("pending"),
      rejected: folder("rejected"),
      denied: folder("denied"),
    };
    this.#now = parts.now ?? Date.now;
    this.#withdrawals = new Withdrawals(options.pki_dir);
    this.#autoKey = new AutoKey(options, parts.log ?? getLogger("saltx.key"), this.#now);
    this.#keyTexts = new FileCache(readKeyFile, MAX_CACHED_KEYS, this.#now);
    this.#listings = new FileCache(listKeyFiles, KEY_STATES.length, this.#now);
    this.#isUsable = parts.isUsable ?? isPublicKey;
  }

  prepare(): void {
    const names = [...Object.values(STATE_FOLDERS), AUTOSIGN_FOLDER];
    ensurePkiFolder(this.#options.pki_dir, this.#options.permissive_pki_access ?? false);
    for (const name of names) ensureDir(join(this.#options.pki_dir, name));
    for (const folder of Object.values(this.#folders)) removeLitter(folder, this.#now());
  }

  list(): KeyListing {
    return listingOf((state) => this.ids(state));
  }

  ids(state: KeyState): string[] {
    return this.#listings.get(this.#folders[state])?.slice() ?? [];
  }

  stateOf(id: string): KeyState | null {
    if (!isValidMinionId(id)) return null;
    return DECIDING_ORDER.find((state) => isFile(this.#path(state, id))) ?? null;
  }

  read(state: KeyState, id: string): string | null {
    return isValidMinionId(id) ? readKeyFile(this.#path(state, id)) : null;
  }

  acceptedKey(id: string): string | null {
    return isValidMinionId(id) ? this.#keyTexts.get(this.#path("accepted", id)) : null;
  }

  prepareOffer(id: string, pub: string): Promise<void> | null {
    if (!isValidMinionId(id) || !this.#usable(pub) || this.#prepared.has(offerName(id, pub))) {
      return null;
    }
    const known = (["accepted", "pending", "rejected"] as const).some((state) =>
      isFile(this.#path(state, id))
    );
    return known ? null : this.#prepare(offerName(id, pub), pub);
  }

  async #prepare(name: string, pub: string): Promise<void> {
    this.#prepared.set(name, null);
    try {
      this.#prepared.set(name, await writeAhead(this.#folders.pending, pub));
    } catch {
      // The offer writes it itself then, and says what is wrong.
      this.#prepared.delete(name);
    }
  }

  offer(id: string, pub: string, facts: OfferFacts = {}): Verdict {
    try {
      return this.#decide(id, pub, facts);
    } finally {
      const unused = this.#takePrepared(id, pub);
      if (unused !== undefined) removeKeyFile(unused);
    }
  }

  /** The file that was written ahead for this offer, once. */
  #takePrepared(id: string, pub: string): string | undefined {
    const temp = this.#prepared.get(offerName(id, pub));
    if (temp === undefined || temp === null) return undefined;
    this.#prepared.delete(offerName(id, pub));
    return temp;
  }

  #usable(pub: string): boolean {
    return pub.length <= MAX_KEY_BYTES && this.#isUsable(pub);
  }

  #decide(id: string, pub: string, facts: OfferFacts): Verdict {
    if (!isValidMinionId(id)) {
      return { result: false, ret: false, reason: "the id is not valid" };
    }
    const usable = this.#usable(pub);
    const autoReject = once(() => this.#autoKey.rejects(id));
    const autoSigns = once(() => this.#autoKey.signs(id, facts.autosignGrains));
    const vouched = () => facts.vouched === true && !this.#withdrawals.has(id);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let byVouch = false;
      const autoSign = () => (byVouch = vouched()) || autoSigns();
      // Read before what it may be moved to: a key on its way is seen at one of the places.
      const pending = readKeyFile(this.#path("pending", id));
      const known: VerdictFacts = {
        usable,
        openMode: this.#options.open_mode ?? false,
        full: this.#isFull(id, facts),
        rejected: isFile(this.#path("rejected", id)),
        accepted: this.acceptedKey(id),
        pending,
        offered: pub,
        autoReject,
        autoSign,
      };
      const { verdict, filing } = decide(known);
      if (!this.#file(filing, id, pub)) continue;
      // Its keys were deleted between the decision and now.
      if (byVouch && filing === "create accepted" && !vouched()) {
        this.#takeBack("accepted", id, pub);
        continue;
      }
      // As in Salt a one-shot permission is gone after a sign-in, needed or not.
      if (verdict.act === "accept" && known.accepted !== null) this.#autoKey.takeOneShot(id);
      return verdict;
    }
    return { result: false, ret: false, reason: "its key files keep changing" };
  }

  change(action: KeyAction, keys: readonly KeyRef[]): KeyChange[] {
    const changes: KeyChange[] = [];
    try {
      for (const key of keys) {
        changes.push({ ...key, outcome: this.#changeOne(action, key) });
      }
    } catch (error) {
      if (!(error instanceof SaltException)) throw error;
      throw new KeyChangeError(error, changes);
    } finally {
      for (const state of KEY_STATES) syncFolder(this.#folders[state]);
    }
    return changes;
  }

  insert(id: MinionId, pub: string): void {
    replaceKeyFile(this.#folders.accepted, id, pub);
  }

  #changeOne(action: KeyAction, { state, id }: KeyRef): KeyChange["outcome"] {
    if (!isValidMinionId(id)) return "gone";
    const from = this.#path(state, id);
    if (action === "delete") return removeKeyFile(from) ? "done" : "gone";
    if (action === "accept") {
      const pub = readKeyFile(from);
      if (pub === null) return isFile(from) ? "invalid" : "gone";
      if (!this.#isUsable(pub)) return "invalid";
      const accepted = readKeyFile(this.#path("accepted", id));
      if (state !== "denied" && accepted !== null && !sameKey(accepted, pub)) return "taken";
    }
    const to = this.#path(action === "accept" ? "accepted" : "rejected", id);
    return moveKeyFile(from, to) ? "done" : "gone";
  }

  /** Does what a decision says. False: others were faster, so it has to be made again. */
  #file(filing: Filing, id: string, pub: string): boolean {
    switch (filing) {
      case "none":
        return true;
      case "create pending":
        return this.#create("pending", id, pub);
      case "create rejected":
        return this.#createFile("rejected", id, pub);
      case "move pending to rejected":
        return moveKeyFile(this.#path("pending", id), this.#path("rejected", id));
      case "write denied":
        if (readKeyFile(this.#path("denied", id)) !== pub) {
          replaceKeyFile(this.#folders.denied, id, pub);
        }
        return true;
      case "create accepted":
        if (!this.#create("accepted", id, pub)) return false;
        removeKeyFile(this.#path("pending", id));
        return true;
      case "overwrite accepted":
        replaceKeyFile(this.#folders.accepted, id, pub);
        return true;
    }
  }

  /**
   * Files a new key, unless meanwhile the id got a state that counts more: an operator may have
   * accepted or rejected another key between the decision and now.
   */
  #create(state: "pending" | "accepted", id: string, pub: string): boolean {
    if (!this.#createFile(state, id, pub)) return false;
    const overruled = isFile(this.#path("rejected", id)) ||
      (state === "pending" && isFile(this.#path("accepted", id)));
    if (!overruled) return true;
    this.#takeBack(state, id, pub);
    return false;
  }

  #takeBack(state: KeyState, id: string, pub: string): void {
    const filed = readKeyFile(this.#path(state, id));
    if (filed !== null && sameKey(filed, pub)) removeKeyFile(this.#path(state, id));
  }

  #createFile(state: KeyState, id: string, pub: string): boolean {
    return createKeyFile(this.#folders[state], id, pub, { ready: this.#takePrepared(id, pub) });
  }

  #isFull(id: string, facts: OfferFacts): boolean {
    const limit = this.#options.max_minions ?? 0;
    if (limit <= 0) return false;
    const connected = facts.connected?.();
    return connected !== undefined && connected.size > limit && !connected.has(id);
  }

  #path(state: KeyState, id: string): string {
    return join(this.#folders[state], id);
  }
}

function offerName(id: string, pub: string): string {
  return `${id}\0${pub}`;
}

function once(ask: () => boolean): () => boolean {
  let answer: boolean | undefined;
  return () => answer ??= ask();
}
