import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { EstateKeyStore, type KeyAction } from "../../../src/key/mod.ts";
import { RaetKeyStore, type RaetOffer } from "../../../src/key/raet_keys.ts";
import { Withdrawals, WITHDRAWN_MS } from "../../../src/key/withdrawals.ts";
import { KeyFolders } from "../../../src/master/cluster/key_folders.ts";
import { KEY_A } from "./keys.ts";

const KINDS = ["accepted", "pending"] as const;

/** A master's keys of a minion `w1` that has both kinds, each of which vouches for the other. */
function estate(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "saltx-withdrawn-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const store = new EstateKeyStore({ pki_dir: dir });
  store.prepare();
  const raet = new RaetKeyStore({ pki_dir: dir });
  const bytes = new Uint8Array(32).fill(7);
  const base = { id: "w1", pub: bytes, verify: bytes, source: "192.0.2.1" };
  const offerRaet = (vouched = () => true) =>
    raet.offer({ ...base, autosignGrains: undefined, vouched } satisfies RaetOffer);
  const offerRsa = () => store.offer("w1", KEY_A, { vouched: true }).act;
  const change = (action: KeyAction, state: "accepted" | "pending") =>
    store.change(action, [{ state, id: "w1" }]);
  assert.equal(offerRaet(), "accepted");
  assert.equal(offerRsa(), "accept");
  return { dir, store, raet, offerRaet, offerRsa, change };
}

test("deleted keys of both kinds do not bring each other back", (t) => {
  const { dir, store, raet, offerRaet, offerRsa, change } = estate(t);
  change("delete", "accepted");
  assert.equal(offerRaet(), "pending");
  assert.equal(offerRsa(), "pend");
  assert.deepEqual([store.ids("accepted"), raet.ids("pending")], [[], ["w1"]]);
  change("accept", "pending");
  assert.deepEqual(KINDS.map((state) => store.readAll(state, "w1").length), [2, 0]);
  // An operator let it in: what it lacks may follow.
  raet.change("delete", "accepted", "w1");
  assert.equal(offerRaet(), "accepted");
  assert.deepEqual(readdirSync(join(dir, "withdrawn")), []);
});

test("keys that are deleted while one is decided upon stay deleted", (t) => {
  const { store, raet, offerRaet, change } = estate(t);
  raet.change("delete", "accepted", "w1");
  let asked = 0;
  const vouched = () => {
    if (++asked === 1) change("delete", "accepted");
    return true;
  };
  assert.equal(offerRaet(vouched), "pending");
  assert.deepEqual(store.ids("accepted"), []);
});

test("a cluster's deletion of one key keeps the other from vouching", (t) => {
  const { dir, offerRaet, offerRsa } = estate(t);
  const folders = new KeyFolders(dir);
  folders.write("raet/w1", "deleted", null);
  assert.equal(offerRaet(), "pending");
  folders.write("rsa/w1", "deleted", null);
  assert.equal(offerRsa(), "pend");
});

test("Withdrawals - hold for a while, and only where there are keys of two kinds", (t) => {
  const { dir, change, offerRaet } = estate(t);
  change("delete", "accepted");
  const path = join(dir, "withdrawn", "w1");
  const before = (Date.now() - WITHDRAWN_MS - 1000) / 1000;
  utimesSync(path, before, before);
  assert.equal(offerRaet(), "accepted");
  new Withdrawals(dir).note("w2");
  assert.deepEqual(readdirSync(join(dir, "withdrawn")), ["w2"]);
  for (const id of ["../w3", "", "."]) assert.equal(new Withdrawals(dir).has(id), true, id);

  const plain = mkdtempSync(join(tmpdir(), "saltx-withdrawn-"));
  t.after(() => rmSync(plain, { recursive: true }));
  new Withdrawals(plain).note("w1");
  assert.equal(existsSync(join(plain, "withdrawn")), false);
});
