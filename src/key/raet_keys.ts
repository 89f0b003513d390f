/**
 * NaCl keys of RAET in historic RAET's files, beside the RSA ones: `local.key`, the folders
 * `accepted`, `pending`, `rejected` and `denied`, and a minion's `masters`. (docs/raet.md, section 4)
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import nacl from "tweetnacl";
import { SaltException } from "../errors.ts";
import { atomicWriteSync, ensureDir, fileError } from "../fs/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import { isValidMinionId } from "../text/minion_id.ts";
import { isUsablePublic, publicOf } from "../transport/raet/crypto.ts";
import { SourceLimit } from "../transport/raet/limits.ts";
import { type DataMap, isMap, type KeyState } from "../types/mod.ts";
import { AutoKey } from "./auto_key.ts";
import { FolderWatch } from "./folder_watch.ts";
import { MAX_KEY_BYTES, moveKeyFile, removeKeyFile } from "./key_files.ts";
import type { KeyAction } from "./key_store.ts";
import type { KeyStoreOptions } from "./options.ts";
import { Withdrawals } from "./withdrawals.ts";

const log = getLogger("saltx.key");

/** New ids that one source may have waiting for acceptance within an hour. */
const NEW_IDS = 200;
/** ms between readings of all accepted keys. */
const OWNERS_MS = 5000;

/** The key pairs of this host. */
export interface RaetKeys {
  secret: Uint8Array;
  pub: Uint8Array;
  /** Seed and public key of Ed25519. */
  sign: Uint8Array;
  verify: Uint8Array;
}

/** The public keys of a remote. */
export interface RaetPublic {
  pub: Uint8Array;
  verify: Uint8Array;
}

/** Reads `local.key`, or makes it. @throws SaltException naming the file when it cannot be used. */
export function loadRaetKeys(pkiDir: string): RaetKeys {
  const path = join(pkiDir, "local.key");
  ensureDir(pkiDir);
  const fields = readFields(path);
  if (fields !== null) {
    const [secret, sign] = [hexField(fields, "priv"), hexField(fields, "sign")];
    if (secret && sign) return withPublic(secret, sign);
    throw new SaltException(
      `Cannot use "${path}": it has no valid priv and sign. Put back the right file, or remove it ` +
        "and have the new key accepted",
    );
  }
  const made = withPublic(new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32)));
  const content = packLocal({ priv: hexOf(made.secret), sign: hexOf(made.sign) });
  atomicWriteSync(path, content, { mode: 0o400 });
  return made;
}

function withPublic(secret: Uint8Array, sign: Uint8Array): RaetKeys {
  const verify = nacl.sign.keyPair.fromSeed(sign).publicKey;
  return { secret, pub: publicOf(secret), sign, verify };
}

/** Historic RAET's fingerprint of public keys, as pairs of hex digits. */
export function raetFinger({ pub, verify }: RaetPublic, hashType: string): string {
  const text = `pub: ${hexOf(pub)}\nverify: ${hexOf(verify)}`;
  return createHash(hashType).update(text).digest("hex").match(/../g)!.join(":");
}

/** What an RSA key signs to vouch for a master's RAET keys, and for a minion's. */
export function masterVouchText({ pub, verify }: RaetPublic): Uint8Array {
  return Buffer.concat([Buffer.from("RAET/1 master"), pub, verify]);
}

/** See {@linkcode masterVouchText}; bound to one master and one id. */
export function minionVouchText(
  keys: RaetPublic,
  masterPub: Uint8Array,
  id: string,
): Uint8Array {
  return Buffer.concat([
    Buffer.from("RAET/1 minion"),
    keys.pub,
    keys.verify,
    masterPub,
    Buffer.from(id),
  ]);
}

/** A minion's pin of one master. */
export class RaetMasterPin {
  readonly path: string;
  readonly #folder: string;

  constructor(pkiDir: string, host: string, port: number) {
    this.#folder = join(pkiDir, "masters");
    this.path = join(this.#folder, `${host.replaceAll(/[^A-Za-z0-9.-]/g, "_")}_${port}.key`);
  }

  read(): RaetPublic | null {
    return readPublic(this.path);
  }

  keep(keys: RaetPublic): void {
    ensureDir(this.#folder, 0o700);
    atomicWriteSync(this.path, packPublic("master", keys));
  }
}

/** What a master is asked about a key. */
export interface RaetOffer extends RaetPublic {
  id: string;
  /** Where it comes from: an address, or a network of them. */
  source: string;
  autosignGrains: DataMap | undefined;
  /** Whether the accepted RSA key of this id vouches for it. */
  vouched(): boolean;
}

/** The keys of minions, by state. Files count at once, whoever changed them. */
export class RaetKeyStore {
  readonly #options: KeyStoreOptions;
  readonly #maxPending: number;
  readonly #autoKey: AutoKey;
  readonly #sources = new SourceLimit(NEW_IDS / 3600, NEW_IDS);
  /** Ids by accepted public key. */
  readonly #owners = new Map<string, string>();
  readonly #accepted: FolderWatch;
  readonly #withdrawals: Withdrawals;
  #readAt = -Infinity;

  constructor(options: KeyStoreOptions, maxPending = 1000) {
    this.#options = options;
    this.#maxPending = maxPending;
    this.#autoKey = new AutoKey(options, log);
    this.#accepted = new FolderWatch(this.#folder("accepted"));
    this.#withdrawals = new Withdrawals(options.pki_dir);
  }

  ids(state: KeyState): string[] {
    try {
      return readdirSync(this.#folder(state)).filter(isValidMinionId);
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return [];
      throw error;
    }
  }

  read(state: KeyState, id: string): RaetPublic | null {
    return isValidMinionId(id) ? readPublic(this.#path(state, id)) : null;
  }

  /** Whether these very keys stand in that state. */
  has(state: KeyState, id: string, keys: RaetPublic): boolean {
    const known = this.read(state, id);
    return known !== null && samePublic(known, keys);
  }

  /** Decides on an offered key and files it. "busy": too many wait already. */
  offer(offer: RaetOffer): KeyState | "busy" {
    const { id } = offer;
    if (!isValidMinionId(id) || !isUsablePublic(offer.pub)) return "rejected";
    if (this.read("rejected", id)) return "rejected";
    const accepted = this.read("accepted", id);
    if (accepted) {
      if (samePublic(accepted, offer)) return "accepted";
      if (!this.#options.open_mode && !this.#options.raet_mutable) {
        return this.#file("denied", offer);
      }
    }
    if (this.#ownerOf(offer, id) !== null) return this.#file("denied", offer);
    const pending = this.read("pending", id);
    if (pending && !samePublic(pending, offer)) return this.#file("denied", offer);
    if (this.#autoKey.rejects(id)) return this.#settle("rejected", offer);
    const signs = this.#options.open_mode === true ||
      this.#autoKey.signs(id, offer.autosignGrains);
    if (signs) return this.#settle("accepted", offer);
    // Asked in this order, and again: its keys may be being deleted.
    const vouched = () => !this.#withdrawals.has(id) && offer.vouched();
    if (vouched()) {
      const filed = this.#file("accepted", offer);
      if (vouched()) return this.#leavePending(filed, id);
      removeKeyFile(this.#path("accepted", id));
    }
    if (pending) return "pending";
    if (this.ids("pending").length >= this.#maxPending) return "busy";
    if (!this.#sources.take(offer.source, performance.now())) return "busy";
    return this.#file("pending", offer);
  }

  /** The other id that is accepted with this key: two hosts with one key are one too many. */
  #ownerOf(offer: RaetOffer, id: string): string | null {
    const now = performance.now();
    // A fleet that joins changes the folder with every key: it is not read again for each.
    if (now - this.#readAt >= OWNERS_MS && this.#accepted.changed()) {
      this.#readAt = now;
      this.#owners.clear();
      for (const other of this.ids("accepted")) {
        const keys = this.read("accepted", other);
        if (keys) this.#owners.set(hexOf(keys.pub), other);
      }
    }
    const owner = this.#owners.get(hexOf(offer.pub));
    if (owner === undefined || owner === id) return null;
    return this.has("accepted", owner, offer) ? owner : null;
  }

  /** Tells whether keys of some states may have changed since it was asked last. */
  watch(...states: KeyState[]): () => boolean {
    const folders = states.map((state) => new FolderWatch(this.#folder(state)));
    // Each is asked, so that none is left with an old answer.
    return () => folders.map((folder) => folder.changed()).includes(true);
  }

  /** Moves or removes a key. False: it is not there. */
  change(action: KeyAction, state: KeyState, id: string): boolean {
    if (!isValidMinionId(id)) return false;
    if (action === "delete") return removeKeyFile(this.#path(state, id));
    const to = action === "accept" ? "accepted" : "rejected";
    const keys = this.read(state, id);
    if (keys === null) return false;
    if (to === "accepted") this.#owners.set(hexOf(keys.pub), id);
    ensureDir(this.#folder(to));
    return moveKeyFile(this.#path(state, id), this.#path(to, id));
  }

  #settle(state: KeyState, offer: RaetOffer): KeyState {
    return this.#leavePending(this.#file(state, offer), offer.id);
  }

  #leavePending(state: KeyState, id: string): KeyState {
    removeKeyFile(this.#path("pending", id));
    return state;
  }

  #file(state: KeyState, offer: RaetOffer): KeyState {
    ensureDir(this.#folder(state));
    atomicWriteSync(this.#path(state, offer.id), packPublic(offer.id, offer));
    if (state === "accepted") this.#owners.set(hexOf(offer.pub), offer.id);
    return state;
  }

  #folder(state: KeyState): string {
    return join(this.#options.pki_dir, state);
  }

  #path(state: KeyState, id: string): string {
    return join(this.#folder(state), id);
  }
}

function packPublic(id: string, { pub, verify }: RaetPublic): Uint8Array {
  return packLocal({ minion_id: id, pub: hexOf(pub), verify: hexOf(verify) });
}

function readPublic(path: string): RaetPublic | null {
  const fields = readFields(path);
  if (fields === null) return null;
  const [pub, verify] = [hexField(fields, "pub"), hexField(fields, "verify")];
  if (pub && verify) return { pub, verify };
  log.error(`"${path}" is passed over: it has no valid pub and verify`);
  return null;
}

/** The map in a key file, msgpack or JSON. */
function readFields(path: string): DataMap | null {
  const bytes = readBytes(path);
  if (bytes === null) return null;
  try {
    const value = bytes[0] === 0x7b ? JSON.parse(new TextDecoder().decode(bytes)) : unpack(bytes);
    return isMap(value) ? value : {};
  } catch {
    return {};
  }
}

/** Null when there is no such file. */
function readBytes(path: string): Uint8Array | null {
  try {
    const bytes = readFileSync(path);
    return bytes.length > MAX_KEY_BYTES ? new Uint8Array(0) : bytes;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw fileError("read", path, error);
  }
}

function hexField(fields: DataMap, name: string): Uint8Array | null {
  const raw = fields[name];
  const text = raw instanceof Uint8Array ? new TextDecoder().decode(raw) : raw;
  if (typeof text !== "string" || !/^[0-9a-f]{64}$/i.test(text)) return null;
  return new Uint8Array(Buffer.from(text, "hex"));
}

function samePublic(a: RaetPublic, b: RaetPublic): boolean {
  return Buffer.from(a.pub).equals(b.pub) && Buffer.from(a.verify).equals(b.verify);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
