import assert from "node:assert/strict";
import { test } from "node:test";
import { buildSignIn, judgeAnswer, type MinionIdentity } from "../../../src/channel/minion_auth.ts";
import { MinionSession } from "../../../src/channel/minion_session.ts";
import { openPillar } from "../../../src/channel/pillar_reader.ts";
import { Crypticle } from "../../../src/crypt/mod.ts";
import { SaltException } from "../../../src/errors.ts";
import { packWire, unpack } from "../../../src/serializers/msgpack.ts";
import type { Data, DataMap, MinionId } from "../../../src/types/mod.ts";
import { minionAuthOpts } from "../../support/minion_auth_opts.ts";
import { fuzz, type Random } from "../../support/random.ts";
import { ScriptedMaster } from "../../support/scripted_master.ts";
import { testKey } from "../../support/vectors.ts";

const identity: MinionIdentity = { id: "m1" as MinionId, ...testKey("test-minion") };
const masterKey = testKey("test-master").publicKey;
const odd: Data[] = [null, true, 0, -1, 1.5, "", "text", [], {}, new Uint8Array(256), [[]]];

function onlySalt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof SaltException, String(error));
  }
}

/** The map with one entry made something odd, or taken away. */
function spoil(random: Random, map: DataMap): DataMap {
  const copy = { ...map };
  const key = random.pick(Object.keys(copy));
  if (random.below(4) === 0) delete copy[key];
  else copy[key] = random.pick(odd);
  return copy;
}

test("judgeAnswer() throws SaltException alone and accepts no changed answer", () => {
  const opts = minionAuthOpts();
  const known = { key: masterKey, keyPath: "k", verifyingKey: null, verifyingKeyPath: "v" };
  const request = buildSignIn(identity, known, opts);
  const good = new ScriptedMaster().handle(request.payload);
  assert.equal(judgeAnswer(good, request, identity, known, opts).next, "accepted");
  const outer = unpack(good) as DataMap;
  fuzz(300, (random) => {
    const reply = random.below(2) ? random.mutate(good) : packWire(spoil(random, outer));
    try {
      const verdict = judgeAnswer(reply, request, identity, known, opts);
      // Changing what the signature does not cover, such as "enc", changes nothing.
      const same = unpack(reply) as DataMap;
      assert.deepEqual([same["load"], same["sig"]], [outer["load"], outer["sig"]]);
      assert.equal(verdict.next, "accepted");
    } catch (error) {
      assert.ok(error instanceof SaltException, String(error));
    }
  });
});

test("judgeAnswer() throws SaltException alone when the master itself talks rubbish", () => {
  const opts = minionAuthOpts();
  for (const key of [masterKey, null]) {
    const known = { key, keyPath: "k", verifyingKey: null, verifyingKeyPath: "v" };
    const request = buildSignIn(identity, known, opts);
    fuzz(60, (random) => {
      const master = new ScriptedMaster();
      master.tamper.body = (body) => {
        const spoilt = spoil(random, body);
        for (const name of Object.keys(body)) delete body[name];
        Object.assign(body, spoilt);
      };
      const reply = master.handle(request.payload);
      onlySalt(() => judgeAnswer(reply, request, identity, known, opts));
    });
  }
});

test("MinionSession and openPillar() throw SaltException alone for rubbish", () => {
  const aes = Crypticle.generateKeyString();
  const trusted = { key: masterKey, known: true, keep: false };
  const session = new MinionSession(
    { publishPort: 1, aes, session: aes, master: trusted, resumes: false },
    null,
  );
  const crypticle = new Crypticle(aes);
  const algorithms = { encryption: "OAEP-SHA1", signing: "PKCS1v15-SHA1" } as const;
  fuzz(500, (random) => {
    const bytes = random.bytes(random.below(120));
    onlySalt(() => session.openReply(bytes, "0".repeat(32), random.below(2) === 0));
    onlySalt(() => session.openPublication(bytes));
    onlySalt(() => session.openPublication(crypticle.dumps(random.pick(odd))));
    onlySalt(() => session.openReply(packWire(random.pick(odd)), "0".repeat(32), false));
    const outer = { sig: random.pick(odd), sig_algo: random.pick([...odd, "PKCS1v15-SHA1"]) };
    assert.equal(session.signedByMaster(bytes, outer), false);
  });
  fuzz(30, (random) => {
    const reply = { key: random.pick(odd), pillar: random.pick(odd) };
    onlySalt(() => openPillar(reply, identity.privateKey, algorithms));
  });
});
