/**
 * The master's side of `_auth`: has the key judged, and answers with the keys of the session.
 * (`salt/channel/server.py:ReqServerChannel._auth`)
 * @module
 */
import {
  cleanKey,
  type EncryptionAlgorithm,
  isEncryptionAlgorithm,
  isSigningAlgorithm,
  oaepDecrypt,
  oaepEncrypt,
  pkcs1Sign,
  sha256Hex,
  type SigningAlgorithm,
  signPublicKey,
  signX931,
} from "../crypt/mod.ts";
import { messageOf } from "../errors.ts";
import type { KeyStore, MasterKeys, Verdict } from "../key/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { packWire } from "../serializers/msgpack.ts";
import type { PeerInfo } from "../transport/types.ts";
import { type Data, type DataMap, isMap } from "../types/mod.ts";
import { HOLD, MAX_HOLD } from "./hold_field.ts";
import { RESUMES } from "./resume_field.ts";

const log = getLogger("saltx.auth");

/** What signing in needs. */
export interface SignInParts {
  keys: KeyStore;
  masterKeys: MasterKeys;
  publishPort: number;
  /** The fleet's key string. */
  fleetKey(): string;
  /** The key string of one minion's session. */
  sessionKey(id: string, publicKey: string): string;
  /** Minions that are connected, for `max_minions`. */
  connected(): { readonly size: number; has(id: string): boolean };
  noteSignIn(id: string): void;
  /** Tells the bus; null when `auth_events` is off. */
  fire: ((tag: string, data: DataMap) => void) | null;
}

interface Request {
  id: string;
  pub: string;
  version: number;
  nonce: Data | undefined;
  token: Uint8Array | string | null;
  encAlgo: EncryptionAlgorithm;
  sigAlgo: SigningAlgorithm;
}

/** Serves sign-ins. */
export class SignInServer {
  readonly #parts: SignInParts;
  /** The signature over the fleet key is the same for every minion. */
  #fleetSignature: { key: string; signature: Uint8Array } | null = null;

  readonly #publicKeySignatures = new Map<SigningAlgorithm, string>();

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** The bytes of the answer; at once, unless a key has to be written to the disk first. */
  answer(
    load: DataMap,
    version: number,
    peer?: PeerInfo,
  ): Uint8Array | Promise<Uint8Array> {
    const sigAlgo = load["sig_algo"] ?? "PKCS1v15-SHA1";
    if (!isSigningAlgorithm(sigAlgo)) {
      log.warning(`A sign-in of ${shown(load["id"])} wants an unsupported signature; refused`);
      return packWire({ enc: "clear", load: { ret: "bad sig algo" } });
    }
    const reply = (body: DataMap) => this.#sign(body, version, load["nonce"], sigAlgo);
    const request = readRequest(load, version, sigAlgo);
    if (request === null) return reply({ ret: false });
    if (request === "bad enc algo") return reply({ ret: "bad enc algo" });
    const go = () => this.#decide(request, load, peer, reply);
    return this.#parts.keys.prepareOffer(request.id, request.pub)?.then(go) ?? go();
  }

  #decide(
    request: Request,
    load: DataMap,
    peer: PeerInfo | undefined,
    reply: (body: DataMap) => Uint8Array,
  ): Uint8Array {
    const vouched = (peer?.verifiedId ?? null) === request.id;
    const verdict = this.#judge(request, load, vouched);
    if (verdict.act === "pend") return reply({ ret: verdict.ret, ...holdPending(load, peer) });
    if (verdict.act !== "accept") return reply({ ret: verdict.ret });
    this.#parts.noteSignIn(request.id);
    const body = this.#session(request);
    return reply(body ?? { ret: false });
  }

  #judge(request: Request, load: DataMap, vouched: boolean): Verdict {
    const grains = load["autosign_grains"];
    const verdict = this.#parts.keys.offer(request.id, request.pub, {
      ...(isMap(grains) ? { autosignGrains: grains } : {}),
      vouched,
      connected: () => this.#parts.connected(),
    });
    const line = `Authentication request from ${request.id}: ${verdict.reason}`;
    if (verdict.ret === true) log.info(line);
    else log.error(line);
    this.#parts.fire?.("salt/auth", {
      result: verdict.result,
      ...(verdict.act === undefined ? {} : { act: verdict.act }),
      id: request.id,
      pub: request.pub,
    });
    return verdict;
  }

  /** The auth body; null when the accepted key cannot be used or the token is not for this master. */
  #session(request: Request): DataMap | null {
    const { masterKeys } = this.#parts;
    const fleetKey = this.#parts.fleetKey();
    try {
      const seal = (text: string | Uint8Array) => oaepEncrypt(request.pub, text, request.encAlgo);
      const body: DataMap = {
        enc: "pub",
        pub_key: masterKeys.publicKey,
        publish_port: this.#parts.publishPort,
        aes: seal(fleetKey),
        session: seal(this.#parts.sessionKey(request.id, request.pub)),
        sig: this.#signFleetKey(fleetKey),
      };
      if (request.version >= 3) body[RESUMES] = true;
      const pubSig = this.#publicKeySignature(request.sigAlgo);
      if (pubSig !== null) body["pub_sig"] = pubSig;
      const token = this.#openToken(request);
      if (token !== null) body["token"] = seal(token);
      return body;
    } catch (error) {
      log.error(`The sign-in of ${request.id} failed: ${messageOf(error)}`, error);
      return null;
    }
  }

  /** What proves the master's key to a minion that has the signing key's public part. */
  #publicKeySignature(sigAlgo: SigningAlgorithm): string | null {
    const { publicKeySignature, signingKey, publicKey } = this.#parts.masterKeys;
    if (publicKeySignature !== null || signingKey === null) return publicKeySignature;
    const known = this.#publicKeySignatures.get(sigAlgo);
    if (known !== undefined) return known;
    const made = signPublicKey(signingKey, publicKey, sigAlgo);
    this.#publicKeySignatures.set(sigAlgo, made);
    return made;
  }

  /**
   * The token shows the minion that this is the master whose public key it holds. One that is for
   * another key is left unanswered: a minion that verifies signatures then takes the new key.
   */
  #openToken(request: Request): Uint8Array | null {
    if (request.token === null) return null;
    try {
      const { privateKey } = this.#parts.masterKeys;
      return oaepDecrypt(privateKey, bytesOf(request.token), request.encAlgo);
    } catch (error) {
      log.warning(`The token of ${request.id} is not for this master's key: ${messageOf(error)}`);
      return null;
    }
  }

  #signFleetKey(fleetKey: string): Uint8Array {
    if (this.#fleetSignature?.key !== fleetKey) {
      const digest = sha256Hex(fleetKey);
      this.#fleetSignature = {
        key: fleetKey,
        signature: signX931(this.#parts.masterKeys.privateKey, digest),
      };
    }
    return this.#fleetSignature.signature;
  }

  /** From version 2 on the body travels as signed bytes with the nonce; before, in clear as it is. */
  #sign(
    body: DataMap,
    version: number,
    nonce: Data | undefined,
    sigAlgo: SigningAlgorithm,
  ): Uint8Array {
    if (version < 2) return packWire("ret" in body ? { enc: "clear", load: body } : body);
    const load = packWire({ ...body, nonce: nonce ?? "" });
    // Not on a pool thread: with the same key in use in two threads OpenSSL lets one wait, and workers
    // are the pool already.
    const sig = pkcs1Sign(this.#parts.masterKeys.privateKey, load, sigAlgo);
    return packWire({ enc: "clear", load, sig });
  }
}

/** Keeps the answer back if the minion wishes so; says that this can be done. */
function holdPending(load: DataMap, peer: PeerInfo | undefined): DataMap {
  if (!peer?.hold) return {};
  const seconds = load[HOLD];
  if (typeof seconds === "number" && seconds > 0) {
    peer.hold(String(load["id"]), Math.min(seconds, MAX_HOLD) * 1000);
  }
  return { [HOLD]: true };
}

function readRequest(
  load: DataMap,
  version: number,
  sigAlgo: SigningAlgorithm,
): Request | "bad enc algo" | null {
  const { id, pub, nonce } = load;
  if (typeof id !== "string" || typeof pub !== "string" || pub.length > 16_384) {
    log.warning(`A sign-in of ${shown(id)} lacks id or key; refused`);
    return null;
  }
  if (version >= 2 && (typeof nonce !== "string" || nonce.length > 64)) {
    log.warning(`A sign-in of ${shown(id)} has no nonce; refused`);
    return null;
  }
  const encAlgo = load["enc_algo"] ?? "OAEP-SHA1";
  if (!isEncryptionAlgorithm(encAlgo)) return "bad enc algo";
  const token = load["token"];
  return {
    id,
    pub: cleanKey(pub),
    version,
    nonce,
    token: typeof token === "string" || token instanceof Uint8Array ? token : null,
    encAlgo,
    sigAlgo,
  };
}

function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : value;
}

function shown(value: Data | undefined): string {
  return (JSON.stringify(value, (_, v) => typeof v === "bigint" ? `${v}` : v) ?? "nobody").slice(
    0,
    80,
  );
}
