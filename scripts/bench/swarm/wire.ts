/**
 * A minion's side of Salt's wire protocol, versions 2 and 3, as plain functions: what a simulated or
 * hand-made minion says and how it reads the answers. Independent of saltx's own minion.
 * @module
 */
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import {
  Crypticle,
  oaepDecrypt,
  oaepEncrypt,
  pkcs1Verify,
  recoverX931,
  sha256Hex,
  signX931,
} from "../../../src/crypt/mod.ts";
import { packWire, unpack } from "../../../src/serializers/msgpack.ts";
import { type Data, type DataMap, isMap } from "../../../src/types/mod.ts";

/** Who a minion is. */
export interface Identity {
  id: string;
  privateKey: string;
  publicKey: string;
}

/** What a sign-in gives. */
export interface Session {
  version: 2 | 3;
  fleet: Crypticle;
  /** Of this minion alone; masters before 3006.12 have none. */
  own: Crypticle | null;
  masterKey: string;
  publishPort: number;
  /** Whether the master gives new keys under this session's. */
  resumes: boolean;
}

/** A nonce as Salt makes them: 32 hex digits. */
export function makeNonce(): string {
  return randomBytes(16).toString("hex");
}

/** The text in bytes or text: what is valid UTF-8 arrives as text. */
function bytes(value: Data | undefined): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : value as Uint8Array;
}

/**
 * A sign-in. With `masterKey` it carries a token that the master must give back.
 * @param extra replaces or adds fields of the load.
 */
export function signInRequest(
  who: Identity,
  nonce: string,
  options: { version: 2 | 3; masterKey?: string; extra?: DataMap },
): Uint8Array {
  const load: DataMap = {
    cmd: "_auth",
    id: who.id,
    nonce,
    enc_algo: "OAEP-SHA1",
    sig_algo: "PKCS1v15-SHA1",
    pub: who.publicKey,
  };
  if (options.masterKey !== undefined) {
    load["token"] = oaepEncrypt(options.masterKey, Crypticle.generateKeyString());
  }
  return packWire({ enc: "clear", load: { ...load, ...options.extra }, version: options.version });
}

/**
 * Reads the answer to a sign-in, checking signatures, nonce and the keys in it.
 * @return the session, or the master's word (`true`: pending, `false`, `"full"`).
 * @throws Error when the answer is not authentic.
 */
export function readSignIn(
  who: Identity,
  reply: Uint8Array,
  nonce: string,
  options: { version: 2 | 3; masterKey?: string },
): Session | { ret: Data } {
  const outer = unpack(reply);
  if (!isMap(outer)) throw new Error(`the answer to a sign-in is ${JSON.stringify(outer)}`);
  if (isMap(outer["load"])) return { ret: outer["load"]["ret"] ?? null };
  const load = bytes(outer["load"]);
  const body = unpack(load) as DataMap;
  if (body["nonce"] !== nonce) throw new Error("the answer has another nonce");
  if ("ret" in body) return { ret: body["ret"] ?? null };
  const masterKey = String(body["pub_key"]);
  if (options.masterKey !== undefined && options.masterKey.trim() !== masterKey.trim()) {
    throw new Error("the answer is another master's");
  }
  if (!pkcs1Verify(masterKey, load, bytes(outer["sig"]))) throw new Error("its signature is wrong");
  const open = (field: string) => {
    return Buffer.from(oaepDecrypt(who.privateKey, bytes(body[field]))).toString();
  };
  const fleetKey = open("aes");
  const digest = Buffer.from(recoverX931(masterKey, bytes(body["sig"]))).toString();
  if (digest !== sha256Hex(fleetKey)) throw new Error("its signature of the session key is wrong");
  return {
    version: "session" in body ? options.version : 2,
    fleet: new Crypticle(fleetKey),
    own: "session" in body ? new Crypticle(open("session")) : null,
    masterKey,
    publishPort: Number(body["publish_port"]),
    resumes: body["saltx_resume"] === true,
  };
}

/** The session that `_resume` gave; null when the master wants a sign-in. */
export function readResume(session: Session, answer: Data): Session | null {
  if (!isMap(answer) || typeof answer["aes"] !== "string") return null;
  return {
    ...session,
    fleet: new Crypticle(answer["aes"]),
    own: new Crypticle(String(answer["session"])),
    publishPort: Number(answer["publish_port"]),
  };
}

const tokens = new Map<string, Uint8Array>();

/** Takes a token that was signed before for this identity's. */
export function keepToken(who: Identity, token: Uint8Array): void {
  tokens.set(who.privateKey, token);
}

/** The token that proves the identity: the same for all of a key's life. */
export function tokenOf(who: Identity): Uint8Array {
  let token = tokens.get(who.privateKey);
  if (token === undefined) {
    token = signX931(who.privateKey, Buffer.from("salt"));
    tokens.set(who.privateKey, token);
  }
  return token;
}

/** The key that requests of a session are under. */
export function requestKey(session: Session): Crypticle {
  return session.version === 3 && session.own !== null ? session.own : session.fleet;
}

/** Encrypts a request as the session's version wants it. */
export function sealRequest(
  who: Identity,
  session: Session,
  load: DataMap,
  nonce: string,
): Uint8Array {
  const full: DataMap = { ...load, nonce };
  const envelope: DataMap = { enc: "aes", version: session.version };
  if (session.version === 3) {
    Object.assign(full, { ts: Math.floor(Date.now() / 1000), tok: tokenOf(who), id: who.id });
    Object.assign(envelope, {
      id: who.id,
      enc_algo: "OAEP-SHA1",
      sig_algo: "PKCS1v15-SHA1",
    });
  }
  return packWire({ ...envelope, load: requestKey(session).dumps(full) });
}

/**
 * Decrypts the answer to a request.
 * @throws AuthenticationError when it is not under the session's key, as `"bad load"` is not.
 */
export function openReply(session: Session, reply: Uint8Array, nonce: string): Data {
  return requestKey(session).loads(bytes(unpack(reply, { raw: true })), { nonce });
}

/** Decrypts a publication: the job. Null when it is not under the fleet's key. */
export function openPublication(session: Session, payload: Uint8Array): DataMap | null {
  const outer = unpack(payload);
  if (!isMap(outer)) return null;
  const job = session.fleet.tryLoads(bytes(outer["load"]));
  return isMap(job) ? job : null;
}
