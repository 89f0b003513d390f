/**
 * A master's door with a key store in a temporary folder, and a peer that speaks to it: real bytes and
 * real cryptography, no sockets.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClearCommand, type EncryptedCommand, Gate } from "../../src/channel/gate.ts";
import { SessionCrypticles } from "../../src/channel/session_crypticles.ts";
import { SessionKeys } from "../../src/channel/session_keys.ts";
import { SharedSet, sharedTable } from "../../src/channel/shared_set.ts";
import { SignInServer } from "../../src/channel/sign_in_server.ts";
import { TokenCheck } from "../../src/channel/token_check.ts";
import { Crypticle, oaepDecrypt, signX931 } from "../../src/crypt/mod.ts";
import { type KeyStoreOptions, PkiKeyStore } from "../../src/key/mod.ts";
import { packWire, unpack } from "../../src/serializers/msgpack.ts";
import type { PeerInfo } from "../../src/transport/types.ts";
import type { Data, DataMap } from "../../src/types/mod.ts";

interface KeyVector {
  private_pem: string;
  public_pem: string;
}

/** The test key pairs of tests/vectors/keys.json. */
export const vectorKeys: Record<string, KeyVector> = JSON.parse(
  readFileSync(new URL("../vectors/keys.json", import.meta.url), "utf8"),
).keys;

export function vectorKey(name: string): KeyVector {
  const key = vectorKeys[name];
  if (!key) throw new Error(`tests/vectors/keys.json has no key ${name}`);
  return key;
}

export interface TestMasterOptions {
  store?: Partial<KeyStoreOptions>;
  minimumVersion?: number;
  requestTtl?: number;
  clear?: Record<string, ClearCommand>;
  encrypted?: Record<string, EncryptedCommand>;
}

/** Everything of a master that decides about requests. */
export class TestMaster {
  readonly dir = mkdtempSync(join(tmpdir(), "saltx-gate-"));
  readonly keys: PkiKeyStore;
  readonly gate: Gate;
  readonly events: { tag: string; data: DataMap }[] = [];
  readonly sessionKeys = new SessionKeys(new Uint8Array(32), 86_400);
  fleetKey = Crypticle.generateKeyString();
  /** Whether answers can be kept back, and those that were to be: topic and ms. */
  holds = false;
  readonly held: [string, number][] = [];

  constructor(options: TestMasterOptions = {}) {
    this.keys = new PkiKeyStore({ pki_dir: this.dir, auto_accept: true, ...options.store });
    this.keys.prepare();
    const acceptedKey = (id: string) => this.keys.acceptedKey(id);
    const version3 = new Set<string>();
    const master = vectorKey("test-master");
    const signIns = new SignInServer({
      keys: this.keys,
      masterKeys: {
        privateKey: master.private_pem,
        publicKey: master.public_pem,
        signingKey: null,
        publicKeySignature: null,
      },
      publishPort: 4505,
      fleetKey: () => this.fleetKey,
      sessionKey: (id, pub) => this.sessionKeys.current(id, pub),
      connected: () => new Set(),
      noteSignIn: () => {},
      fire: (tag, data) => void this.events.push({ tag, data }),
    });
    this.gate = new Gate({
      minimumVersion: options.minimumVersion ?? 2,
      requestTtl: options.requestTtl ?? 0,
      fleet: () => new Crypticle(this.fleetKey),
      sessions: new SessionCrypticles(acceptedKey, this.sessionKeys),
      tokens: new TokenCheck(acceptedKey),
      replays: new SharedSet(sharedTable(1024)),
      speaksVersion3: (id) => version3.has(id),
      noteVersion3: (id) => void version3.add(id),
      signIn: (load, version, peer) => signIns.answer(load, version, peer),
      clear: new Map(Object.entries(options.clear ?? {})),
      encrypted: new Map(Object.entries(options.encrypted ?? {})),
      now: Date.now,
    });
  }

  /** Sends bytes and reads the plain answer. */
  async send(payload: Uint8Array): Promise<Data> {
    const peer: PeerInfo = { address: null, verifiedId: null };
    if (this.holds) peer.hold = (topic, ms) => void this.held.push([topic, ms]);
    return unpack(await this.gate.handle(payload, peer));
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }
}

/** A minion that builds its messages by hand, so that it can also build wrong ones. */
export class TestPeer {
  readonly id: string;
  readonly #master: TestMaster;
  readonly #key: KeyVector;
  session = "";
  fleet = "";

  constructor(master: TestMaster, id: string, key = "test-minion") {
    this.#master = master;
    this.id = id;
    this.#key = vectorKey(key);
  }

  get token(): Uint8Array {
    return signX931(this.#key.private_pem, "salt");
  }

  /** Signs in; gives the inner map of the answer. */
  async signIn(version = 3, changes: DataMap = {}): Promise<DataMap> {
    const nonce = newNonce();
    const load = { cmd: "_auth", id: this.id, pub: this.#key.public_pem, nonce, ...changes };
    const answer = await this.#master.send(packWire({ enc: "clear", load, version })) as DataMap;
    const body = unpack(answer["load"] as Uint8Array) as DataMap;
    if (body["aes"] instanceof Uint8Array) {
      this.fleet = this.#open(body["aes"]);
      this.session = this.#open(body["session"] as Uint8Array);
    }
    return body;
  }

  /** The bytes of an encrypted request. */
  seal(load: DataMap, envelope: DataMap = {}): Uint8Array {
    const full = {
      nonce: newNonce(),
      id: this.id,
      tok: this.token,
      ts: Math.floor(Date.now() / 1000),
      ...load,
    };
    const kept = Object.fromEntries(Object.entries(full).filter(([, value]) => value !== null));
    const version = (envelope["version"] ?? 3) as number;
    const key = version >= 3 ? this.session : this.fleet;
    return packWire({
      enc: "aes",
      load: new Crypticle(key).dumps(kept),
      id: this.id,
      version,
      ...envelope,
    });
  }

  /** Sends an encrypted request and opens the answer; a plain refusal comes back as it is. */
  async ask(load: DataMap, envelope: DataMap = {}): Promise<Data> {
    const nonce = newNonce();
    const answer = await this.#master.send(this.seal({ nonce, ...load }, envelope));
    if (!(answer instanceof Uint8Array)) return answer;
    const version = (envelope["version"] ?? 3) as number;
    return new Crypticle(version >= 3 ? this.session : this.fleet).loads(answer, { nonce });
  }

  #open(sealed: Uint8Array): string {
    return new TextDecoder().decode(oaepDecrypt(this.#key.private_pem, sealed, "OAEP-SHA1"));
  }
}

/** 32 hex digits, as uuid4 gives. */
export function newNonce(): string {
  return randomUUID().replaceAll("-", "");
}
