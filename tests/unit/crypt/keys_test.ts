import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  bareKey,
  generateRsaKeyPair,
  openPrivateKey,
  pemFinger,
  pemFingerOfFile,
  pkcs1Sign,
  pkcs1Verify,
  privateKeyOf,
  publicKeyOf,
  publicPemOf,
} from "../../../src/crypt/mod.ts";
import { AuthenticationError, SaltConfigurationError, SaltException } from "../../../src/errors.ts";
import { loadVectors, testKey } from "../../support/vectors.ts";

const message = new TextEncoder().encode("salt");

test("generateRsaKeyPair() makes Salt's two PEMs", async () => {
  const { privateKey, publicKey } = await generateRsaKeyPair();
  assert.match(
    privateKey,
    /^-----BEGIN RSA PRIVATE KEY-----\n[^]*-----END RSA PRIVATE KEY-----\n$/,
  );
  assert.match(publicKey, /^-----BEGIN PUBLIC KEY-----\n[^]*-----END PUBLIC KEY-----\n$/);
  const { modulusLength, publicExponent } = privateKeyOf(privateKey).asymmetricKeyDetails ?? {};
  assert.deepEqual([modulusLength, publicExponent], [2048, 65537n]);
  assert.equal(publicPemOf(privateKey), publicKey);
  assert.equal(pkcs1Verify(publicKey, message, pkcs1Sign(privateKey, message)), true);
});

test("generateRsaKeyPair() encrypts the private key, openPrivateKey() opens it", async () => {
  const { privateKey, publicKey } = await generateRsaKeyPair({ passphrase: "open sesame" });
  assert.match(privateKey, /^-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED/);
  assert.equal(publicPemOf(openPrivateKey(privateKey, "x.pem", "open sesame")), publicKey);
  assert.throws(() => openPrivateKey(privateKey, "x.pem"), {
    name: "SaltException",
    message: /"x.pem": it is encrypted, set its passphrase/,
  });
  assert.throws(() => openPrivateKey(privateKey, "x.pem", "wrong"), {
    name: "SaltException",
    message: /passphrase is wrong/,
  });
});

test("openPrivateKey() takes PKCS#8, encrypted or not, and gives PKCS#1", () => {
  const { privateKey } = testKey("test-minion");
  const key = createPrivateKey(privateKey);
  const plain = key.export({ type: "pkcs8", format: "pem" }).toString();
  const sealed = key.export({
    type: "pkcs8",
    format: "pem",
    cipher: "aes-256-cbc",
    passphrase: "p",
  }).toString();
  const wanted = openPrivateKey(privateKey, "a");
  assert.match(wanted, /^-----BEGIN RSA PRIVATE KEY-----/);
  assert.equal(openPrivateKey(plain, "a"), wanted);
  assert.equal(openPrivateKey(sealed, "a", "p"), wanted);
  assert.throws(() => openPrivateKey("rubbish", "/pki/minion.pem"), (error) => {
    assert.ok(error instanceof SaltException && error.message.includes("/pki/minion.pem"));
    return true;
  });
});

test("publicKeyOf() takes both headers, also Salt's RSA header over an SPKI body", () => {
  const { publicKey } = testKey("test-minion");
  const pkcs1 = publicKeyOf(publicKey).export({ type: "pkcs1", format: "pem" }).toString();
  const mixed = publicKey.replaceAll(" PUBLIC KEY", " RSA PUBLIC KEY");
  for (const pem of [pkcs1, mixed, `\n${publicKey}\n\n`, publicKey.replaceAll("\n", "\r\n")]) {
    assert.equal(publicKeyOf(pem).equals(publicKeyOf(publicKey)), true);
  }
});

test("publicKeyOf() and privateKeyOf() refuse other keys", () => {
  const { privateKey, publicKey } = testKey("test-minion");
  const ed25519 =
    "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n" +
    "-----END PUBLIC KEY-----\n";
  for (const pem of [privateKey, "", "rubbish", ed25519, publicKey.slice(0, 200)]) {
    assert.throws(() => publicKeyOf(pem), AuthenticationError);
  }
  assert.throws(() => privateKeyOf(publicKey), AuthenticationError);
});

test("bareKey() ignores line ends", () => {
  assert.equal(bareKey("A\r\nB\n"), bareKey("A\nB"));
});

test("pemFingerOfFile() reads a file, gives nothing for none, and knows its hashes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "saltx-finger-"));
  try {
    const path = join(folder, "key.pub");
    const { publicKey } = testKey("test-minion");
    writeFileSync(path, publicKey);
    assert.equal(await pemFingerOfFile(path), pemFinger(publicKey));
    const missing = loadVectors("keys.json").fingerprint_missing_file;
    assert.equal(await pemFingerOfFile(join(folder, "none")), missing);
    await assert.rejects(pemFingerOfFile(folder), SaltException);
    await assert.rejects(pemFingerOfFile(path, "crc32"), SaltConfigurationError);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
