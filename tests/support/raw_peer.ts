/**
 * A minion made by hand: it can say anything to a master, also what no real one would.
 * @module
 */
import {
  type Identity,
  makeNonce,
  openReply,
  readSignIn,
  sealRequest,
  type Session,
  signInRequest,
  tokenOf,
} from "../../scripts/bench/swarm/wire.ts";
import { generateRsaKeyPair, type KeyPair } from "../../src/crypt/mod.ts";
import { unpack } from "../../src/serializers/msgpack.ts";
import type { Data, DataMap } from "../../src/types/mod.ts";
import type { Master } from "./master.ts";
import { rawRequest } from "./raw_request.ts";

/** Keys take long to make; those of hand-made minions are used again within a test file. */
const keyPairs: Promise<KeyPair>[] = [];

function keyPair(number: number): Promise<KeyPair> {
  return keyPairs[number] ??= generateRsaKeyPair();
}

/** One hand-made minion of one master. */
export class RawPeer implements Identity {
  readonly id: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly master: Master;
  readonly version: 2 | 3;
  #session: Session | null = null;

  private constructor(master: Master, id: string, keys: KeyPair, version: 2 | 3) {
    this.master = master;
    this.id = id;
    this.version = version;
    this.privateKey = keys.privateKey;
    this.publicKey = keys.publicKey;
  }

  /** @param key which of the remembered key pairs is its own. */
  static async make(
    master: Master,
    id: string,
    { key = 0, version = 3 }: { key?: number; version?: 2 | 3 } = {},
  ): Promise<RawPeer> {
    return new RawPeer(master, id, await keyPair(key), version);
  }

  /** A minion whose key the master accepts and that has signed in. */
  static async accepted(
    master: Master,
    id: string,
    options: { key?: number; version?: 2 | 3 } = {},
  ): Promise<RawPeer> {
    const peer = await RawPeer.make(master, id, options);
    await master.placeKey(id, "minions", peer.publicKey);
    const answer = await peer.signIn();
    if ("ret" in answer) throw new Error(`the sign-in of ${id} was refused: ${answer.ret}`);
    return peer;
  }

  get session(): Session {
    if (this.#session === null) throw new Error(`${this.id} has not signed in`);
    return this.#session;
  }

  /** What proves its identity in each request. */
  get token(): Uint8Array {
    return tokenOf(this);
  }

  /** Asks to sign in; `extra` replaces or adds fields. Keeps the session when there is one. */
  async signIn(extra: DataMap = {}): Promise<Session | { ret: Data }> {
    const nonce = makeNonce();
    const { version } = this;
    const known = this.#session === null ? {} : { masterKey: this.#session.masterKey };
    const payload = signInRequest(this, nonce, { version, ...known, extra });
    const answer = readSignIn(this, await this.send(payload), nonce, { version, ...known });
    if (!("ret" in answer)) this.#session = answer;
    return answer;
  }

  /** Sends an encrypted request and decrypts the answer. */
  async request(load: DataMap): Promise<Data> {
    const nonce = makeNonce();
    return openReply(this.session, await this.send(this.seal(load, nonce)), nonce);
  }

  /** The bytes of an encrypted request. */
  seal(load: DataMap, nonce: string = makeNonce()): Uint8Array {
    return sealRequest(this, this.session, load, nonce);
  }

  /** Sends bytes to the master and gives those of the answer. */
  async send(payload: Uint8Array): Promise<Uint8Array> {
    return await rawRequest(this.master.endpoint, payload);
  }

  /** Sends bytes and reads the answer as one that is not encrypted. */
  async sendPlain(payload: Uint8Array): Promise<Data> {
    return unpack(await this.send(payload));
  }
}
