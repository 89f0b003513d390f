/**
 * What a minion has of one master while a sign-in holds: the ciphers, and the bytes made and read with
 * them. No I/O. (`salt/channel/client.py:AsyncReqChannel._package_load, _crypted_transfer`,
 * `AsyncPubChannel._decode_payload`)
 * @module
 */
import {
  Crypticle,
  isSigningAlgorithm,
  pkcs1Sign,
  pkcs1Verify,
  SerialGuard,
} from "../crypt/mod.ts";
import { AuthenticationError, SaltClientError } from "../errors.ts";
import { releaseBytes } from "../runtime/mod.ts";
import { packLocal, packWire, unpack } from "../serializers/msgpack.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";
import { isBulkReply, openBulkReply } from "./bulk_reply.ts";
import type { MasterAnswer, MinionIdentity } from "./minion_auth.ts";
import { algorithmsOf, type MinionAuthOpts } from "./minion_options.ts";
import { shownData } from "./wire_bytes.ts";

/** Commands whose sender a master of protocol version 2 wants to see proven. */
const PROVEN_IN_VERSION_2: ReadonlySet<unknown> = new Set([
  "_minion_event",
  "_master_tops",
  "_ext_nodes",
  "_mine",
  "_mine_get",
  "_mine_delete",
  "_mine_flush",
  "_file_recv",
  "minion_pub",
  "minion_publish",
  "pub_ret",
  "minion_runner",
  "revoke_auth",
]);

/** What a minion of version 2 signs; a master of that time fails at a `sig` in other commands. */
const SIGNED_IN_VERSION_2: ReadonlySet<unknown> = new Set([
  "_return",
  "_syndic_return",
  "_minion_event",
]);

/** Who makes requests. */
export interface RequestMaker {
  identity: MinionIdentity;
  /** `tok`: proof of the identity. */
  token: Uint8Array;
  opts: MinionAuthOpts;
}

/** A signed-in state; replaced as a whole by the next sign-in. */
export class MinionSession {
  readonly version: 2 | 3;
  readonly publishPort: number;
  /** PEM of the master's public key. */
  readonly masterKey: string;
  readonly #answer: MasterAnswer;
  readonly #requests: Crypticle;
  readonly #publications: Crypticle;
  readonly #serials: SerialGuard;

  /** `previous` is the state before: with an unchanged key its count of publications goes on. */
  constructor(answer: MasterAnswer, previous: MinionSession | null) {
    this.#answer = answer;
    this.version = answer.session === null ? 2 : 3;
    this.publishPort = answer.publishPort;
    this.masterKey = answer.master.key;
    this.#publications = new Crypticle(answer.aes);
    this.#requests = answer.session === null ? this.#publications : new Crypticle(answer.session);
    const goesOn = previous !== null && previous.#answer.aes === answer.aes;
    this.#serials = goesOn ? previous.#serials : new SerialGuard();
  }

  /** What the master answered; null when it does not give new keys under this session's. */
  get resumable(): MasterAnswer | null {
    return this.#answer.resumes && this.version === 3 ? this.#answer : null;
  }

  /** Whether both session keys are those of `other`. */
  sameKeys(other: MinionSession): boolean {
    return this.#answer.aes === other.#answer.aes && this.#answer.session === other.#answer.session;
  }

  /** The bytes of a request. `seconds` is the time since 1970. */
  sealRequest(load: DataMap, nonce: string, seconds: number, maker: RequestMaker): Uint8Array {
    const { encryption, signing } = algorithmsOf(maker.opts);
    const { id, privateKey } = maker.identity;
    const full: DataMap = { ...load };
    if (this.version === 3) {
      full["ts"] = seconds;
      full["id"] = id;
    } else if (PROVEN_IN_VERSION_2.has(load["cmd"])) {
      full["id"] = load["id"] ?? id;
      full["tok"] = maker.token;
    }
    const signs = this.version === 3 || SIGNED_IN_VERSION_2.has(load["cmd"]);
    if (maker.opts.minion_sign_messages && signs) {
      full["sig"] = pkcs1Sign(privateKey, packLocal(full), signing);
    }
    full["nonce"] = nonce;
    if (this.version === 3) full["tok"] = maker.token;
    const envelope: DataMap = {
      enc: "aes",
      load: this.#requests.dumps(full),
      version: this.version,
      enc_algo: encryption,
      sig_algo: signing,
    };
    if (this.version === 3) envelope["id"] = id;
    return packWire(envelope);
  }

  /**
   * The value of a reply, whose bytes may be gone afterwards. Throws AuthenticationError when it is not under this session's key (the
   * master may have another by now), SaltClientError when it answers another request or the master
   * could not serve this one.
   */
  openReply(reply: Uint8Array, nonce: string, raw: boolean): Data {
    const outer = unpack(reply, { share: true });
    if (outer instanceof Uint8Array) return this.#requests.loads(outer, { nonce, raw });
    if (isBulkReply(outer)) {
      const head = this.#requests.loads(outer.head, { nonce, raw: true });
      const value = openBulkReply(head, outer.bulk);
      releaseBytes(reply);
      return value;
    }
    if (outer === "Some exception handling minion payload") {
      throw new SaltClientError("The master failed to handle the request; its log says why");
    }
    throw new AuthenticationError(`The master refused the request: ${shownData(outer)}`);
  }

  /**
   * Whether the master signed these encrypted bytes of a publication. A master older than 3006.9 does
   * not name the scheme. (`AsyncPubChannel._verify_master_signature`)
   */
  signedByMaster(load: Uint8Array, outer: DataMap): boolean {
    const algorithm = outer["sig_algo"] ?? "PKCS1v15-SHA1";
    const sig = outer["sig"];
    return sig instanceof Uint8Array && isSigningAlgorithm(algorithm) &&
      pkcs1Verify(this.masterKey, load, sig, algorithm);
  }

  /**
   * The load of a publication; null when it is not newer than the last one.
   * Throws AuthenticationError when it is not under this session's key.
   */
  openPublication(load: Uint8Array): DataMap | null {
    const value = this.#publications.loads(load);
    if (!isMap(value)) throw new SaltClientError("The publication is not a map");
    return this.#serials.accept(value) ? value : null;
  }
}
