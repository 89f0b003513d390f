import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import {
  mac1Key,
  nativeScalarMult,
  publicOf,
  resetToken,
  seal,
  shortMac,
  tweetnaclScalarMult,
} from "../../../src/transport/raet/crypto.ts";
import {
  makeCookie,
  makeHello,
  makeInitiate,
  openCookie,
  openIdentity,
  openJoin,
  openSealed,
  sizedHello,
} from "../../../src/transport/raet/handshake.ts";
import { openPacket, sealPacket, Suite } from "../../../src/transport/raet/suites.ts";
import { PacketType, writeHeader } from "../../../src/transport/raet/wire.ts";
import { Random } from "../../support/random.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const digest = (bytes: Uint8Array) => createHash("sha512").update(bytes).digest("hex").slice(0, 32);
const repeated = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const pair = (byte: number) => ({ secret: repeated(byte), pub: publicOf(repeated(byte)) });
const ip = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1);

/** The handshake of appendix A in docs/raet.md. */
function exchange(suites = 1) {
  const [s, c] = [pair(1), pair(2)];
  const hello = makeHello({
    responderPub: s.pub,
    short: pair(3),
    cid: repeated(5, 8),
    clock: 1000,
    bootId: repeated(9, 8),
    suites,
  })!;
  const sent = sizedHello(hello, null, 1200);
  const cookie = makeCookie(sent, s, {
    short: pair(4),
    clock: 2000,
    cookieKey: repeated(6),
    nonce: repeated(7, 24),
    counter: repeated(8, 8),
    ip,
    suites,
  })!;
  const initiate = makeInitiate(hello, openCookie(cookie, hello)!, c, repeated(10, 96))!;
  return { s, c, hello, sent, cookie, initiate };
}

test("handshake - gives the bytes of the specification's vectors", () => {
  const { s, c, hello, sent, cookie, initiate } = exchange();
  assert.equal(hex(s.pub), "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209");
  assert.equal(hex(c.pub), "ce8d3ad1ccb633ec7b70c17814a5c76ecd029685050d344745ba05870e587d59");
  assert.equal(
    hex(hello.key),
    "71dd7aba1d08edd23fb4052987b3b34494b0170b209b46c7ba289fc0ed675a06",
  );
  assert.equal(hex(sent.subarray(108, 124)), "99bd87f5e080de76c467ef08d450bc43");
  assert.equal(digest(sent), "a57aaedfd1638a277a84e15891afbd36");
  assert.equal(digest(cookie), "4b4e878c4b06474e76825afc8c077c4f");
  assert.equal(initiate.packet.length, 458);
  assert.equal(digest(initiate.packet), "669e43c302c60ed60084714e89ec6f19");
  const { keys } = initiate;
  assert.equal(
    hex(keys.toResponder),
    "0498ca2b01036822cb87f3bd0ad919e3a2dee38666c2b2ab71d0dadcb70c91ec",
  );
  assert.equal(
    hex(keys.toInitiator),
    "20e81dc0446aae975c42c687fdd936f72370ae3fcf0dc2ed4435e16cc0d04fff",
  );
  assert.equal(hex(keys.responderCid), "76fc9c1ef586ceaf");
  assert.equal(hex(resetToken(s.secret, keys.responderCid)), "8e19a1273fa808bc0fc98bbfe7c89bc2");
});

test("DATA - gives the bytes of the specification's vector", () => {
  const { keys } = exchange().initiate;
  const packet = new Uint8Array(72);
  writeHeader(packet, PacketType.DATA, 0, keys.responderCid, 0);
  const plain = new Uint8Array(32);
  plain[0] = 1;
  packet.set(seal(plain, packet.subarray(0, 24), keys.toResponder), 24);
  assert.equal(
    hex(packet),
    "524145540104000076fc9c1ef586ceaf0000000000000000d8d6964c40e628ea08d46d65799f3cd84b6d4a5f" +
      "e914959d3282307b2aad8cd097b2e609dd01b1aa5b3bcb3a93e2f1ef",
  );
});

test("suite 2 - both sides choose it where both have it, and give the bytes of its vector", () => {
  const { initiate } = exchange(3);
  assert.equal(initiate.keys.suite, Suite.CHACHA20);
  const facts = { now: 2500, maxAge: 30_000, ip };
  const state = openSealed(initiate.packet, [repeated(6)], facts)!;
  const proven = openJoin(initiate.packet, state, openIdentity(initiate.packet, state)!)!;
  assert.deepEqual(proven.keys, initiate.keys);
  assert.notDeepEqual(initiate.keys.toResponder, exchange().initiate.keys.toResponder);
  const header = new Uint8Array(24);
  writeHeader(header, PacketType.DATA, 0, initiate.keys.responderCid, 0);
  const plain = new Uint8Array(32);
  plain[0] = 1;
  const packet = sealPacket(Suite.CHACHA20, plain, header, initiate.keys.toResponder);
  assert.equal(
    hex(packet),
    "5241455401040000718436f61c39efa9000000000000000085beffa4a6d661ab33a5f258c6c22f45b7275177" +
      "11b9126814410ca36e8c5f67917c9d5dfff058f6620b8b03c279db81",
  );
  assert.deepEqual(openPacket(Suite.CHACHA20, packet, initiate.keys.toResponder), plain);
  const nonce = new Uint8Array(12);
  nonce.set(header.subarray(16), 4);
  const other = chacha20poly1305(initiate.keys.toResponder, nonce, header).encrypt(plain);
  assert.deepEqual(packet.subarray(24), other, "another implementation gives other bytes");
  for (let bit = 0; bit < packet.length * 8; bit++) {
    const turned = packet.slice();
    turned[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(openPacket(Suite.CHACHA20, turned, initiate.keys.toResponder), null, `bit ${bit}`);
  }
});

test("suites - whoever takes one away from a hello on its way gets no session", () => {
  const { sent, hello, s, c } = exchange(3);
  const weaker = sent.slice();
  weaker[64] = 1;
  weaker.set(shortMac(16, mac1Key(s.pub), weaker.subarray(0, 108)), 108);
  const cookie = makeCookie(weaker, s, {
    short: pair(4),
    clock: 2000,
    cookieKey: repeated(6),
    nonce: repeated(7, 24),
    counter: repeated(8, 8),
    ip,
    suites: 3,
  })!;
  const initiate = makeInitiate(hello, openCookie(cookie, hello)!, c, repeated(10, 96))!;
  const state = openSealed(initiate.packet, [repeated(6)], { now: 2500, maxAge: 30_000, ip })!;
  const first = openIdentity(initiate.packet, state);
  assert.equal(first ? openJoin(initiate.packet, state, first) : null, null);
});

test("handshake - both sides come to the same keys, and the responder learns who it is", () => {
  const { c, initiate } = exchange();
  const facts = { now: 2500, maxAge: 30_000, ip };
  const state = openSealed(initiate.packet, [repeated(6)], facts)!;
  const proven = openJoin(initiate.packet, state, openIdentity(initiate.packet, state)!)!;
  assert.deepEqual(proven.keys, initiate.keys);
  assert.deepEqual(proven.identity, c.pub);
  assert.deepEqual(proven.join, repeated(10, 96));
  assert.equal(openSealed(initiate.packet, [repeated(6)], { ...facts, now: 33_000 }), null);
  assert.equal(openSealed(initiate.packet, [repeated(6)], { ...facts, ip: repeated(1, 16) }), null);
});

test("INITIATE - is refused with any bit turned", () => {
  const { initiate } = exchange();
  const facts = { now: 2500, maxAge: 30_000, ip };
  for (let bit = 24 * 8; bit < initiate.packet.length * 8; bit += 7) {
    const packet = initiate.packet.slice();
    packet[bit >> 3]! ^= 1 << (bit & 7);
    const state = openSealed(packet, [repeated(6)], facts);
    const first = state && openIdentity(packet, state);
    assert.equal(first ? openJoin(packet, state, first) : null, null, `bit ${bit}`);
  }
});

test("scalarMult - native code and tweetnacl give the same bytes", () => {
  const random = new Random(25519);
  for (let i = 0; i < 20; i++) {
    const [a, b] = [random.bytes(32), random.bytes(32)];
    const pub = tweetnaclScalarMult(b, Uint8Array.of(9, ...new Uint8Array(31)));
    assert.deepEqual(nativeScalarMult(a, pub), tweetnaclScalarMult(a, pub));
  }
});
