import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import {
  Crypticle,
  oaepDecrypt,
  oaepEncrypt,
  pkcs1Verify,
  publicKeyOf,
  recoverX931,
  signX931,
} from "../../../src/crypt/mod.ts";
import { AuthenticationError, SaltException } from "../../../src/errors.ts";
import { fuzz, type Random } from "../../support/random.ts";
import { testKey } from "../../support/vectors.ts";

const { privateKey, publicKey } = testKey("test-minion");

function onlySalt(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof SaltException, String(error));
  }
}

/** Bytes where a signature or ciphertext of 256 bytes is expected. */
function nearly(random: Random, good: Uint8Array): Uint8Array {
  const kind = random.below(3);
  if (kind === 0) return random.mutate(good);
  return random.bytes(kind === 1 ? 256 : random.below(300));
}

test("recoverX931() recovers what was signed, and forgeries throw AuthenticationError", () => {
  const good = signX931(privateKey, "salt");
  fuzz(30, (random) => {
    const message = random.bytes(1 + random.below(252));
    assert.deepEqual(recoverX931(publicKey, signX931(privateKey, message)), message);
  });
  fuzz(300, (random) => {
    const forged = nearly(random, good);
    if (Buffer.from(forged).equals(good)) return;
    try {
      const message = recoverX931(publicKey, forged);
      assert.notEqual(new TextDecoder().decode(message), "salt");
    } catch (error) {
      assert.ok(error instanceof AuthenticationError, String(error));
    }
  });
});

test("Crypticle.loads() and decrypt() refuse every change, with SaltException alone", () => {
  const crypticle = new Crypticle(Crypticle.generateKeyString());
  const good = crypticle.dumps({ fun: "test.ping", arg: [1, "two"] });
  fuzz(2000, (random) => {
    const bytes = random.mutate(good);
    if (Buffer.from(bytes).equals(good)) return;
    assert.throws(() => crypticle.decrypt(bytes), AuthenticationError);
    assert.equal(crypticle.tryLoads(bytes), undefined);
  });
});

test("Crypticle.loads() throws SaltException alone for authentic rubbish", () => {
  const crypticle = new Crypticle(Crypticle.generateKeyString());
  fuzz(1000, (random) => {
    const marker = new TextEncoder().encode("pickle::");
    const body = random.bytes(random.below(80));
    const message = crypticle.encrypt(random.below(2) ? Buffer.concat([marker, body]) : body);
    onlySalt(() => crypticle.loads(message));
    onlySalt(() => crypticle.loads(message, { nonce: "0".repeat(random.below(40)), raw: true }));
  });
});

test("RSA functions throw SaltException alone for rubbish", () => {
  const good = oaepEncrypt(publicKey, "secret");
  fuzz(100, (random) => {
    const bytes = nearly(random, good);
    onlySalt(() => oaepDecrypt(privateKey, bytes, random.pick(["OAEP-SHA1", "OAEP-SHA224"])));
    onlySalt(() => pkcs1Verify(publicKey, random.bytes(20), bytes));
    const pem = new TextDecoder().decode(random.mutate(new TextEncoder().encode(publicKey)));
    onlySalt(() => publicKeyOf(pem));
    onlySalt(() => new Crypticle(pem.slice(0, random.below(120))));
  });
});
