import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSignIn, judgeAnswer } from "../../../src/channel/minion_auth.ts";
import type { MinionIdentity, SignInRequest } from "../../../src/channel/minion_auth.ts";
import type { KnownMaster } from "../../../src/channel/master_trust.ts";
import type { MinionAuthOpts } from "../../../src/channel/minion_options.ts";
import { oaepDecrypt } from "../../../src/crypt/mod.ts";
import { SaltException } from "../../../src/errors.ts";
import type { SessionOpts } from "../../../src/minion/session.ts";
import { packWire, unpack } from "../../../src/serializers/msgpack.ts";
import type { DataMap, MinionId } from "../../../src/types/mod.ts";
import { minionAuthOpts } from "../../support/minion_auth_opts.ts";
import { b64, loadVectors, testKey } from "../../support/vectors.ts";

const master = testKey("test-master");
const signer = testKey("test-master-sign");
const minion = testKey("test-minion");
const other = testKey("test-minion-other");

// Fails to compile when the minion's options do not fit.
const _fits = (opts: SessionOpts): MinionAuthOpts => opts;

function known(key: string | null, verifyingKey: string | null = null): KnownMaster {
  return { key, keyPath: "minion_master.pub", verifyingKey, verifyingKeyPath: "master_sign.pub" };
}

/** The request of a recorded exchange, as the minion that made it would remember it. */
function recorded(exchange: { request_b64: string; clear_token?: string }) {
  const envelope = unpack(b64(exchange.request_b64)) as DataMap;
  const load = envelope["load"] as DataMap;
  const request: SignInRequest = {
    payload: b64(exchange.request_b64),
    nonce: load["nonce"] as string,
    token: exchange.clear_token ?? null,
  };
  const pair = String(load["pub"]).trim() === other.publicKey.trim() ? other : minion;
  const identity: MinionIdentity = { id: load["id"] as MinionId, ...pair };
  const opts = minionAuthOpts({
    encryption_algorithm: (load["enc_algo"] ?? "OAEP-SHA1") as string,
    signing_algorithm: (load["sig_algo"] ?? "PKCS1v15-SHA1") as string,
  });
  return { request, identity, opts, load };
}

/** Answers that a minion of today never gets, since it asks with version 3 and known algorithms. */
function isForeign(exchange: { reply_load?: unknown }): boolean {
  return exchange.reply_load === undefined;
}

for (const exchange of loadVectors("auth.json").exchanges) {
  test(`judgeAnswer() understands a real master: ${exchange.name}`, () => {
    const { request, identity, opts } = recorded(exchange);
    const reply = b64(exchange.reply_b64);
    const trusted = known(request.token === null ? null : master.publicKey);
    const judge = (more: Partial<MinionAuthOpts> = {}, by: KnownMaster = trusted) =>
      judgeAnswer(reply, request, identity, by, { ...opts, ...more });
    if (isForeign(exchange)) return assert.throws(judge, SaltException);
    const shown = exchange.reply_load;
    if ("ret" in shown) {
      // Real masters keep no request until there is a decision.
      const verdict = shown.ret === false ? { next: "refused" } : { next: "pending", holds: false };
      assert.deepEqual(judge(), verdict);
      assert.deepEqual(judge({}, known(master.publicKey)), verdict);
      assert.throws(() => judge({}, known(signer.publicKey)), { name: "AuthenticationError" });
      return;
    }
    const signed = "pub_sig" in shown;
    const verdict = signed
      ? judge({ verify_master_pubkey_sign: true }, known(null, signer.publicKey))
      : judge();
    assert.equal(verdict.next, "accepted");
    if (verdict.next !== "accepted") return;
    assert.equal(verdict.answer.publishPort, shown.publish_port);
    assert.equal(verdict.answer.aes, exchange.decrypted.aes);
    assert.equal(verdict.answer.session, exchange.decrypted.session ?? null);
    assert.deepEqual(verdict.answer.master, {
      key: master.publicKey.trim(),
      known: trusted.key !== null,
      keep: trusted.key === null,
    });
    assert.throws(() => judge({ verify_master_pubkey_sign: !signed }), {
      name: "AuthenticationError",
    });
    assert.throws(() => judge({}, known(other.publicKey)), { name: "AuthenticationError" });
  });
}

for (const file of ["minion_traffic_v2_3006.0.json", "minion_traffic_v3_3006.16.json"]) {
  test(`buildSignIn() asks as the real minion in ${file}`, () => {
    const exchange = loadVectors(file).exchanges[0];
    const { request, identity, opts, load } = recorded(exchange);
    const built = unpack(buildSignIn(identity, known(null), opts).payload) as DataMap;
    const asked = { enc_algo: "OAEP-SHA1", sig_algo: "PKCS1v15-SHA1", ...load };
    const mine = built["load"] as DataMap;
    assert.deepEqual({ ...mine, nonce: load["nonce"] }, asked);
    assert.match(String(mine["nonce"]), /^[0-9a-f]{32}$/);
    assert.deepEqual([built["enc"], built["version"]], ["clear", 3]);
    const verdict = judgeAnswer(b64(exchange.reply_b64), request, identity, known(null), opts);
    assert.equal(verdict.next === "accepted" && verdict.answer.aes, exchange.decrypted.aes);
  });
}

test("buildSignIn() sends a token that only the known master can read, fresh each time", () => {
  const identity: MinionIdentity = { id: "m1" as MinionId, ...minion };
  for (const encryption_algorithm of ["OAEP-SHA1", "OAEP-SHA224"] as const) {
    const opts = minionAuthOpts({ encryption_algorithm });
    const [a, b] = [1, 2].map(() => buildSignIn(identity, known(master.publicKey), opts));
    const load = (unpack(a?.payload as Uint8Array) as DataMap)["load"] as DataMap;
    const token = oaepDecrypt(master.privateKey, load["token"] as Uint8Array, encryption_algorithm);
    assert.equal(new TextDecoder().decode(token), a?.token);
    assert.notEqual(a?.token, b?.token);
    assert.notEqual(a?.nonce, b?.nonce);
  }
});

test("buildSignIn() says what to do about a broken file of the master's key", () => {
  const identity: MinionIdentity = { id: "m1" as MinionId, ...minion };
  assert.throws(() => buildSignIn(identity, known("rubbish"), minionAuthOpts()), {
    name: "AuthenticationError",
    message: /"minion_master.pub" holds no usable public key of a master: remove it/,
  });
});

test("judgeAnswer() refuses what no master sends", () => {
  const identity: MinionIdentity = { id: "m1" as MinionId, ...minion };
  const opts = minionAuthOpts();
  const request = buildSignIn(identity, known(null), opts);
  const answers = [
    new Uint8Array(),
    new Uint8Array([0xc1]),
    packWire(null),
    packWire([]),
    packWire({}),
    packWire({ load: null }),
    packWire({ load: new Uint8Array([0xc0]) }),
    packWire({ load: new Uint8Array([0xc0]), sig: new Uint8Array(256) }),
    packWire({ load: packWire({}), sig: new Uint8Array(256) }),
    packWire({ load: packWire({ pub_key: 5 }), sig: "" }),
    packWire({ load: packWire({ pub_key: "no key", nonce: request.nonce }), sig: "" }),
  ];
  for (const reply of answers) {
    assert.throws(() => judgeAnswer(reply, request, identity, known(null), opts), SaltException);
  }
});
