import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cleanKey,
  Crypticle,
  isEncryptionAlgorithm,
  isSigningAlgorithm,
  oaepDecrypt,
  oaepEncrypt,
  pemFinger,
  pkcs1Sign,
  pkcs1SignAsync,
  pkcs1Verify,
  pkcs1VerifyAsync,
  recoverX931,
  SerialGuard,
  signPublicKey,
  signX931,
  textFinger,
  verifyPublicKey,
} from "../../../src/crypt/mod.ts";
import { AuthenticationError } from "../../../src/errors.ts";
import { packWire, unpack } from "../../../src/serializers/msgpack.ts";
import { isMap } from "../../../src/types/mod.ts";
import { b64, hex, loadVectors, testKey } from "../../support/vectors.ts";

interface KeyVector {
  public_pem: string;
  fingerprints: Record<string, string>;
}

const keys = loadVectors("keys.json");
const rsa = loadVectors("rsa.json");
const sessions = loadVectors("crypticle.json");
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test("pemFinger() gives Salt's fingerprint of each key, by each hash", () => {
  for (const key of Object.values<KeyVector>(keys.keys)) {
    for (const [hashType, finger] of Object.entries(key.fingerprints)) {
      assert.equal(pemFinger(key.public_pem, hashType), finger);
    }
  }
});

test("pemFinger() passes over blank lines and CR, not over other spaces", () => {
  for (const variant of keys.fingerprint_file_variants) {
    assert.equal(pemFinger(text(b64(variant.file_b64))), variant.sha256, variant.variant);
  }
});

test("textFinger() hashes the text as it is", () => {
  assert.equal(textFinger(keys.fingerprint_of_string.input), keys.fingerprint_of_string.sha256);
});

test("cleanKey() makes Salt's form", () => {
  for (const c of rsa.clean_key) assert.equal(cleanKey(c.in), c.out);
});

test("pkcs1Sign() makes the bytes that Salt makes, and pkcs1Verify() takes them", async () => {
  for (const s of rsa.sign) {
    const { privateKey, publicKey } = testKey(s.key);
    const message = b64(s.message_b64);
    const signature = b64(s.signature_b64);
    assert.deepEqual(pkcs1Sign(privateKey, message, s.algorithm), signature);
    assert.deepEqual(await pkcs1SignAsync(privateKey, message, s.algorithm), signature);
    assert.equal(pkcs1Verify(publicKey, message, signature, s.algorithm), true);
    assert.equal(await pkcs1VerifyAsync(publicKey, message, signature, s.algorithm), true);
    const other = s.algorithm === "PKCS1v15-SHA1" ? "PKCS1v15-SHA224" : "PKCS1v15-SHA1";
    assert.equal(pkcs1Verify(publicKey, message, signature, other), false);
    signature[9] = (signature[9] as number) ^ 1;
    assert.equal(pkcs1Verify(publicKey, message, signature, s.algorithm), false);
    assert.equal(await pkcs1VerifyAsync(publicKey, message, signature, s.algorithm), false);
  }
});

test("oaepDecrypt() reads what Salt encrypted, oaepEncrypt() is its inverse", () => {
  for (const e of rsa.encrypt) {
    const { privateKey, publicKey } = testKey(e.key);
    const plaintext = b64(e.plaintext_b64);
    assert.deepEqual(oaepDecrypt(privateKey, b64(e.ciphertext_b64), e.algorithm), plaintext);
    const again = oaepEncrypt(publicKey, plaintext, e.algorithm);
    assert.deepEqual(oaepDecrypt(privateKey, again, e.algorithm), plaintext);
    const other = e.algorithm === "OAEP-SHA1" ? "OAEP-SHA224" : "OAEP-SHA1";
    assert.throws(() => oaepDecrypt(privateKey, again, other), AuthenticationError);
  }
});

test("signX931() and recoverX931() agree with Salt in every sample", () => {
  for (const s of rsa.x931.samples) {
    const { privateKey, publicKey } = testKey(s.key);
    const message = b64(s.message_b64);
    const signature = b64(s.signature_b64);
    assert.deepEqual(signX931(privateKey, message), signature);
    if (s.salt_public_decrypt_b64 === null) {
      assert.throws(() => recoverX931(publicKey, signature), AuthenticationError);
    } else {
      assert.deepEqual(recoverX931(publicKey, signature), message);
    }
  }
});

test("recoverX931() refuses what is no signature of the key", () => {
  for (const bad of rsa.x931.invalid) {
    assert.throws(
      () => recoverX931(testKey(bad.key).publicKey, b64(bad.data_b64)),
      AuthenticationError,
      bad.name,
    );
  }
  const { privateKey } = testKey("test-minion");
  const other = testKey("test-minion-other").publicKey;
  assert.throws(() => recoverX931(other, signX931(privateKey, "salt")), AuthenticationError);
  assert.throws(() => signX931(privateKey, new Uint8Array(255)), AuthenticationError);
});

test("isSigningAlgorithm() and isEncryptionAlgorithm() know Salt's names and no others", () => {
  for (const name of rsa.algorithms.signing) assert.equal(isSigningAlgorithm(name), true);
  for (const name of rsa.algorithms.encryption) assert.equal(isEncryptionAlgorithm(name), true);
  for (const bad of rsa.unsupported) {
    const known = bad.use === "sign" ? isSigningAlgorithm : isEncryptionAlgorithm;
    assert.equal(known(bad.algorithm), false);
  }
});

test("signPublicKey() makes Salt's signature file, verifyPublicKey() takes it", () => {
  const sample = rsa.master_pubkey_signature;
  const signer = testKey(sample.signing_key);
  const pem = testKey("test-master").publicKey;
  const file = text(b64(sample.file_b64));
  assert.equal(signPublicKey(signer.privateKey, pem, sample.algorithm), file);
  assert.equal(verifyPublicKey(signer.publicKey, pem, file), true);
  assert.equal(verifyPublicKey(signer.publicKey, pem + "\n", file), false);
});

for (const c of sessions.cases) {
  test(`Crypticle reads and writes Salt's bytes: ${c.name}`, () => {
    const crypticle = new Crypticle(sessions.key_string);
    const ciphertext = b64(c.ciphertext_b64);
    const plaintext = b64(c.plaintext_b64);
    assert.deepEqual(new Uint8Array(crypticle.decrypt(ciphertext)), plaintext);
    assert.deepEqual(crypticle.encryptWithIv(plaintext, hex(c.iv_hex)), ciphertext);
    const value = crypticle.loads(ciphertext, c.nonce === null ? {} : { nonce: c.nonce });
    assert.deepEqual(packWire(value), b64(c.msgpack_b64));
    new SerialGuard().accept(value);
    assert.deepEqual(value, revive(c.loads_result));
    const again = crypticle.dumps(unpack(b64(c.msgpack_b64)), c.nonce ?? undefined);
    assert.deepEqual(new Uint8Array(crypticle.decrypt(again)), plaintext);
  });
}

for (const c of sessions.loads_cases) {
  test(`Crypticle.loads() judges as Salt does: ${c.name}`, () => {
    const crypticle = new Crypticle(c.key);
    const load = () => crypticle.loads(b64(c.data_b64), c.nonce === null ? {} : { nonce: c.nonce });
    if (c.error) return assert.throws(load, { name: c.error });
    const value = load();
    const fresh = new SerialGuard(c.last_serial ?? 0).accept(value);
    assert.deepEqual(fresh ? value : {}, c.result);
  });
}

/** `{"$b64": …}` as bytes. */
function revive(value: unknown): unknown {
  // deno-lint-ignore no-explicit-any -- JSON
  const v = value as any;
  if (!isMap(v)) return v;
  if (typeof v["$b64"] === "string") return b64(v["$b64"]);
  return Object.fromEntries(Object.entries(v).map(([k, item]) => [k, revive(item)]));
}
