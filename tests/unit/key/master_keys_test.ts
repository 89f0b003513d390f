import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { publicPemOf } from "../../../src/crypt/mod.ts";
import { type MasterKeyOptions, openMasterKeys } from "../../../src/key/mod.ts";
import { testKey } from "../../support/vectors.ts";

function pki(files: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), "master-keys-"));
  const folder = join(root, "pki");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return {
    path: (name: string) => join(folder, name),
    text: (name: string) => readFileSync(join(folder, name), "utf8"),
    open: (options: Partial<MasterKeyOptions> = {}) =>
      openMasterKeys({ pki_dir: folder, ...options }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true }),
  };
}

const MASTER = testKey("test-master");
const SIGN = testKey("test-master-sign");

test("openMasterKeys() makes a pair once, and reads it ever after", async () => {
  using it = pki();
  const made = await it.open();
  assert.equal(made.publicKey, publicPemOf(made.privateKey).trim());
  assert.equal(made.signingKey, null);
  assert.equal(made.publicKeySignature, null);
  const modes = ["master.pem", "master.pub"].map((name) => statSync(it.path(name)).mode & 0o777);
  assert.deepEqual(modes, [0o400, 0o644]);
  assert.deepEqual(await it.open(), made);
});

test("openMasterKeys() makes its folder, for its owner only", async () => {
  using it = pki();
  const folder = it.path("new");
  await openMasterKeys({ pki_dir: folder });
  assert.equal(statSync(folder).mode & 0o777, 0o700);
});

test("openMasterKeys() gives several masters that start at once the same keys", async () => {
  using it = pki();
  const all = await Promise.all([it.open(), it.open(), it.open()]);
  for (const keys of all) assert.deepEqual(keys, all[0]);
  assert.equal(it.text("master.pub").trim(), all[0]!.publicKey);
});

test("openMasterKeys() reads Salt's files, whatever their line ends and names", async () => {
  using it = pki({
    "m1.pem": MASTER.privateKey,
    "m1.pub": MASTER.publicKey.replaceAll("\n", "\r\n"),
  });
  symlinkSync("m1.pem", it.path("master.pem"));
  symlinkSync("m1.pub", it.path("master.pub"));
  const keys = await it.open();
  assert.equal(keys.publicKey, MASTER.publicKey.trim());
  assert.equal(publicPemOf(keys.privateKey).trim(), MASTER.publicKey.trim());
});

test("openMasterKeys() makes a missing public file anew", async () => {
  using it = pki({ "master.pem": MASTER.privateKey });
  await it.open();
  assert.equal(it.text("master.pub").trim(), MASTER.publicKey.trim());
});

test("openMasterKeys() refuses a public file of another pair", async () => {
  using it = pki({ "master.pem": MASTER.privateKey, "master.pub": SIGN.publicKey });
  await assert.rejects(it.open(), /master\.pub" is not the public key of ".*master\.pem"/);
});

test("openMasterKeys() names the private file that it cannot read", async () => {
  using it = pki({ "master.pem": "garbage" });
  await assert.rejects(it.open(), /Cannot read ".*master\.pem" as a private RSA key/);
  using folder = pki();
  mkdirSync(folder.path("master.pem"));
  await assert.rejects(folder.open(), /master\.pem/);
});

test("openMasterKeys() encrypts a new key with key_pass, and asks for it again", async () => {
  using it = pki();
  const made = await it.open({ key_pass: "secret" });
  assert.match(it.text("master.pem"), /ENCRYPTED/);
  assert.deepEqual(await it.open({ key_pass: "secret" }), made);
  await assert.rejects(it.open({ key_pass: "wrong" }), /passphrase is wrong/);
  await assert.rejects(it.open(), /it is encrypted, set its passphrase/);
});

test("openMasterKeys() makes at least 2048 bits", async () => {
  using it = pki();
  const { publicKey } = await it.open({ keysize: 512 });
  assert.ok(publicKey.length > 400);
});

test("openMasterKeys() has a signing pair when master_sign_pubkey wants one", async () => {
  using it = pki({ "s.pem": SIGN.privateKey, "s.pub": SIGN.publicKey });
  const options = { master_sign_pubkey: true, master_sign_key_name: "s" };
  const keys = await it.open(options);
  assert.equal(publicPemOf(keys.signingKey!).trim(), SIGN.publicKey.trim());
  assert.equal(keys.publicKeySignature, null);
  const made = await it.open({ master_sign_pubkey: true });
  assert.ok(existsSync(it.path("master_sign.pub")));
  assert.notEqual(made.signingKey, keys.signingKey);
});

test("openMasterKeys() reads a prepared signature, or says how to make one", async () => {
  using it = pki({ "master_pubkey_signature": "c2lnbmF0dXJl\n" });
  const options = { master_sign_pubkey: true, master_use_pubkey_signature: true };
  const keys = await it.open(options);
  assert.equal(keys.publicKeySignature, "c2lnbmF0dXJl\n");
  assert.equal(keys.signingKey, null);
  await assert.rejects(
    it.open({ ...options, master_pubkey_signature: "none" }),
    /no signature .*none.*--gen-signature/,
  );
});
