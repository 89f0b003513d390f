/**
 * A minion's `_auth`: the request, and what the master's answer to it means. No I/O.
 * (`salt/crypt.py:AsyncAuth.minion_sign_in_payload, handle_signin_response, decrypt_aes`)
 * @module
 */
import { randomUUID, timingSafeEqual } from "node:crypto";
import {
  Crypticle,
  oaepDecrypt,
  oaepEncrypt,
  pkcs1Verify,
  recoverX931,
  sha256Hex,
} from "../crypt/mod.ts";
import {
  AuthenticationError,
  messageOf,
  SaltClientError,
  SaltDeserializationError,
} from "../errors.ts";
import { packWire, unpack } from "../serializers/msgpack.ts";
import { type Data, type DataMap, isMap, type MinionId } from "../types/mod.ts";
import { type KnownMaster, type TrustedKey, trustMaster } from "./master_trust.ts";
import { algorithmsOf, type MinionAuthOpts } from "./minion_options.ts";
import { HOLD } from "./hold_field.ts";
import { RESUMES } from "./resume_field.ts";
import { bytesField, shownData } from "./wire_bytes.ts";

/** The protocol version that requests ask for. Older masters answer all the same. */
export const PROTOCOL_VERSION = 3;

/** Who signs in. Keys are PEM texts; the public one cleaned. */
export interface MinionIdentity {
  id: MinionId;
  privateKey: string;
  publicKey: string;
}

/** A request and what its answer must show. */
export interface SignInRequest {
  payload: Uint8Array;
  nonce: string;
  /** What the master must decrypt to show that it holds the known key; null on first contact. */
  token: string | null;
}

/** What a minion gets when it is accepted. */
export interface MasterAnswer {
  publishPort: number;
  /** The key string of publications, and of requests of version 2. */
  aes: string;
  /** The key string of this minion's own session; null from a master that speaks version 2. */
  session: string | null;
  /** The trusted public key of the master. */
  master: TrustedKey;
  /** Whether the master gives new keys under the session's. */
  resumes: boolean;
}

/** What to do next. Everything else is thrown. */
export type SignInVerdict =
  | { next: "accepted"; answer: MasterAnswer }
  /** `holds`: the master would keep a request until there is a decision. */
  | { next: "pending"; holds: boolean }
  | { next: "refused" };

const ascii = new TextEncoder();

/**
 * Makes a request. `grains` are the values of `autosign_grains`; `hold` is for how long the master is to
 * keep it while the key is pending, in s.
 */
export function buildSignIn(
  identity: MinionIdentity,
  known: KnownMaster,
  opts: MinionAuthOpts,
  grains: DataMap = {},
  hold = 0,
): SignInRequest {
  const { encryption, signing } = algorithmsOf(opts);
  const nonce = randomUUID().replaceAll("-", "");
  const load: DataMap = {
    cmd: "_auth",
    id: identity.id,
    nonce,
    enc_algo: encryption,
    sig_algo: signing,
  };
  if (opts.autosign_grains.length > 0) load["autosign_grains"] = grains;
  if (hold > 0) load[HOLD] = hold;
  let token: string | null = null;
  if (known.key !== null) {
    token = Crypticle.generateKeyString();
    load["token"] = sealToken(known, token, opts);
  }
  load["pub"] = identity.publicKey;
  return { payload: packWire({ enc: "clear", load, version: PROTOCOL_VERSION }), nonce, token };
}

function sealToken(known: KnownMaster, token: string, opts: MinionAuthOpts): Uint8Array {
  try {
    return oaepEncrypt(known.key as string, token, algorithmsOf(opts).encryption);
  } catch (error) {
    throw new AuthenticationError(
      `"${known.keyPath}" holds no usable public key of a master: remove it, if you are confident ` +
        `that the right master answers (${messageOf(error)})`,
    );
  }
}

/**
 * Judges an answer. Nothing in it counts before the signature over it holds, unless this is the first
 * contact and it says no more than "wait" or "no".
 * Throws AuthenticationError when the master cannot be trusted, SaltClientError when it cannot serve
 * this minion.
 */
export function judgeAnswer(
  reply: Uint8Array,
  request: SignInRequest,
  identity: MinionIdentity,
  known: KnownMaster,
  opts: MinionAuthOpts,
): SignInVerdict {
  const { load, sig } = openEnvelope(reply, opts);
  const body = readMap(load, "The signed part of the master's answer");
  const master = body["pub_key"] === undefined ? null : trustMaster(body, known, opts);
  const signer = master?.key ?? known.key;
  if (signer !== null) checkSignature(signer, load, sig, known, opts);
  if (body["nonce"] !== request.nonce) {
    throw new AuthenticationError(
      "Invalid nonce: the master's answer belongs to another request, it may have been replayed",
    );
  }
  if (body["ret"] !== undefined) return verdictOf(body["ret"], body[HOLD] === true);
  if (master === null) throw new AuthenticationError("The master's answer has no public key");
  return { next: "accepted", answer: openAnswer(body, request, identity, master, opts) };
}

function openEnvelope(
  reply: Uint8Array,
  opts: MinionAuthOpts,
): { load: Uint8Array; sig: Uint8Array } {
  let outer;
  try {
    outer = unpack(reply);
  } catch (error) {
    if (error instanceof SaltDeserializationError) throw notAMaster(`${reply.length} bytes`);
    throw error;
  }
  if (outer === "bad load") {
    throw new SaltClientError(
      `The master refuses protocol version ${PROTOCOL_VERSION} ("bad load"): its ` +
        "minimum_auth_version is higher than what this saltx speaks; the master's log says more",
    );
  }
  if (!isMap(outer) || outer["load"] === undefined) throw notAMaster(shownData(outer));
  const load = outer["load"];
  if (isMap(load)) throw plainRefusal(load, opts);
  return { load: bytesField(outer, "load"), sig: bytesField(outer, "sig") };
}

function notAMaster(what: string): SaltClientError {
  return new SaltClientError(
    `Sign-in attempt failed: the answer is ${what}. Is it a Salt master of 3006 or later?`,
  );
}

/** These come unsigned: the master could not tell how to sign. */
function plainRefusal(load: DataMap, opts: MinionAuthOpts): SaltClientError {
  const bad = load["ret"];
  if (bad !== "bad enc algo" && bad !== "bad sig algo") return notAMaster(shownData(load));
  const name = bad === "bad enc algo" ? "encryption_algorithm" : "signing_algorithm";
  return new SaltClientError(
    `Sign-in attempt failed: this minion's ${name} ("${
      opts[name]
    }") is not supported by its master. ` +
      "Change it in the minion's configuration",
  );
}

function readMap(bytes: Uint8Array, what: string): DataMap {
  const value = unpack(bytes);
  if (!isMap(value)) throw new AuthenticationError(`${what} is not a map`);
  return value;
}

function checkSignature(
  signer: string,
  load: Uint8Array,
  sig: Uint8Array,
  known: KnownMaster,
  opts: MinionAuthOpts,
): void {
  const { signing } = algorithmsOf(opts);
  if (pkcs1Verify(signer, load, sig, signing)) return;
  const hint = signing === "PKCS1v15-SHA1"
    ? ""
    : `, or that master is older than 3006.9 and knows no signing_algorithm but PKCS1v15-SHA1`;
  throw new AuthenticationError(
    "Invalid signature: the answer was not signed by the master key that this minion knows " +
      `("${known.keyPath}"). Another master answers at this address, or it has a new key; if that is ` +
      `as it should be, remove that file${hint}`,
  );
}

function verdictOf(ret: DataMap[string], holds: boolean): SignInVerdict {
  if (ret === "full") {
    throw new SaltClientError(
      "The master is full: it has as many minions as its max_minions allows. Raise that on the master",
    );
  }
  if (ret === false || ret === null || ret === "") return { next: "refused" };
  return { next: "pending", holds };
}

function openAnswer(
  body: DataMap,
  request: SignInRequest,
  identity: MinionIdentity,
  master: TrustedKey,
  opts: MinionAuthOpts,
): MasterAnswer {
  const { encryption } = algorithmsOf(opts);
  const open = (field: string) =>
    oaepDecrypt(identity.privateKey, bytesField(body, field), encryption);
  const aes = new TextDecoder().decode(open("aes"));
  checkDigest(master.key, bytesField(body, "sig"), aes);
  // The token was for the known key: a master that proved itself otherwise could not read it.
  if (request.token !== null && master.known) {
    if (body["token"] === undefined || !same(open("token"), ascii.encode(request.token))) {
      throw new AuthenticationError("The master failed to decrypt the random minion token");
    }
  }
  const session = body["session"] === undefined ? null : new TextDecoder().decode(open("session"));
  for (const text of session === null ? [aes] : [aes, session]) new Crypticle(text);
  return { publishPort: portOf(body), aes, session, master, resumes: body[RESUMES] === true };
}

/**
 * The answer to `_resume`, which came under the key of this minion's own session.
 * @returns null when the master wants a whole sign-in.
 */
export function readResumed(value: Data, before: MasterAnswer): MasterAnswer | null {
  if (!isMap(value) || typeof value["aes"] !== "string" || typeof value["session"] !== "string") {
    return null;
  }
  const { aes, session } = value;
  for (const text of [aes, session]) new Crypticle(text);
  return { ...before, publishPort: portOf(value), aes, session };
}

function checkDigest(masterKey: string, signature: Uint8Array, aes: string): void {
  if (same(recoverX931(masterKey, signature), ascii.encode(sha256Hex(aes)))) return;
  throw new AuthenticationError("The master's signature on its session key does not hold");
}

function portOf(body: DataMap): number {
  const port = body["publish_port"];
  if (typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new AuthenticationError(`The master names no publish_port, but ${shownData(port)}`);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The `tok` of requests needs this text signed. (`salt/crypt.py:AsyncAuth.gen_token`) */
export const TOKEN_TEXT = "salt";
