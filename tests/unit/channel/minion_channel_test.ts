import assert from "node:assert/strict";
import { test } from "node:test";
import { Crypticle, pkcs1Verify } from "../../../src/crypt/mod.ts";
import { AuthenticationError, SaltClientError } from "../../../src/errors.ts";
import { packLocal, packWire } from "../../../src/serializers/msgpack.ts";
import type { Data, DataMap } from "../../../src/types/mod.ts";
import { type ChannelLab, channelLab } from "../../support/minion_channel_lab.ts";
import { ScriptedMaster } from "../../support/scripted_master.ts";
import { testKey } from "../../support/vectors.ts";

const minion = testKey("test-minion");
const impostor = testKey("test-minion-other");
const job: DataMap = { fun: "test.ping", arg: [], tgt: "*", jid: "20261121080000000000", ret: "" };

test("request() signs in by itself, proves who asks and gives the reply", async () => {
  await using lab = await channelLab();
  lab.master.respond = (load) => ({ echo: load["tag"] as Data });
  const load: DataMap = { cmd: "_minion_event", tag: "a/b" };
  assert.deepEqual(await lab.channel.request(load), { echo: "a/b" });
  assert.deepEqual(load, { cmd: "_minion_event", tag: "a/b" }, "the caller's load is left alone");
  const [seen] = lab.master.requests as [DataMap];
  assert.equal(seen["id"], "vec-m1");
  assert.equal(seen["ts"], lab.clock.ms / 1000);
  assert.equal(ScriptedMaster.tokenText(seen), "salt");
  const { load: _bytes, ...envelope } = lab.master.envelopes.at(-1) as DataMap;
  assert.deepEqual(envelope, {
    enc: "aes",
    version: 3,
    enc_algo: "OAEP-SHA1",
    sig_algo: "PKCS1v15-SHA1",
    id: "vec-m1",
  });
  await lab.channel.request(load);
  assert.notEqual(lab.master.requests[1]?.["nonce"], seen["nonce"]);
  assert.equal(lab.master.signIns.length, 1);
});

test("request() says to a version 2 master what that expects, and no more", async () => {
  await using lab = await channelLab();
  lab.master.version = 2;
  await lab.channel.request({ cmd: "_file_envs" });
  await lab.channel.request({ cmd: "_return", id: "vec-m1", jid: "1" });
  await lab.channel.request({ cmd: "_minion_event", tag: "x" });
  const [envs, ret, event] = lab.master.requests as [DataMap, DataMap, DataMap];
  assert.deepEqual(Object.keys(envs), ["cmd", "nonce"]);
  assert.deepEqual(Object.keys(ret), ["cmd", "id", "jid", "nonce"]);
  assert.deepEqual(Object.keys(event), ["cmd", "tag", "id", "tok", "nonce"]);
  assert.equal(lab.master.envelopes.at(-1)?.["id"], undefined);
});

test("request() leaves bytes alone in raw mode", async () => {
  await using lab = await channelLab();
  lab.master.respond = () => ({ data: "text" });
  const raw = await lab.channel.request({ cmd: "_serve_file" }, { raw: true }) as DataMap;
  assert.deepEqual(raw["data"], new TextEncoder().encode("text"));
});

test("request() signs messages under minion_sign_messages", async () => {
  for (const version of [2, 3] as const) {
    await using lab = await channelLab({ minion_sign_messages: true });
    lab.master.version = version;
    await lab.channel.request({ cmd: "_return", id: "vec-m1", jid: "1", return: [1.5, "é"] });
    const { sig, nonce: _nonce, ...rest } = lab.master.requests[0] as DataMap;
    if (version === 3) delete rest["tok"];
    assert.equal(pkcs1Verify(minion.publicKey, packLocal(rest), sig as Uint8Array), true);
    await lab.channel.request({ cmd: "_file_envs" });
    assert.equal(Object.hasOwn(lab.master.requests[1] as DataMap, "sig"), version === 3);
  }
});

test("request() signs in again once when the session key has changed", async () => {
  await using lab = await channelLab();
  let rekeyed = 0;
  lab.channel.onRekey(() => rekeyed++);
  await lab.channel.signIn();
  lab.master.rotate();
  assert.equal(await lab.channel.request({ cmd: "x" }), true);
  assert.deepEqual([lab.master.signIns.length, rekeyed], [2, 1]);
  await lab.channel.signIn();
  assert.equal(rekeyed, 1, "the same key is no news");
});

test("request() - many at once share one new sign-in", async () => {
  await using lab = await channelLab();
  await Promise.all([1, 2, 3, 4, 5].map((n) => lab.channel.request({ cmd: "x", n })));
  assert.equal(lab.master.signIns.length, 1);
  lab.master.rotate();
  const publication = lab.master.publish(job);
  const [decoded] = await Promise.all([
    lab.channel.decodePublication(publication),
    ...[1, 2, 3, 4, 5].map((n) => lab.channel.request({ cmd: "x", n })),
  ]);
  assert.equal(decoded?.fun, "test.ping");
  assert.equal(lab.master.signIns.length, 2);
  assert.equal(lab.master.requests.length, 10);
});

test("request() names the clock when the master refuses also a fresh session", async () => {
  await using lab = await channelLab();
  lab.master.refusing = true;
  await assert.rejects(lab.channel.request({ cmd: "x" }), {
    name: "AuthenticationError",
    message:
      /"bad load", also right after a new sign-in.*compare the clocks: here it is 2026-11-21T08/,
  });
  assert.equal(lab.master.signIns.length, 2);
});

test("request() tries again when there is no answer, and then says so", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.master.silent = 2;
  assert.equal(await lab.channel.request({ cmd: "x" }), true);
  lab.master.silent = 2;
  await assert.rejects(lab.channel.request({ cmd: "x" }, { tries: 2, timeoutMs: 3000 }), {
    name: "SaltReqTimeoutError",
    message: /3 s/,
  });
  assert.equal(lab.master.signIns.length, 1);
});

test("request() takes no reply to another request", async () => {
  await using lab = await channelLab();
  let kept: Uint8Array | null = null;
  await lab.channel.signIn();
  lab.master.tamper.reply = (reply) => kept ??= reply;
  await lab.channel.request({ cmd: "x" });
  await assert.rejects(lab.channel.request({ cmd: "y" }), { message: "Nonce verification error" });
  assert.equal(lab.master.signIns.length, 1, "a replay is no reason to sign in again");
  lab.master.tamper = {};
  assert.equal(await lab.channel.request({ cmd: "z" }), true);
});

test("request() does not sign in again because a handler failed", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.master.tamper.reply = () => packWire("Some exception handling minion payload");
  await assert.rejects(lab.channel.request({ cmd: "x" }), { message: /its log says why/ });
  assert.equal(lab.master.signIns.length, 1);
});

test("request() passes on that the key is refused by now", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.master.rotate();
  lab.master.verdict = false;
  await assert.rejects(lab.channel.request({ cmd: "x" }), { exitCode: 77 });
});

test("request() can be given up, which leaves others alone", async () => {
  await using lab = await channelLab();
  lab.master.verdict = true;
  const stop = new AbortController();
  const reason = new Error("enough");
  lab.clock.onSleep = () => {
    stop.abort(reason);
    if (lab.clock.slept.length === 3) lab.master.verdict = "accept";
  };
  const given = lab.channel.request({ cmd: "x" }, { signal: stop.signal });
  const other = lab.channel.request({ cmd: "y" });
  await assert.rejects(given, reason);
  assert.equal(await other, true);
});

test("close() refuses what comes later", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.channel.close();
  lab.channel.close();
  await assert.rejects(lab.channel.request({ cmd: "x" }), SaltClientError);
  assert.equal(await lab.channel.decodePublication(lab.master.publish(job)), null);
});

test("requestPillar() opens what is for this minion", async () => {
  for (const version of [2, 3] as const) {
    await using lab = await channelLab();
    lab.master.version = version;
    lab.master.pillar = { secret: "s3", list: [1, 2] };
    const load = { cmd: "_pillar", ver: "2" };
    assert.deepEqual(await lab.channel.requestPillar(load), { secret: "s3", list: [1, 2] });
    lab.master.rotate();
    assert.deepEqual(await lab.channel.requestPillar(load), { secret: "s3", list: [1, 2] });
  }
});

test("requestPillar() refuses what another signed, sealed or was asked for", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  const own = lab.master.keys;
  lab.master.keys = impostor;
  await assert.rejects(lab.channel.requestPillar({ cmd: "_pillar" }), AuthenticationError);
  lab.master.keys = own;
  const changes: [(inner: DataMap) => void, RegExp][] = [
    [(inner) => inner["key"] = new Uint8Array(256), /Key verification failed/],
    [(inner) => inner["nonce"] = "0".repeat(32), /nonce verification failed/],
    [(inner) => inner["pillar"] = "text", /not a map/],
  ];
  for (const [change, message] of changes) {
    // Only the pillar is changed, not the answers to new sign-ins.
    lab.master.tamper.body = (body) => body["pillar"] === undefined || change(body);
    await assert.rejects(lab.channel.requestPillar({ cmd: "_pillar" }), { message });
  }
});

test("requestPillar() passes on why there is none", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.master.tamper.reply = () => packWire({ error: "Nonce not included in request" });
  await assert.rejects(lab.channel.requestPillar({ cmd: "_pillar" }), {
    name: "SaltClientError",
    message: /Nonce not included/,
  });
});

async function signedIn(changes = {}): Promise<ChannelLab> {
  const lab = await channelLab(changes);
  await lab.channel.signIn();
  return lab;
}

test("decodePublication() opens each publication once, in rising order", async () => {
  await using lab = await signedIn();
  const [first, second] = [lab.master.publish(job), lab.master.publish(job)];
  assert.deepEqual(await lab.channel.decodePublication(first), job);
  assert.deepEqual(await lab.channel.decodePublication(second), job);
  assert.equal(await lab.channel.decodePublication(second), null);
  assert.equal(await lab.channel.decodePublication(first), null);
  await lab.channel.signIn();
  assert.equal(await lab.channel.decodePublication(first), null, "also after another sign-in");
  assert.equal(lab.master.signIns.length, 2);
});

test("decodePublication() signs in again when the key has changed", async () => {
  await using lab = await signedIn();
  await lab.channel.decodePublication(lab.master.publish(job));
  lab.master.rotate();
  assert.deepEqual(await lab.channel.decodePublication(lab.master.publish(job)), job);
  assert.equal(lab.master.signIns.length, 2);
});

test("decodePublication() reads what was under way at a rotation, for a while", async () => {
  await using lab = await signedIn();
  const [soon, late] = [lab.master.publish(job), lab.master.publish(job)];
  lab.master.rotate();
  await lab.channel.request({ cmd: "x" });
  assert.deepEqual(await lab.channel.decodePublication(soon), job);
  assert.equal(await lab.channel.decodePublication(soon), null);
  lab.clock.ms += 10_000;
  assert.equal(await lab.channel.decodePublication(late), null);
});

test("decodePublication() does not sign in for every forgery", async () => {
  await using lab = await signedIn();
  const forged = new Crypticle(Crypticle.generateKeyString()).dumps({ ...job, serial: 99 });
  const payload = packWire({ enc: "aes", load: forged });
  for (let i = 0; i < 20; i++) assert.equal(await lab.channel.decodePublication(payload), null);
  assert.equal(lab.master.signIns.length, 2);
  assert.deepEqual(await lab.channel.decodePublication(lab.master.publish(job)), job);
  lab.clock.ms += 5_000;
  await lab.channel.decodePublication(payload);
  assert.equal(lab.master.signIns.length, 3);
});

test("decodePublication() passes over what is not for minions", async () => {
  await using lab = await signedIn();
  const junk = [
    new Uint8Array(),
    new Uint8Array([0xc1]),
    packWire("text"),
    packWire({ enc: "clear", load: { fun: "cmd.run" } }),
    packWire({ enc: "aes" }),
    packWire({ enc: "aes", load: { fun: "cmd.run" } }),
    packWire({ enc: "aes", load: new Crypticle(lab.master.aes).dumps("text") }),
    packWire({ enc: "aes", load: new Crypticle(lab.master.aes).encrypt(packWire(job)) }),
  ];
  for (const payload of junk) {
    const decoded = await lab.channel.decodePublication(payload);
    assert.ok(decoded === null || Object.keys(decoded).length === 0);
  }
  assert.equal(lab.master.signIns.length, 1);
});

test("decodePublication() wants the master's signature under sign_pub_messages", async () => {
  await using lab = await signedIn({ sign_pub_messages: true });
  const decode = (payload: Uint8Array) => lab.channel.decodePublication(payload);
  assert.deepEqual(await decode(lab.master.publish(job)), job);
  assert.deepEqual(await decode(lab.master.publish(job, { name: false })), job);
  assert.equal(await decode(lab.master.publish(job, { key: "" })), null);
  assert.equal(await decode(lab.master.publish(job, { key: impostor.privateKey })), null);
  lab.master.rotate();
  assert.deepEqual(await decode(lab.master.publish(job)), job);
  assert.match(lab.log.join("\n"), /error: Dropped a publication: sign_pub_messages/);
});

test("decodePublication() rejects when the master refuses the key by now", async () => {
  await using lab = await signedIn();
  lab.master.rotate();
  lab.master.verdict = false;
  await assert.rejects(lab.channel.decodePublication(lab.master.publish(job)), { exitCode: 77 });
});

/** A master that gives new keys under the session's, as saltx does. */
function resuming(lab: ChannelLab, answer: (load: DataMap) => Data): void {
  lab.master.tamper.body = (body) => {
    body["saltx_resume"] = true;
  };
  lab.master.respond = (load) => load["cmd"] === "_resume" ? answer(load) : true;
}

test("request() gets another fleet key under its session, without a sign-in", async () => {
  await using lab = await channelLab();
  resuming(lab, () => ({ aes: lab.master.aes, session: lab.master.session, publish_port: 4505 }));
  let rekeyed = 0;
  lab.channel.onRekey(() => rekeyed++);
  await lab.channel.signIn();
  lab.master.aes = Crypticle.generateKeyString();
  const opened = await lab.channel.decodePublication(lab.master.publish(job));
  assert.equal(opened?.["fun"], "test.ping");
  assert.deepEqual([lab.master.signIns.length, rekeyed], [1, 1]);
  assert.equal(lab.master.requests.at(-1)?.["cmd"], "_resume");
  assert.equal(ScriptedMaster.tokenText(lab.master.requests.at(-1) as DataMap), "salt");
});

test("request() signs in by RSA where the session is no more, or a day old", async () => {
  await using lab = await channelLab();
  resuming(lab, () => ({}));
  await lab.channel.signIn();
  await lab.channel.signIn();
  assert.equal(lab.master.signIns.length, 2, "the master wants a sign-in");
  lab.master.rotate();
  await lab.channel.signIn();
  assert.equal(lab.master.signIns.length, 3, "the session is not known");
  resuming(lab, () => ({ aes: lab.master.aes, session: lab.master.session, publish_port: 4505 }));
  await lab.channel.signIn();
  assert.equal(lab.master.signIns.length, 3);
  lab.clock.ms += 86_400_001;
  await lab.channel.signIn();
  assert.equal(lab.master.signIns.length, 4, "the day is over");
});

test("request() asks no master to resume that has not said that it can", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  await lab.channel.signIn();
  assert.deepEqual([lab.master.signIns.length, lab.master.requests.length], [2, 0]);
});
