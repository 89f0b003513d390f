/**
 * The cryptography of handshakes: X25519, XSalsa20-Poly1305, SHA-512, HMAC-SHA-512, and the schedule by
 * which a handshake's keys follow from each other. (docs/raet.md, section 5)
 * @module
 */
import { Buffer } from "node:buffer";
import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  timingSafeEqual,
} from "node:crypto";
import nacl from "tweetnacl";
import { utf8 } from "./wire.ts";

/** X25519: 32 bytes of secret and of public key to 32 bytes. */
export type ScalarMult = (secret: Uint8Array, pub: Uint8Array) => Uint8Array;

/** The heads of DER files that hold nothing but a raw key. (RFC 8410) */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

/** The reference. */
export const tweetnaclScalarMult: ScalarMult = (secret, pub) => nacl.scalarMult(secret, pub);

/** The same by the runtime's own code, about ten times as fast. */
export const nativeScalarMult: ScalarMult = (secret, pub) => {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8, secret]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = createPublicKey({
    key: Buffer.concat([SPKI, pub]),
    format: "der",
    type: "spki",
  });
  return new Uint8Array(diffieHellman({ privateKey, publicKey }));
};

let chosen: ScalarMult | undefined;

/** The native code where it gives the reference's bytes for a fixed pair of keys, else the reference. */
export function scalarMult(secret: Uint8Array, pub: Uint8Array): Uint8Array {
  chosen ??= agrees() ? nativeScalarMult : tweetnaclScalarMult;
  return chosen(secret, pub);
}

function agrees(): boolean {
  const secret = new Uint8Array(32).fill(3);
  const pub = tweetnaclScalarMult(new Uint8Array(32).fill(5), BASE);
  try {
    return same(nativeScalarMult(secret, pub), tweetnaclScalarMult(secret, pub));
  } catch {
    return false;
  }
}

const BASE = new Uint8Array(32);
BASE[0] = 9;

/** The public key of a secret one. */
export function publicOf(secret: Uint8Array): Uint8Array {
  return scalarMult(secret, BASE);
}

/** A shared secret; null for the few public keys that give a known one. */
export function sharedSecret(secret: Uint8Array, pub: Uint8Array): Uint8Array | null {
  try {
    const shared = scalarMult(secret, pub);
    return shared.every((byte) => byte === 0) ? null : shared;
  } catch {
    return null;
  }
}

/** Whether a public key can be used: not one that makes every shared secret zero. */
export function isUsablePublic(pub: Uint8Array): boolean {
  return pub.length === 32 && sharedSecret(new Uint8Array(32).fill(7), pub) !== null;
}

/** SHA-512, cut to 32 bytes. */
export function hash(...parts: Uint8Array[]): Uint8Array {
  const state = createHash("sha512");
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest().subarray(0, 32));
}

/** HMAC-SHA-512, 64 bytes. */
export function mac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const state = createHmac("sha512", key);
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
}

/** HMAC-SHA-512, cut. */
export function shortMac(length: number, key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  return mac(key, ...parts).slice(0, length);
}

/** Compares in a time that does not depend on the bytes. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Encrypts; the nonce is a packet's header. */
export function seal(plain: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  return nacl.secretbox(plain, nonce, key);
}

/** Decrypts; null when it is not authentic. */
export function open(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null {
  return nacl.secretbox.open(box, nonce, key);
}

/** A chain key and the key that branches off it. */
export interface Derived {
  chain: Uint8Array;
  key: Uint8Array;
}

const ONE = Uint8Array.of(1);
const TWO = Uint8Array.of(2);

/** One step of the schedule. */
export function derive(chain: Uint8Array, ...input: Uint8Array[]): Derived {
  const p = mac(chain, ...input);
  const next = mac(p, ONE).slice(0, 32);
  return { chain: next, key: mac(p, next, TWO).slice(0, 32) };
}

/** What both sides begin with: the responder's long-term public key. */
export function startHash(responderPub: Uint8Array): Uint8Array {
  return hash(utf8("RAET/1 X25519 XSalsa20-Poly1305 HMAC-SHA-512"), responderPub);
}

/** Key of the cheap MAC on hellos: known to all who know the responder's public key. */
export function mac1Key(responderPub: Uint8Array): Uint8Array {
  return hash(utf8("RAET/1 mac1"), responderPub);
}

/** Keys of one session. */
export interface SessionKeys {
  toResponder: Uint8Array;
  toInitiator: Uint8Array;
  /** How its packets are sealed. (suites.ts) */
  suite: number;
  /** By which packets to the responder name the session. */
  responderCid: Uint8Array;
  /** A name for logs. */
  sid: string;
}

/** The end of the schedule. `chain` is ck3, `transcript` h5. */
export function sessionKeys(
  chain: Uint8Array,
  transcript: Uint8Array,
  suite: number,
): SessionKeys {
  const other = suite === 1 ? new Uint8Array(0) : Uint8Array.of(suite);
  const p = mac(chain, utf8("RAET/1 session"), transcript, other);
  return {
    suite,
    toResponder: mac(p, utf8("i2r")).slice(0, 32),
    toInitiator: mac(p, utf8("r2i")).slice(0, 32),
    responderCid: mac(p, utf8("cid")).slice(0, 8),
    sid: Buffer.from(mac(p, utf8("sid")).subarray(0, 8)).toString("hex"),
  };
}

/** The token by which a peer knows that a RESET comes from the owner of a long-term key. */
export function resetToken(longTerm: Uint8Array, cid: Uint8Array): Uint8Array {
  const key = mac(longTerm, utf8("RAET/1 reset")).subarray(0, 32);
  return shortMac(16, key, cid);
}
