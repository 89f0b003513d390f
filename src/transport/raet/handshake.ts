/**
 * HELLO, RETRY, COOKIE and INITIATE as bytes: built and opened without state and without I/O.
 * (docs/raet.md, sections 5 and 6)
 * @module
 */
import {
  derive,
  hash,
  mac1Key,
  open,
  resetToken,
  same,
  seal,
  type SessionKeys,
  sessionKeys,
  sharedSecret,
  shortMac,
  startHash,
} from "./crypto.ts";
import { bestSuite, hasSuite } from "./suites.ts";
import {
  CID_BYTES,
  concat,
  FROM_RESPONDER,
  HEADER_BYTES,
  numberBytes,
  PacketType,
  readNumber,
  SMALL_PATH,
  utf8,
  writeHeader,
} from "./wire.ts";

const TOKEN_BYTES = 40;
const MAC1_AT = 108;
const HELLO_BOX_AT = 124;
const HELLO_BYTES = HELLO_BOX_AT + 80;
export const RETRY_BYTES = 80;
export const COOKIE_BYTES = 328;
const COOKIE_PLAIN = 288;
const SEALED_STATE = 240;
/** Where the responder's own state names the suite. */
const SUITE_AT = 192;
const BOX1_AT = 56 + SEALED_STATE;
export const INITIATE_BYTES = BOX1_AT + 48 + 2;

/** A key pair of X25519. */
export interface KeyPair {
  secret: Uint8Array;
  pub: Uint8Array;
}

/** What an initiator chose for one hello. */
export interface HelloInput {
  responderPub: Uint8Array;
  short: KeyPair;
  cid: Uint8Array;
  /** ms */
  clock: number;
  bootId: Uint8Array;
  /** Bits of the suites that the initiator has. */
  suites: number;
}

/** A hello that waits for its cookie. */
export interface HelloState extends HelloInput {
  readonly transcript: Uint8Array;
  readonly chain: Uint8Array;
  readonly key: Uint8Array;
  readonly packet: Uint8Array;
}

/** Makes a hello of 204 bytes; {@linkcode sizedHello} gives it a token and its size. Null: unusable key. */
export function makeHello(input: HelloInput): HelloState | null {
  const { responderPub, short, cid, clock, bootId, suites } = input;
  const shared = sharedSecret(short.secret, responderPub);
  if (shared === null) return null;
  const packet = new Uint8Array(HELLO_BYTES);
  writeHeader(packet, PacketType.HELLO, 0, null, 0);
  packet.set(short.pub, 24);
  packet.set(cid, 56);
  packet[64] = suites;
  packet[65] = 1;
  const h0 = startHash(responderPub);
  const { chain, key } = derive(h0, shared);
  const plain = concat(numberBytes(clock), bootId, new Uint8Array(48));
  const box = seal(plain, packet.subarray(0, HEADER_BYTES), key);
  packet.set(box, HELLO_BOX_AT);
  const transcript = hash(hash(h0, packet.subarray(0, 68)), box);
  return { ...input, transcript, chain, key, packet };
}

/** The hello as it is sent: with a token or none, padded to `size`. */
export function sizedHello(hello: HelloState, token: Uint8Array | null, size: number): Uint8Array {
  const packet = new Uint8Array(size);
  packet.set(hello.packet);
  if (token !== null) packet.set(token, 68);
  packet.set(shortMac(16, mac1Key(hello.responderPub), packet.subarray(0, MAC1_AT)), MAC1_AT);
  return packet;
}

/** Whether a packet has the form of a hello and its cheap MAC holds. */
export function helloHolds(packet: Uint8Array, macKey: Uint8Array): boolean {
  if (packet.length < SMALL_PATH) return false;
  for (let at = HELLO_BYTES; at < packet.length; at++) if (packet[at] !== 0) return false;
  return same(
    packet.subarray(MAC1_AT, HELLO_BOX_AT),
    shortMac(16, macKey, packet.subarray(0, MAC1_AT)),
  );
}

/** The short-term public key and the connection id in a hello. */
export function helloFields(packet: Uint8Array) {
  return {
    short: packet.subarray(24, 56),
    cid: packet.subarray(56, 56 + CID_BYTES),
    token: packet.subarray(68, MAC1_AT),
    mac1: packet.subarray(MAC1_AT, HELLO_BOX_AT),
  };
}

/** A token that proves, without state, that its holder was at an address at a time. */
export function makeToken(
  tokenKey: Uint8Array,
  ms: number,
  ip: Uint8Array,
  short: Uint8Array,
): Uint8Array {
  const time = numberBytes(ms);
  return concat(time, shortMac(TOKEN_BYTES - 8, tokenKey, utf8("t"), time, ip, short));
}

/** Whether one of the keys made this token for that address, no longer than `lifetime` ms ago. */
export function tokenHolds(
  token: Uint8Array,
  keys: readonly Uint8Array[],
  facts: { now: number; lifetime: number; ip: Uint8Array; short: Uint8Array },
): boolean {
  if ((token[0]! | (token[1]! & 0xe0)) !== 0) return false;
  const ms = readNumber(token.subarray(0, 8));
  const age = facts.now - ms;
  if (age < -1000 || age > facts.lifetime) return false;
  return keys.some((key) => same(token, makeToken(key, ms, facts.ip, facts.short)));
}

/** The answer that asks for the hello again, with a token. */
export function makeRetry(
  hello: Uint8Array,
  token: Uint8Array,
  counter: Uint8Array,
  macKey: Uint8Array,
): Uint8Array {
  const { cid, mac1 } = helloFields(hello);
  const packet = new Uint8Array(RETRY_BYTES);
  writeHeader(packet, PacketType.RETRY, FROM_RESPONDER, cid, counter);
  packet.set(token, HEADER_BYTES);
  packet.set(shortMac(16, macKey, packet.subarray(0, 64), mac1), 64);
  return packet;
}

/** The token of a RETRY to this hello as it was sent; null when it is forged. */
export function openRetry(
  packet: Uint8Array,
  sent: Uint8Array,
  responderPub: Uint8Array,
): Uint8Array | null {
  if (packet.length !== RETRY_BYTES) return null;
  const { cid, mac1 } = helloFields(sent);
  const holds = same(packet.subarray(8, 16), cid) &&
    same(packet.subarray(64), shortMac(16, mac1Key(responderPub), packet.subarray(0, 64), mac1));
  return holds ? packet.slice(HEADER_BYTES, 64) : null;
}

/** What the responder puts into a cookie. */
export interface CookieInput {
  short: KeyPair;
  /** ms */
  clock: number;
  cookieKey: Uint8Array;
  /** 24 random bytes. */
  nonce: Uint8Array;
  /** 8 random bytes. */
  counter: Uint8Array;
  /** 16 bytes of the peer's address. */
  ip: Uint8Array;
  /** Bits of the suites that the responder has. */
  suites: number;
}

/** Opens a hello and makes its cookie; null when the hello is not authentic. Keeps nothing. */
export function makeCookie(
  hello: Uint8Array,
  long: KeyPair,
  input: CookieInput,
): Uint8Array | null {
  const { short, cid } = helloFields(hello);
  const shared = sharedSecret(long.secret, short);
  const suite = bestSuite(hello[64]! & input.suites);
  if (shared === null || suite === null) return null;
  const h0 = startHash(long.pub);
  const { chain, key } = derive(h0, shared);
  const box = hello.subarray(HELLO_BOX_AT, HELLO_BYTES);
  if (open(box, hello.subarray(0, HEADER_BYTES), key) === null) return null;
  const transcript = hash(hash(h0, hello.subarray(0, 68)), box);
  const tail = new Uint8Array(8);
  tail[0] = suite;
  const time = numberBytes(input.clock);
  const state = concat(
    short,
    input.short.secret,
    input.short.pub,
    chain,
    transcript,
    cid,
    hash(input.ip).subarray(0, 16),
    time,
    tail,
  );
  const sealed = concat(input.nonce, seal(state, input.nonce, input.cookieKey));
  const packet = new Uint8Array(hello.length);
  writeHeader(packet, PacketType.COOKIE, FROM_RESPONDER, cid, input.counter);
  const plain = concat(input.short.pub, time, tail, sealed);
  packet.set(seal(plain, packet.subarray(0, HEADER_BYTES), key), HEADER_BYTES);
  return packet;
}

/** What an initiator learns from a cookie. */
export interface Cookie {
  suite: number;
  responderShort: Uint8Array;
  /** The responder's own state, which goes back to it as it is. */
  sealed: Uint8Array;
}

/** Opens a COOKIE; null when it does not answer this hello. */
export function openCookie(packet: Uint8Array, hello: HelloState): Cookie | null {
  if (packet.length < COOKIE_BYTES || !same(packet.subarray(8, 16), hello.cid)) return null;
  const box = packet.subarray(HEADER_BYTES, HEADER_BYTES + COOKIE_PLAIN + 16);
  const plain = open(box, packet.subarray(0, HEADER_BYTES), hello.key);
  if (plain === null || !hasSuite(hello.suites, plain[40]!)) return null;
  return { suite: plain[40]!, responderShort: plain.slice(0, 32), sealed: plain.slice(48) };
}

/** An INITIATE and the keys that follow from it. */
export interface Initiation {
  packet: Uint8Array;
  keys: SessionKeys;
}

/** Makes an INITIATE around a join record; null for unusable keys of the responder. */
export function makeInitiate(
  hello: HelloState,
  cookie: Cookie,
  long: KeyPair,
  join: Uint8Array,
): Initiation | null {
  const ephemeral = sharedSecret(hello.short.secret, cookie.responderShort);
  const identity = sharedSecret(long.secret, cookie.responderShort);
  if (ephemeral === null || identity === null) return null;
  const padded = new Uint8Array(Math.ceil(join.length / 32) * 32);
  padded.set(join);
  const packet = new Uint8Array(INITIATE_BYTES + padded.length + 16);
  writeHeader(packet, PacketType.INITIATE, 0, null, 1);
  packet.set(hello.short.pub, 24);
  packet.set(cookie.sealed, 56);
  const h3 = hash(hello.transcript, cookie.responderShort, cookie.sealed);
  const second = derive(hello.chain, ephemeral);
  const box1 = seal(long.pub, packet.subarray(0, HEADER_BYTES), second.key);
  packet.set(box1, BOX1_AT);
  new DataView(packet.buffer).setUint16(INITIATE_BYTES - 2, padded.length + 16);
  const h4 = hash(h3, box1);
  const third = derive(second.chain, identity, h4);
  const box2 = seal(padded, secondNonce(packet), third.key);
  packet.set(box2, INITIATE_BYTES);
  return { packet, keys: sessionKeys(third.chain, hash(h4, box2), cookie.suite) };
}

/** The header with counter 2: the nonce of the second box. */
function secondNonce(packet: Uint8Array): Uint8Array {
  const nonce = packet.slice(0, HEADER_BYTES);
  nonce[HEADER_BYTES - 1] = 2;
  return nonce;
}

/** The responder's state out of an INITIATE, before any multiplication. */
export interface SealedState {
  nonce: Uint8Array;
  plain: Uint8Array;
}

/**
 * Opens what the cookie carried: null unless this responder made it for that address and short-term
 * key at most `maxAge` ms ago.
 */
export function openSealed(
  packet: Uint8Array,
  cookieKeys: readonly Uint8Array[],
  facts: { now: number; maxAge: number; ip: Uint8Array },
): SealedState | null {
  if (packet.length < INITIATE_BYTES + 16) return null;
  const nonce = packet.slice(56, 80);
  const box = packet.subarray(80, BOX1_AT);
  for (const key of cookieKeys) {
    const plain = open(box, nonce, key);
    if (plain === null) continue;
    const holds = same(plain.subarray(0, 32), packet.subarray(24, 56)) &&
      same(plain.subarray(168, 184), hash(facts.ip).subarray(0, 16)) &&
      facts.now - readNumber(plain.subarray(184, 192)) <= facts.maxAge;
    return holds ? { nonce, plain } : null;
  }
  return null;
}

/** What an INITIATE proves. */
export interface Proven {
  /** The initiator's long-term public key. */
  identity: Uint8Array;
  initiatorCid: Uint8Array;
  /** ms on the responder's clock when it made the cookie. */
  cookieAt: number;
  join: Uint8Array;
  keys: SessionKeys;
}

/** The first half: who it is. Null when it does not hold. */
export function openIdentity(packet: Uint8Array, state: SealedState) {
  const { plain } = state;
  const ephemeral = sharedSecret(plain.subarray(32, 64), plain.subarray(0, 32));
  if (ephemeral === null) return null;
  const h3 = hash(plain.subarray(128, 160), plain.subarray(64, 96), packet.subarray(56, BOX1_AT));
  const second = derive(plain.subarray(96, 128), ephemeral);
  const box1 = packet.subarray(BOX1_AT, BOX1_AT + 48);
  const identity = open(box1, packet.subarray(0, HEADER_BYTES), second.key);
  if (identity === null) return null;
  return { identity, chain: second.chain, transcript: hash(h3, box1) };
}

/** The second half: the join record and the session's keys. Null when it does not hold. */
export function openJoin(
  packet: Uint8Array,
  state: SealedState,
  first: NonNullable<ReturnType<typeof openIdentity>>,
): Proven | null {
  const shared = sharedSecret(state.plain.subarray(32, 64), first.identity);
  if (shared === null) return null;
  const length = packet[INITIATE_BYTES - 2]! * 256 + packet[INITIATE_BYTES - 1]!;
  if (packet.length !== INITIATE_BYTES + length) return null;
  const box2 = packet.subarray(INITIATE_BYTES);
  const third = derive(first.chain, shared, first.transcript);
  const join = open(box2, secondNonce(packet), third.key);
  if (join === null) return null;
  return {
    identity: first.identity,
    initiatorCid: state.plain.slice(160, 168),
    cookieAt: readNumber(state.plain.subarray(184, 192)),
    join,
    keys: sessionKeys(third.chain, hash(first.transcript, box2), state.plain[SUITE_AT]!),
  };
}

/** A RESET for a packet that named a session which is not there. */
export function makeReset(
  cid: Uint8Array,
  long: KeyPair,
  counter: Uint8Array,
  flags: number,
): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + 16);
  writeHeader(packet, PacketType.RESET, flags, cid, counter);
  packet.set(resetToken(long.secret, cid), HEADER_BYTES);
  return packet;
}
