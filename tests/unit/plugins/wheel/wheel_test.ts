import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { RunnerCaller } from "../../../../src/client/runner.ts";
import type { MasterOpts } from "../../../../src/config/mod.ts";
import { raetFinger, RaetKeyStore } from "../../../../src/key/raet_keys.ts";
import { WHEEL } from "../../../../src/plugins/wheel/mod.ts";
import type { Data, DataMap, Jid } from "../../../../src/types/mod.ts";
import { MemoryBus } from "../../../support/memory_bus.ts";
import { vectorKey } from "../../../support/master_in_memory.ts";

const JID = "20260102030405000001" as Jid;

function master(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "saltx-wheel-"));
  const roots = join(root, "roots");
  for (
    const dir of ["pki", "pki/minions", "pki/minions_pre", "pki/minions_rejected", "roots/web"]
  ) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  writeFileSync(join(root, "outside"), "secret");
  writeFileSync(join(roots, "top.sls"), "base: {}\n");
  writeFileSync(join(roots, "web", "bin"), new Uint8Array([0, 255]));
  symlinkSync(join(root, "outside"), join(roots, "link"));
  const bus = new MemoryBus();
  const caller = new RunnerCaller({
    opts: {
      cachedir: root,
      pki_dir: join(root, "pki"),
      hash_type: "sha256",
      id: "m_master",
      job_cache: true,
      rotate_aes_key: false,
      file_roots: { base: [roots] },
      pillar_roots: { base: [roots] },
    } as unknown as MasterOpts,
    modules: WHEEL,
    kind: "wheel",
    openClient: () => Promise.reject(new Error("no client")),
    openBus: () => Promise.resolve(bus.client()),
  });
  t.after(() => {
    caller.close();
    rmSync(root, { recursive: true });
  });
  const call = async (fun: string, kwargs: DataMap = {}): Promise<[boolean, Data]> => {
    const { success, return: value } = await caller.call({
      fun,
      args: [],
      kwargs,
      jid: JID,
      user: "root",
    });
    return [success, value];
  };
  const place = (folder: string, id: string) =>
    writeFileSync(join(root, "pki", folder, id), vectorKey("test-minion").public_pem);
  return { call, place, roots, bus, pki: join(root, "pki") };
}

test("wheel key.* accepts, rejects and deletes what a glob matches", async (t) => {
  const { call, place } = master(t);
  place("minions_pre", "web1");
  place("minions_pre", "web2");
  place("minions_pre", "db");
  assert.deepEqual(await call("key.accept", { match: "web1" }), [true, { minions: ["web1"] }]);
  assert.deepEqual(await call("key.reject", { match: "web*" }), [true, {
    minions: ["web1"],
    minions_rejected: ["web2"],
  }]);
  assert.deepEqual(await call("key.accept", { match: "web2", include_rejected: true }), [true, {
    minions: ["web2"],
  }]);
  assert.deepEqual(await call("key.list", { match: "un" }), [true, { minions_pre: ["db"] }]);
  assert.deepEqual(await call("key.list", { match: "nonsense" }), [true, {}]);
  assert.deepEqual(await call("key.delete", { match: "web*" }), [true, {}]);
  assert.deepEqual(await call("key.accept_dict", { match: { minions_pre: ["db", "../x"] } }), [
    true,
    { minions: ["db"], minions_pre: [], minions_rejected: [], minions_denied: [] },
  ]);
  const [, fingers] = await call("key.finger", { match: "*" });
  assert.match(
    ((fingers as DataMap)["minions"] as Record<string, string>)["db"]!,
    /^([0-9a-f]{2}:){31}/,
  );
  const [, keys] = await call("key.print", { match: "db" });
  assert.match(JSON.stringify(keys), /BEGIN PUBLIC KEY/);
});

test("wheel key.* decides on RAET keys as on RSA keys", async (t) => {
  const { call, place, pki } = master(t);
  const raet = new RaetKeyStore({ pki_dir: pki });
  const bytes = new Uint8Array(32).fill(7);
  const keys = { pub: bytes, verify: bytes };
  const offer = { ...keys, id: "web1", source: "192.0.2.1", autosignGrains: undefined };
  raet.offer({ ...offer, vouched: () => false });
  assert.deepEqual(await call("key.finger", { match: "web1" }), [true, {
    minions_pre: { web1: raetFinger(keys, "sha256") },
  }]);
  assert.deepEqual(await call("key.accept", { match: "web1" }), [true, { minions: ["web1"] }]);
  place("minions", "web1");
  assert.deepEqual(await call("key.delete", { match: "web1" }), [true, {}]);
  assert.deepEqual([existsSync(join(pki, "minions", "web1")), raet.ids("accepted")], [false, []]);
  assert.equal(raet.offer({ ...offer, vouched: () => true }), "pending");
});

test("wheel key.* refuses what is no id, hash, size or list", async (t) => {
  const { call, place } = master(t);
  place("minions", "db");
  const bad: [string, DataMap, RegExp][] = [
    ["key.gen_accept", { id_: "../../etc/x" }, /not a valid minion id/],
    ["key.gen_accept", { id_: "" }, /not a valid minion id/],
    ["key.gen", { keysize: 100_000 }, /2048 to 8192/],
    ["key.finger", { match: "*", hash_type: "crc32" }, /hash_type must be/],
    ["key.accept_dict", { match: { minions: 5 } }, /list of texts/],
    ["key.gen_keys", { keyname: "../x" }, /name of a file/],
    ["key.gen_keys", { keyname: "x", keysize: 1 }, /2048 to 8192/],
    ["error.error", { name: "Oops", message: "no" }, /Oops: no/],
    ["key.accept", {}, /invalid arguments/],
    ["key.accept", { match: "a", nonsense: 1 }, /invalid arguments/],
  ];
  for (const [fun, kwargs, wanted] of bad) {
    const [success, text] = await call(fun, kwargs);
    assert.equal(success, false, fun);
    assert.match(String(text), wanted);
  }
  assert.deepEqual(await call("key.gen_accept", { id_: "db" }), [true, {}]);
});

test("wheel key.* makes key files and signatures, and rejects keys named by folder", async (t) => {
  const { call, place, roots } = master(t);
  const [made, finger] = await call("key.gen_keys", { keydir: roots, keyname: "pair" });
  assert.equal(made, true);
  assert.match(String(finger), /^([0-9a-f]{2}:){31}[0-9a-f]{2}$/);
  const pub = join(roots, "pair.pub");
  assert.deepEqual(await call("key.gen_signature", { pub, signature_path: roots }), [
    true,
    "No usable private-key found",
  ]);
  const priv = join(roots, "pair.pem");
  assert.deepEqual(await call("key.gen_signature", { pub, priv, signature_path: roots }), [
    true,
    true,
  ]);
  assert.ok(existsSync(join(roots, "master_pubkey_signature")));
  place("minions_pre", "new");
  const [, listed] = await call("key.reject_dict", { match: { minions_pre: ["new"] } });
  assert.deepEqual((listed as DataMap)["minions_rejected"], ["new"]);
});

test("wheel file_roots.* lists and reads what is below the roots", async (t) => {
  const { call, roots } = master(t);
  const tree = { [roots]: { link: "f", "top.sls": "f", web: { bin: "f" } } };
  assert.deepEqual(await call("file_roots.list_env"), [true, tree]);
  assert.deepEqual(await call("pillar_roots.list_roots"), [true, { base: [tree] }]);
  assert.deepEqual(await call("file_roots.read", { path: "top.sls" }), [true, [
    { [join(roots, "top.sls")]: "base: {}\n" },
  ]]);
  assert.deepEqual(await call("file_roots.find", { path: "web/bin" }), [true, [
    { [join(roots, "web/bin")]: "bin" },
  ]]);
  assert.deepEqual(await call("file_roots.read", { path: "web/bin" }), [true, []]);
});

test("wheel file_roots.* reads nothing outside of the roots", async (t) => {
  const { call } = master(t);
  for (const path of ["link", "nothing", "web"]) {
    assert.deepEqual(await call("file_roots.read", { path }), [true, []]);
  }
  for (const path of ["../outside", "/etc/passwd", "web/../../outside", "a\0b", ""]) {
    const [success, text] = await call("file_roots.read", { path });
    assert.equal(success, false, path);
    assert.match(String(text), /not a path below a root|no value|required/i);
  }
  for (const saltenv of ["__proto__", "constructor", "../base", "prod"]) {
    const [success, text] = await call("pillar_roots.read", { path: "top.sls", saltenv });
    assert.equal(success, false, saltenv);
    assert.match(String(text), /no environment/);
  }
});

test("RunnerCaller fires wheel calls under their own tags and keeps none as a job", async (t) => {
  const { call, bus } = master(t);
  const events = bus.client().subscribe("salt/");
  await call("config.values");
  const fired = [await events.next(), await events.next()];
  assert.deepEqual(fired.map((event) => [event?.tag, event?.data["fun"]]), [
    [`salt/wheel/${JID}/new`, "wheel.config.values"],
    [`salt/wheel/${JID}/ret`, "wheel.config.values"],
  ]);
});
