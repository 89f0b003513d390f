import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { MinionId } from "../../../src/types/mod.ts";
import { EstateKeyStore, keyFinger } from "../../../src/key/mod.ts";
import {
  loadRaetKeys,
  raetFinger,
  RaetKeyStore,
  RaetMasterPin,
  type RaetPublic,
} from "../../../src/key/raet_keys.ts";

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "sx-raet-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

const bytes = (byte: number) => new Uint8Array(32).fill(byte);
const keys = (byte: number): RaetPublic => ({ pub: bytes(byte), verify: bytes(byte + 1) });
const offer = (id: string, byte: number, vouched = false) => ({
  ...keys(byte),
  id,
  source: "192.0.2.1",
  autosignGrains: undefined,
  vouched: () => vouched,
});

test("raetFinger() is historic RAET's", () => {
  assert.equal(
    raetFinger({ pub: bytes(0x11), verify: bytes(0x22) }, "sha256").replaceAll(":", ""),
    "35e9152c34895ccd1cf686a9e2dead995f4c7158103fa6d882efe353d6ef1f6f",
  );
});

test("loadRaetKeys() makes keys once, for the owner's eyes alone", async (t) => {
  const dir = await folder(t);
  const made = loadRaetKeys(dir);
  assert.deepEqual(loadRaetKeys(dir), made);
  assert.equal((await stat(join(dir, "local.key"))).mode & 0o777, 0o400);
});

test("loadRaetKeys() reads keys in JSON and names the file of bad ones", async (t) => {
  const dir = await folder(t);
  const path = join(dir, "local.key");
  const [priv, sign] = ["01".repeat(32), "02".repeat(32)];
  await writeFile(path, JSON.stringify({ priv, sign }));
  assert.deepEqual(loadRaetKeys(dir).secret, bytes(1));
  await writeFile(path, JSON.stringify({ priv, sign: "zz" }));
  assert.throws(() => loadRaetKeys(dir), /local\.key.*no valid priv and sign/);
});

test("RaetKeyStore - new keys wait, other keys of a known id are denied", async (t) => {
  const store = new RaetKeyStore({ pki_dir: await folder(t) });
  assert.equal(store.offer(offer("web-1", 1)), "pending");
  assert.equal(store.offer(offer("web-1", 3)), "denied");
  assert.ok(store.change("accept", "pending", "web-1"));
  assert.equal(store.offer(offer("web-1", 1)), "accepted");
  assert.equal(store.offer(offer("web-1", 5)), "denied");
  assert.ok(store.has("accepted", "web-1", keys(1)));
  assert.ok(store.change("reject", "accepted", "web-1"));
  assert.equal(store.offer(offer("web-1", 1)), "rejected");
});

test("RaetKeyStore - takes keys that are vouched for, and no more pending ones than it may", async (t) => {
  const store = new RaetKeyStore({ pki_dir: await folder(t) }, 1);
  assert.equal(store.offer(offer("db-1", 1, true)), "accepted");
  assert.equal(store.offer(offer("web-1", 3)), "pending");
  assert.equal(store.offer(offer("web-2", 5)), "busy");
  assert.equal(store.offer(offer("../web", 5)), "rejected");
  assert.equal(store.offer({ ...offer("low", 0), pub: bytes(0) }), "rejected");
});

test("RaetMasterPin - keeps a master's keys and passes over spoilt ones", async (t) => {
  const dir = await folder(t);
  const pin = new RaetMasterPin(dir, "2001:db8::1", 4506);
  assert.equal(pin.read(), null);
  pin.keep(keys(7));
  assert.deepEqual(pin.read(), keys(7));
  await chmod(pin.path, 0o600);
  await writeFile(pin.path, "no key");
  assert.equal(pin.read(), null);
});

test("EstateKeyStore - lists and changes keys of both kinds as one", async (t) => {
  const dir = await folder(t);
  const store = new EstateKeyStore({ pki_dir: dir });
  store.prepare();
  const raet = new RaetKeyStore({ pki_dir: dir });
  raet.offer(offer("web-1", 1));
  assert.deepEqual(store.list().pending, ["web-1"]);
  assert.equal(store.stateOf("web-1"), "pending");
  const text = store.read("pending", "web-1") ?? "";
  assert.match(text, /pub: 0101/);
  assert.equal(keyFinger(text, "sha256"), raetFinger(keys(1), "sha256"));
  const [change] = store.change("accept", [{ state: "pending", id: "web-1" }]);
  assert.equal(change?.outcome, "done");
  assert.deepEqual(raet.ids("accepted"), ["web-1"]);
  store.change("delete", [{ state: "accepted", id: "web-1" }]);
  assert.deepEqual(store.list().accepted, []);
});

test("RaetKeyStore - autosign and autoreject decide as they do for RSA keys", async (t) => {
  const dir = await folder(t);
  const [autosign, autoreject] = [join(dir, "yes.conf"), join(dir, "no.conf")];
  await writeFile(autosign, "web-*\n");
  await writeFile(autoreject, "evil\n");
  const options = { pki_dir: dir, autosign_file: autosign, autoreject_file: autoreject };
  const store = new RaetKeyStore(options);
  assert.equal(store.offer(offer("web-1", 1)), "accepted");
  assert.equal(store.offer(offer("evil", 3)), "rejected");
  assert.equal(store.offer(offer("db-1", 5)), "pending");
});

test("RaetKeyStore - a key that is accepted under another id is denied", async (t) => {
  const store = new RaetKeyStore({ pki_dir: await folder(t) });
  store.offer(offer("web-1", 1));
  store.change("accept", "pending", "web-1");
  assert.equal(store.offer(offer("copy", 1)), "denied");
  store.change("delete", "accepted", "web-1");
  assert.equal(store.offer(offer("copy", 1)), "pending");
});

test("RaetKeyStore - with raet_mutable, other keys of an accepted id wait for acceptance", async (t) => {
  const store = new RaetKeyStore({ pki_dir: await folder(t), raet_mutable: true });
  store.offer(offer("web-1", 1));
  store.change("accept", "pending", "web-1");
  assert.equal(store.offer(offer("web-1", 3)), "pending");
  assert.ok(store.has("accepted", "web-1", keys(1)), "the old ones stay until then");
  store.change("accept", "pending", "web-1");
  assert.ok(store.has("accepted", "web-1", keys(3)));
});

test("RaetKeyStore - one source has so many new ids wait and no more; others may", async (t) => {
  const store = new RaetKeyStore({ pki_dir: await folder(t) });
  const from = (source: string, i: number) => ({ ...offer(`m-${source}-${i}`, 1), source });
  for (let i = 0; i < 200; i++) assert.equal(store.offer(from("a", i)), "pending");
  assert.equal(store.offer(from("a", 200)), "busy");
  assert.equal(store.offer(from("b", 0)), "pending");
  assert.equal(store.offer(from("a", 0)), "pending", "it waits already");
});

test("RaetKeyStore.watch() - notices what came and went, also twice at once", async (t) => {
  const store = new RaetKeyStore({ pki_dir: await folder(t) });
  const changed = store.watch("accepted", "pending");
  changed();
  store.offer(offer("web-1", 1));
  assert.ok(changed());
  store.change("accept", "pending", "web-1");
  assert.ok(changed());
  store.change("delete", "accepted", "web-1");
  assert.ok(changed());
});

test("EstateKeyStore - shows both keys of an id, and denied and rejected ones of either kind", async (t) => {
  const dir = await folder(t);
  const store = new EstateKeyStore({ pki_dir: dir });
  store.prepare();
  const raet = new RaetKeyStore({ pki_dir: dir });
  raet.offer(offer("web-1", 1, true));
  store.insert("web-1" as MinionId, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
  assert.deepEqual(store.readAll("accepted", "web-1").map(([name]) => name), [
    "web-1",
    "web-1 (raet)",
  ]);
  raet.offer(offer("web-1", 3));
  assert.deepEqual(store.list().denied, ["web-1"]);
  store.change("reject", [{ state: "accepted", id: "web-1" }]);
  assert.deepEqual(store.list().rejected, ["web-1"]);
  assert.deepEqual(raet.ids("rejected"), ["web-1"]);
  store.change("delete", [{ state: "rejected", id: "web-1" }, { state: "denied", id: "web-1" }]);
  const { accepted, denied, pending, rejected } = store.list();
  assert.deepEqual([accepted, denied, pending, rejected], [[], [], [], []]);
});
