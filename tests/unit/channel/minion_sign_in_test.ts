import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cleanKey, pemFinger } from "../../../src/crypt/mod.ts";
import { AuthenticationError, EX, SaltClientError } from "../../../src/errors.ts";
import type { DataMap } from "../../../src/types/mod.ts";
import { channelLab } from "../../support/minion_channel_lab.ts";
import { testKey } from "../../support/vectors.ts";

const master = testKey("test-master");
const impostor = testKey("test-minion-other");
const signer = testKey("test-master-sign");

test("signIn() trusts the first master, keeps its key and knows it again", async () => {
  await using lab = await channelLab();
  assert.deepEqual(await lab.channel.signIn(), { publishPort: 4505, version: 3 });
  const kept = join(lab.pkiDir, "minion_master.pub");
  assert.equal(readFileSync(kept, "utf8"), cleanKey(master.publicKey));
  assert.equal(statSync(kept).mode & 0o777, 0o644);
  assert.equal(lab.master.signIns[0]?.["token"], undefined);
  await lab.restart();
  await lab.channel.signIn();
  assert.ok(lab.master.signIns[1]?.["token"] instanceof Uint8Array);
});

test("signIn() falls back to version 2 when the master gives no session", async () => {
  await using lab = await channelLab();
  lab.master.version = 2;
  assert.deepEqual(await lab.channel.signIn(), { publishPort: 4505, version: 2 });
});

test("signIn() waits while the key is pending, longer each time up to the bound", async () => {
  await using lab = await channelLab({ acceptance_wait_time_max: 60 });
  lab.master.verdict = true;
  lab.clock.onSleep = () => {
    if (lab.clock.slept.length === 5) lab.master.verdict = "accept";
  };
  await lab.channel.signIn();
  assert.deepEqual(lab.clock.slept, [10_000, 20_000, 40_000, 80_000, 80_000]);
  assert.match(lab.log[0] ?? "", /^error: .*will wait for 10 seconds/);
});

test("signIn() waits acceptance_wait_time without end when there is no bound", async () => {
  await using lab = await channelLab({ acceptance_wait_time: 3 });
  lab.master.verdict = true;
  lab.clock.onSleep = () => {
    if (lab.clock.slept.length === 20) lab.master.verdict = "accept";
  };
  await lab.channel.signIn();
  assert.deepEqual(lab.clock.slept, Array(20).fill(3000));
});

test("signIn() has its request wait at a master that holds, and hears of a decision at once", async () => {
  await using lab = await channelLab();
  lab.master.verdict = true;
  const held: unknown[] = [];
  lab.master.tamper.body = (body) => {
    const { saltx_hold: seconds } = lab.master.signIns.at(-1)!;
    held.push(seconds);
    body["saltx_hold"] = true;
    if (typeof seconds === "number") lab.clock.ms += seconds * 1000;
    if (held.length === 3) lab.master.verdict = "accept";
  };
  await lab.channel.signIn();
  assert.deepEqual(held, [undefined, 10, 10, 10]);
  // Nothing is left of the wait but the least one.
  assert.deepEqual(lab.clock.slept, [100, 100]);
});

test("signIn() waits itself when a master that holds answers at once", async () => {
  await using lab = await channelLab();
  lab.master.verdict = true;
  lab.master.tamper.body = (body) => {
    body["saltx_hold"] = true;
    if (lab.master.signIns.length === 4) lab.master.verdict = "accept";
  };
  await lab.channel.signIn();
  assert.deepEqual(lab.clock.slept, [10_000, 10_000, 10_000]);
});

test("signIn() has no second request wait when the first was lost with its master", async () => {
  await using lab = await channelLab();
  lab.master.verdict = true;
  lab.master.tamper.body = (body) => {
    body["saltx_hold"] = true;
    if (lab.master.signIns.length === 1) lab.master.silent = 1;
    else lab.master.verdict = "accept";
  };
  await lab.channel.signIn();
  assert.deepEqual(lab.master.signIns.map((load) => load["saltx_hold"]), [
    undefined,
    undefined,
    10,
  ]);
  assert.match(lab.log.join("\n"), /No answer from the master at .* within 15 s/);
});

test("signIn() ends at a pending key when it is not to wait", async () => {
  await using lab = await channelLab({}, { waitWhilePending: false });
  lab.master.verdict = true;
  await assert.rejects(lab.channel.signIn(), {
    name: "AuthenticationError",
    exitCode: 2,
    message: /has the minion key been accepted\?/,
  });
  assert.deepEqual(lab.clock.slept, []);
});

test("signIn() ends with EX_NOPERM after 10 to 20 s when the key is refused", async () => {
  await using lab = await channelLab();
  lab.master.verdict = false;
  await assert.rejects(lab.channel.signIn(), (error: AuthenticationError) => {
    assert.equal(error.exitCode, EX.NOPERM);
    assert.match(error.message, /rejected this minion's public key.*saltx key -d vec-m1/);
    return true;
  });
  assert.deepEqual(lab.clock.slept, [15_000]);
  assert.match(lab.log.join("\n"), /^critical: .*will now exit/m);
});

test("signIn() goes on when the key is refused under rejected_retry", async () => {
  await using lab = await channelLab({ rejected_retry: true });
  lab.master.verdict = false;
  lab.clock.onSleep = () => {
    if (lab.clock.slept.length === 3) lab.master.verdict = "accept";
  };
  await lab.channel.signIn();
  assert.equal(lab.master.signIns.length, 4);
});

test("signIn() says what to do when the master cannot serve this minion", async () => {
  await using lab = await channelLab();
  const says = [
    ["full", /max_minions/],
    ["bad sig algo", /signing_algorithm \("PKCS1v15-SHA1"\) is not supported/],
    ["bad enc algo", /encryption_algorithm \("OAEP-SHA1"\) is not supported/],
    ["bad load", /minimum_auth_version/],
  ] as const;
  for (const [verdict, message] of says) {
    lab.master.verdict = verdict;
    await assert.rejects(lab.channel.signIn(), { name: "SaltClientError", message });
  }
  assert.deepEqual(lab.clock.slept, []);
});

test("signIn() gives up after auth_tries when nobody answers", async () => {
  await using lab = await channelLab({ auth_tries: 3 });
  lab.master.silent = 1000;
  await assert.rejects(lab.channel.signIn(), {
    name: "SaltClientError",
    message: /nobody answers at tcp:\/\/127.0.0.1:4506/,
  });
  assert.equal(lab.master.silent, 997);
  assert.match(lab.log[0] ?? "", /warning: No answer .* within 5 s \(attempt 1 of 3\).*firewall/);
});

test("signIn() asks for ever under auth_safemode, with a pause by chance", async () => {
  await using lab = await channelLab({ auth_tries: 2, auth_safemode: true });
  lab.master.silent = 9;
  await lab.channel.signIn();
  assert.deepEqual(lab.clock.slept, [5000, 5000, 5000, 5000]);
});

test("signIn() sends autosign_grains", async () => {
  await using lab = await channelLab({ autosign_grains: ["uuid", "nothing"] }, {
    grains: () => Promise.resolve({ uuid: "4711", secret: "not asked for" }),
  });
  await lab.channel.signIn();
  assert.deepEqual(lab.master.signIns[0]?.["autosign_grains"], { uuid: "4711", nothing: null });
});

test("signIn() uses SHA-224 when the options say so", async () => {
  await using lab = await channelLab({
    encryption_algorithm: "OAEP-SHA224",
    signing_algorithm: "PKCS1v15-SHA224",
  });
  await lab.channel.signIn();
  await lab.restart();
  await lab.channel.signIn();
  assert.equal(await lab.channel.request({ cmd: "x" }), true);
  assert.deepEqual(await lab.channel.requestPillar({ cmd: "_pillar" }), { role: "web" });
});

test("createMinionChannel() refuses algorithms that Salt does not have", async () => {
  await assert.rejects(channelLab({ signing_algorithm: "PSS" }), {
    name: "SaltConfigurationError",
    message: /signing_algorithm "PSS"/,
  });
});

test("signIn() refuses an answer to another request", async () => {
  await using lab = await channelLab();
  let first: Uint8Array | null = null;
  lab.master.tamper.reply = (reply) => first ??= reply;
  await lab.channel.signIn();
  await assert.rejects(lab.channel.signIn(), {
    name: "AuthenticationError",
    message: /Invalid nonce.*replayed/,
  });
});

test("signIn() refuses an answer that was changed on the way", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.master.tamper.reply = (reply) => {
    const changed = reply.slice();
    changed[changed.length - 300] = (changed[changed.length - 300] as number) ^ 1;
    return changed;
  };
  await assert.rejects(lab.channel.signIn(), AuthenticationError);
  lab.master.tamper = {};
  assert.equal(await lab.channel.request({ cmd: "x" }), true, "the session from before holds");
});

test("signIn() refuses when the token or the key's digest do not come back", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  const changes: [(body: DataMap) => void, RegExp][] = [
    [(body) => delete body["token"], /failed to decrypt the random minion token/],
    [(body) => body["token"] = body["aes"] as Uint8Array, /random minion token/],
    [(body) => body["aes"] = body["session"] as Uint8Array, /signature on its session key/],
    [(body) => body["sig"] = new Uint8Array(256), /not made by this key/],
    [(body) => body["publish_port"] = 0, /publish_port/],
    [(body) => delete body["aes"], /no "aes"/],
    [(body) => body["session"] = new Uint8Array(256), /Cannot decrypt/],
  ];
  for (const [change, message] of changes) {
    lab.master.tamper.body = change;
    await assert.rejects(lab.channel.signIn(), { name: "AuthenticationError", message });
  }
});

test("signIn() refuses another master key and leaves the kept one alone", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.master.keys = impostor;
  await assert.rejects(lab.channel.signIn(), (error: AuthenticationError) => {
    assert.match(error.message, /The master key has changed.*remove ".*minion_master.pub"/);
    assert.ok(error.message.includes(pemFinger(master.publicKey)));
    assert.equal(error.exitCode, EX.GENERIC);
    return true;
  });
  const kept = readFileSync(join(lab.pkiDir, "minion_master.pub"), "utf8");
  assert.equal(kept, cleanKey(master.publicKey));
});

test("signIn() believes no refusal that the known master did not sign", async () => {
  await using lab = await channelLab();
  await lab.channel.signIn();
  lab.master.keys = impostor;
  for (const verdict of [true, false] as const) {
    lab.master.verdict = verdict;
    await assert.rejects(lab.channel.signIn(), { message: /^Invalid signature/ });
  }
});

test("signIn() takes another master key under open_mode", async () => {
  await using lab = await channelLab({ open_mode: true });
  await lab.channel.signIn();
  lab.master.keys = impostor;
  await lab.channel.signIn();
  assert.deepEqual(await lab.channel.requestPillar({ cmd: "_pillar" }), { role: "web" });
});

test("signIn() knows the master's key whatever its line ends", async () => {
  await using lab = await channelLab();
  const crlf = master.publicKey.replaceAll("\n", "\r\n") + "\r\n";
  writeFileSync(join(lab.pkiDir, "minion_master.pub"), crlf);
  await lab.channel.signIn();
});

test("signIn() ends with exit code 42 when master_finger is another, and keeps nothing", async () => {
  await using lab = await channelLab({ master_finger: pemFinger(impostor.publicKey) });
  await assert.rejects(lab.channel.signIn(), (error: AuthenticationError) => {
    assert.equal(error.exitCode, EX.MASTER_KEY);
    assert.ok(error.message.includes(pemFinger(master.publicKey)));
    return true;
  });
  assert.equal(existsSync(join(lab.pkiDir, "minion_master.pub")), false);
});

test("signIn() takes the master that master_finger names, by hash_type", async () => {
  await using lab = await channelLab({
    hash_type: "sha512",
    master_finger: pemFinger(master.publicKey, "sha512").toUpperCase(),
  });
  await lab.channel.signIn();
});

test("signIn() takes a new master key that the signing key vouches for", async () => {
  await using lab = await channelLab({ verify_master_pubkey_sign: true });
  const kept = join(lab.pkiDir, "minion_master.pub");
  lab.master.signingKey = signer.privateKey;
  await assert.rejects(lab.channel.signIn(), { message: /master_sign.pub" does not exist. Copy/ });
  writeFileSync(join(lab.pkiDir, "master_sign.pub"), signer.publicKey);
  await lab.channel.signIn();
  assert.equal(readFileSync(kept, "utf8"), cleanKey(master.publicKey));
  lab.master.keys = impostor;
  await lab.channel.signIn();
  assert.equal(readFileSync(kept, "utf8"), cleanKey(impostor.publicKey));
  lab.master.keys = master;
  lab.master.signingKey = impostor.privateKey;
  await assert.rejects(lab.channel.signIn(), { message: /signature on the master's public key/ });
  assert.equal(readFileSync(kept, "utf8"), cleanKey(impostor.publicKey));
});

test("signIn() checks the signature of a known key only with always_verify_signature", async () => {
  await using lab = await channelLab({ verify_master_pubkey_sign: true });
  writeFileSync(join(lab.pkiDir, "master_sign.pub"), signer.publicKey);
  lab.master.signingKey = signer.privateKey;
  await lab.channel.signIn();
  lab.master.signingKey = impostor.privateKey;
  await lab.channel.signIn();
  await lab.restart({ always_verify_signature: true });
  await assert.rejects(lab.channel.signIn(), { message: /signature on the master's public key/ });
});

test("signIn() wants a signature on the master's key from both sides or none", async () => {
  await using lab = await channelLab();
  lab.master.signingKey = signer.privateKey;
  await assert.rejects(lab.channel.signIn(), { message: /set verify_master_pubkey_sign here/ });
  lab.master.signingKey = null;
  await lab.restart({ verify_master_pubkey_sign: true });
  await assert.rejects(lab.channel.signIn(), { message: /set master_sign_pubkey on the master/ });
});

test("signIn() can be given up while it waits, and asked for again", async () => {
  await using lab = await channelLab();
  lab.master.verdict = true;
  const stop = new AbortController();
  const reason = new Error("enough");
  lab.clock.onSleep = () => stop.abort(reason);
  await assert.rejects(lab.channel.signIn(stop.signal), reason);
  lab.master.verdict = "accept";
  assert.equal((await lab.channel.signIn()).version, 3);
  await assert.rejects(lab.channel.signIn(AbortSignal.abort(reason)), reason);
});

test("close() ends a sign-in that waits", async () => {
  await using lab = await channelLab();
  lab.master.verdict = true;
  lab.clock.onSleep = () => lab.channel.close();
  await assert.rejects(lab.channel.signIn(), SaltClientError);
  await assert.rejects(lab.channel.signIn(), { message: /was closed/ });
});
