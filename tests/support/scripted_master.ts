/**
 * A master for tests of the minion's side of the channel: real bytes, real keys, no sockets, and
 * whatever behaviour a test wants.
 * @module
 */
import {
  Crypticle,
  oaepDecrypt,
  oaepEncrypt,
  pkcs1Sign,
  recoverX931,
  sha256Hex,
  type SigningAlgorithm,
  signPublicKey,
  signX931,
} from "../../src/crypt/mod.ts";
import { SaltReqTimeoutError } from "../../src/errors.ts";
import { packWire, unpack } from "../../src/serializers/msgpack.ts";
import type { TransportFactory } from "../../src/transport/types.ts";
import type { Data, DataMap } from "../../src/types/mod.ts";
import { testKey } from "./vectors.ts";

/** What `_auth` answers: accepted, pending, refused, full, or as older or stricter masters do. */
export type Verdict =
  | "accept"
  | true
  | false
  | "full"
  | "bad sig algo"
  | "bad enc algo"
  | "bad load";

/** Answers requests as its fields say; each may be changed between requests. */
export class ScriptedMaster {
  keys = testKey("test-master");
  version: 2 | 3 = 3;
  verdict: Verdict = "accept";
  /** Signs its public key (`master_sign_pubkey`). */
  signingKey: string | null = null;
  /** Requests that get no answer from now on. */
  silent = 0;
  /** Refuses every encrypted request, as for a stale `ts`. */
  refusing = false;
  pillar: Data = { role: "web" };
  /** Changes an answer before it is signed or sent. */
  tamper: { body?: (body: DataMap) => void; reply?: (reply: Uint8Array) => Uint8Array } = {};
  respond: (load: DataMap) => Data = () => true;

  /** Loads of `_auth` requests, and decrypted loads of others, in order. */
  readonly signIns: DataMap[] = [];
  readonly requests: DataMap[] = [];
  readonly envelopes: DataMap[] = [];
  aes = Crypticle.generateKeyString();
  session = Crypticle.generateKeyString();
  #serial = 0;

  /** New keys, as after `publish_session` or the deletion of a key. */
  rotate(): void {
    this.aes = Crypticle.generateKeyString();
    this.session = Crypticle.generateKeyString();
    this.#serial = 0;
  }

  /** The bytes of a publication, of which each has a greater serial. */
  publish(load: DataMap, signature: { key?: string; name?: boolean } = {}): Uint8Array {
    const encrypted = new Crypticle(this.aes).dumps({ ...load, serial: ++this.#serial });
    if (signature.key === "") return packWire({ enc: "aes", load: encrypted });
    const sig = pkcs1Sign(signature.key ?? this.keys.privateKey, encrypted);
    const named: DataMap = signature.name === false ? {} : { sig_algo: "PKCS1v15-SHA1" };
    return packWire({ enc: "aes", load: encrypted, sig, ...named });
  }

  /** Hands requests over in memory. */
  transport(): TransportFactory {
    return {
      requestClient: () =>
        Promise.resolve({
          request: async (payload, { timeoutMs, signal }) => {
            await Promise.resolve();
            signal?.throwIfAborted();
            if (this.silent > 0) {
              this.silent--;
              throw new SaltReqTimeoutError(`No answer within ${timeoutMs / 1000} s`);
            }
            const reply = this.handle(payload);
            return this.tamper.reply?.(reply) ?? reply;
          },
          close: () => {},
        }),
      publishClient: () => Promise.reject(new Error("not in this test")),
    };
  }

  handle(payload: Uint8Array): Uint8Array {
    const envelope = unpack(payload) as DataMap;
    this.envelopes.push(envelope);
    if (envelope["enc"] === "clear") return this.#signIn(envelope["load"] as DataMap);
    const key = envelope["version"] === 3 ? this.session : this.aes;
    const crypticle = new Crypticle(key);
    const load = crypticle.tryLoads(envelope["load"] as Uint8Array) as DataMap | undefined;
    if (load === undefined || this.refusing) return packWire("bad load");
    this.requests.push(load);
    const { nonce } = load;
    if (load["cmd"] === "_pillar") return this.#sealPillar(nonce as string, envelope);
    return packWire(crypticle.dumps(this.respond(load), nonce as string));
  }

  #signIn(load: DataMap): Uint8Array {
    this.signIns.push(load);
    if (this.verdict === "bad load") return packWire("bad load");
    if (typeof this.verdict === "string" && this.verdict.startsWith("bad")) {
      return packWire({ enc: "clear", load: { ret: this.verdict } });
    }
    const body = this.verdict === "accept" ? this.#accept(load) : { ret: this.verdict };
    const named = { ...body, nonce: load["nonce"] as string } as DataMap;
    this.tamper.body?.(named);
    const bytes = packWire(named);
    const algorithm = load["sig_algo"] as SigningAlgorithm;
    const sig = pkcs1Sign(this.keys.privateKey, bytes, algorithm);
    return packWire({ enc: "clear", load: bytes, sig });
  }

  #accept(load: DataMap): DataMap {
    const algorithm = load["enc_algo"] as "OAEP-SHA1";
    const seal = (text: string | Uint8Array) => oaepEncrypt(load["pub"] as string, text, algorithm);
    const body: DataMap = {
      enc: "pub",
      pub_key: this.keys.publicKey,
      publish_port: 4505,
      aes: seal(this.aes),
      sig: signX931(this.keys.privateKey, sha256Hex(this.aes)),
    };
    if (this.version === 3) body["session"] = seal(this.session);
    if (this.signingKey !== null) {
      body["pub_sig"] = signPublicKey(this.signingKey, this.keys.publicKey);
    }
    if (load["token"] instanceof Uint8Array) {
      try {
        body["token"] = seal(oaepDecrypt(this.keys.privateKey, load["token"], algorithm));
      } catch {
        // Salt leaves the token out when it was for another master.
      }
    }
    return body;
  }

  #sealPillar(nonce: string, envelope: DataMap): Uint8Array {
    const minion = this.signIns.at(-1) as DataMap;
    const keyText = Crypticle.generateKeyString();
    const key = oaepEncrypt(minion["pub"] as string, keyText, envelope["enc_algo"] as "OAEP-SHA1");
    const inner: DataMap = { key, pillar: this.pillar, nonce };
    this.tamper.body?.(inner);
    const data = packWire(inner);
    const sig = pkcs1Sign(this.keys.privateKey, data, envelope["sig_algo"] as SigningAlgorithm);
    return packWire({ key, pillar: new Crypticle(keyText).dumps({ data, sig }) });
  }

  /** The minion's token in a request, as text. */
  static tokenText(load: DataMap): string {
    const { publicKey } = testKey("test-minion");
    return new TextDecoder().decode(recoverX931(publicKey, load["tok"] as Uint8Array));
  }
}
