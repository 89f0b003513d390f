import assert from "node:assert/strict";
import { test } from "node:test";
import {
  openPillar,
  pillarSignatureHolds,
  readPillar,
} from "../../../src/channel/pillar_reader.ts";
import type { MinionIdentity } from "../../../src/channel/minion_auth.ts";
import { MinionSession, type RequestMaker } from "../../../src/channel/minion_session.ts";
import { Crypticle, recoverX931, signX931 } from "../../../src/crypt/mod.ts";
import { AuthenticationError } from "../../../src/errors.ts";
import { unpack } from "../../../src/serializers/msgpack.ts";
import type { DataMap, MinionId } from "../../../src/types/mod.ts";
import { minionAuthOpts } from "../../support/minion_auth_opts.ts";
import { assertShown, b64, loadVectors, testKey } from "../../support/vectors.ts";

/** What the vector files hold of one exchange. */
interface Exchange {
  name: string;
  request_b64?: string;
  reply_b64?: string;
  request_envelope?: DataMap;
  request_load: DataMap;
  reply?: unknown;
  reply_decrypted?: unknown;
  reply_signed?: { data_b64: string; sig_b64: string };
  master?: string;
}

/** Key strings of one run. */
interface Keys {
  aes: string;
  session: string | null;
}

const minion = testKey("test-minion");
const master = testKey("test-master");
const algorithms = { encryption: "OAEP-SHA1", signing: "PKCS1v15-SHA1" } as const;

function sessionOf(keys: Keys): MinionSession {
  const trusted = { key: master.publicKey, known: true, keep: false };
  return new MinionSession({ publishPort: 4505, ...keys, master: trusted, resumes: false }, null);
}

function maker(id: string): RequestMaker {
  const identity: MinionIdentity = { id: id as MinionId, ...minion };
  return { identity, token: signX931(minion.privateKey, "salt"), opts: minionAuthOpts() };
}

function encryptedRequest(exchange: Exchange, keys: Keys): { envelope: DataMap; load: DataMap } {
  const envelope = unpack(b64(exchange.request_b64 as string)) as DataMap;
  assertShown({ ...envelope, load: "<encrypted>" }, exchange.request_envelope);
  const key = envelope["version"] === 3 && keys.session !== null ? keys.session : keys.aes;
  const load = new Crypticle(key).loads(envelope["load"] as Uint8Array) as DataMap;
  return { envelope, load };
}

function checkRequest(exchange: Exchange, keys: Keys): void {
  const { load } = encryptedRequest(exchange, keys);
  assertShown(load, exchange.request_load);
  const token = load["tok"];
  if (!(token instanceof Uint8Array) || token.length !== 256) return;
  const owner = exchange.name === "token of another key" ? testKey("test-minion-other") : minion;
  if (exchange.name !== "bad token") {
    assert.equal(new TextDecoder().decode(recoverX931(owner.publicKey, token)), "salt");
  }
}

/** Sealing the load again makes the same request, but for what is random. */
function checkSealing(exchange: Exchange, keys: Keys): void {
  const { envelope, load } = encryptedRequest(exchange, keys);
  const { nonce, ts, tok: _tok, ...plain } = load;
  const id = (envelope["id"] ?? load["id"] ?? "vec-m1") as string;
  const session = sessionOf({
    aes: keys.aes,
    session: envelope["version"] === 3 ? keys.session : null,
  });
  const again = unpack(
    session.sealRequest(plain, nonce as string, Number(ts), maker(id)),
  ) as DataMap;
  const { load: sealed, ...rest } = again;
  const { load: _load, ...wanted }: DataMap = {
    enc_algo: "OAEP-SHA1",
    sig_algo: "PKCS1v15-SHA1",
    ...envelope,
    load: null,
  };
  assert.deepEqual(rest, wanted);
  const key = envelope["version"] === 3 ? keys.session as string : keys.aes;
  assert.deepEqual(new Crypticle(key).loads(sealed as Uint8Array), load);
}

function checkReply(exchange: Exchange, keys: Keys): void {
  const reply = b64(exchange.reply_b64 as string);
  const session = sessionOf(keys);
  const nonce = exchange.request_load["nonce"] as string;
  if (exchange.reply_signed) return checkPillar(exchange, unpack(reply) as DataMap, nonce);
  if (typeof exchange.reply === "string") {
    assert.equal(unpack(reply), exchange.reply);
    assert.throws(() => session.openReply(reply, nonce, false), AuthenticationError);
    return;
  }
  if (nonce === undefined) {
    const value = new Crypticle(keys.aes).loads(unpack(reply) as Uint8Array);
    return assertShown(value, exchange.reply_decrypted);
  }
  assertShown(session.openReply(reply, nonce, false), exchange.reply_decrypted);
  const other = "f".repeat(32);
  assert.throws(() => session.openReply(reply, other, false), { name: "SaltClientError" });
}

function checkPillar(exchange: Exchange, reply: DataMap, nonce: string): void {
  const sealed = openPillar(reply, minion.privateKey, algorithms);
  assert.deepEqual(sealed.data, b64(exchange.reply_signed?.data_b64 as string));
  assert.deepEqual(sealed.sig, b64(exchange.reply_signed?.sig_b64 as string));
  assert.equal(pillarSignatureHolds(sealed, master.publicKey, algorithms), true);
  assert.equal(pillarSignatureHolds(sealed, minion.publicKey, algorithms), false);
  const shown = exchange.reply_decrypted as DataMap;
  assertShown(readPillar(sealed, nonce), shown["pillar"]);
  assert.throws(() => readPillar(sealed, "0".repeat(32)), AuthenticationError);
  const swapped = { ...sealed, key: new Uint8Array(256) };
  assert.throws(() => readPillar(swapped, nonce), AuthenticationError);
}

function checkExchange(exchange: Exchange, keys: Keys): void {
  if (exchange.request_b64?.startsWith("g") || exchange.request_b64?.startsWith("h")) {
    if (exchange.request_envelope?.["enc"] !== "aes") return;
    checkRequest(exchange, keys);
  }
  if (exchange.reply_b64) checkReply(exchange, keys);
}

const traffic = ["minion_traffic_v2_3006.0.json", "minion_traffic_v3_3006.16.json"];
for (const file of traffic) {
  const vectors = loadVectors(file);
  const keys: Keys = { aes: vectors.keys.aes, session: vectors.keys.session ?? null };
  for (const exchange of vectors.exchanges as Exchange[]) {
    if (exchange.request_envelope?.["enc"] !== "aes") continue;
    test(`MinionSession speaks as the real minion in ${file}: ${exchange.name}`, () => {
      checkExchange(exchange, keys);
      const raw = exchange.request_b64;
      if (raw && !raw.startsWith("(")) checkSealing(exchange, keys);
    });
  }
}

const v2 = loadVectors("commands_v2_3006.0.json");
for (const exchange of v2.commands as Exchange[]) {
  if (!exchange.request_b64) continue;
  test(`MinionSession reads replies of 3006.0: ${exchange.name}`, () => {
    checkExchange(exchange, { aes: v2.keys.aes, session: null });
  });
}
for (const exchange of v2.after_rotation.commands as Exchange[]) {
  test(`MinionSession reads replies of 3006.0 after a rotation: ${exchange.name}`, () => {
    checkExchange(exchange, { aes: v2.keys.aes_for_group_after_rotation, session: null });
    assert.throws(
      () =>
        sessionOf({ aes: v2.keys.aes, session: null }).openReply(
          b64(exchange.reply_b64 as string),
          "",
          false,
        ),
      AuthenticationError,
    );
  });
}

const v3 = loadVectors("commands_v3.json");
for (const exchange of v3.commands as Exchange[]) {
  test(`MinionSession reads replies of ${exchange.master}: ${exchange.name}`, () => {
    checkExchange(exchange, v3.sessions[exchange.master as string]);
  });
}

const raw = (v2.commands as Exchange[]).find((c) => c.name === "_serve_file gzip") as Exchange;
test("MinionSession.openReply() leaves bytes as bytes in raw mode", () => {
  const session = sessionOf({ aes: v2.keys.aes, session: null });
  const nonce = raw.request_load["nonce"] as string;
  const reply = session.openReply(b64(raw.reply_b64 as string), nonce, true) as DataMap;
  assert.ok(reply["data"] instanceof Uint8Array);
  assert.deepEqual(reply["dest"], new TextEncoder().encode("hello.txt"));
});

interface Publication {
  frames_b64: string[];
  load: DataMap;
}

for (const capture of loadVectors("publish.json").captures) {
  test(`MinionSession opens publications of the ${capture.captured_from}`, () => {
    const session = sessionOf({ aes: capture.aes, session: null });
    let opened = 0;
    for (const message of capture.messages as Publication[]) {
      const outer = unpack(b64(message.frames_b64.at(-1) as string)) as DataMap;
      const load = outer["load"] as Uint8Array;
      assert.equal(session.signedByMaster(load, outer), true);
      const broken = load.slice();
      broken[20] = (broken[20] as number) ^ 1;
      assert.equal(session.signedByMaster(broken, outer), false);
      assert.throws(() => session.openPublication(broken), AuthenticationError);
      assertShown(new Crypticle(capture.aes).loads(load), message.load);
      if (session.openPublication(load) !== null) opened++;
      assert.equal(session.openPublication(load), null, "a publication opens once");
    }
    assert.ok(opened > 0);
  });
}

test("every recorded plain answer of a master is refused as no session's reply", () => {
  const session = sessionOf({ aes: v2.keys.aes, session: null });
  for (const error of loadVectors("clear_and_errors.json").errors) {
    if (!error.reply_b64) continue;
    const reply = b64(error.reply_b64);
    assert.deepEqual(unpack(reply), error.reply, error.name);
    assert.throws(() => session.openReply(reply, "0".repeat(32), false), AuthenticationError);
  }
});

test("every recorded clear exchange reads as recorded", () => {
  for (const exchange of loadVectors("clear_and_errors.json").clear) {
    if (exchange.request_b64) {
      const request = unpack(b64(exchange.request_b64)) as DataMap;
      assertShown(request["load"], exchange.request_load, exchange.name);
    }
    if (exchange.reply_b64) {
      assertShown(unpack(b64(exchange.reply_b64)), exchange.reply, exchange.name);
    }
  }
});
