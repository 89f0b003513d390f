import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { KeyChangeError, PkiKeyStore } from "../../../src/key/mod.ts";
import type { MinionId } from "../../../src/types/mod.ts";
import { KEY_A, KEY_B, KEY_C, temporaryStore } from "./keys.ts";

const OWNER_ONLY = 0o700;

test("offer() puts a new key in pending and leaves it there", () => {
  using it = temporaryStore();
  for (let i = 0; i < 2; i++) {
    const { act, result, ret } = it.store.offer("w1", KEY_A);
    assert.deepEqual({ act, result, ret }, { act: "pend", result: true, ret: true });
  }
  assert.equal(it.store.read("pending", "w1"), KEY_A);
  assert.equal(it.store.stateOf("w1"), "pending");
  assert.equal(it.store.acceptedKey("w1"), null);
});

test("offer() keeps the accepted key when another is offered, and files that as denied", () => {
  using it = temporaryStore();
  it.store.offer("w1", KEY_A);
  it.store.change("accept", [{ state: "pending", id: "w1" }]);
  assert.equal(it.store.offer("w1", KEY_B).act, "denied");
  assert.equal(it.store.offer("w1", KEY_C).act, "denied");
  assert.equal(it.store.acceptedKey("w1"), KEY_A);
  assert.equal(it.store.read("denied", "w1"), KEY_C);
  assert.equal(it.store.offer("w1", KEY_A).act, "accept");
});

test("offer() refuses a rejected id, and asks anew after its deletion", () => {
  using it = temporaryStore();
  it.store.offer("w1", KEY_A);
  it.store.change("reject", [{ state: "pending", id: "w1" }]);
  assert.deepEqual([it.store.offer("w1", KEY_A).ret, it.store.stateOf("w1")], [false, "rejected"]);
  it.store.change("delete", [{ state: "rejected", id: "w1" }]);
  assert.equal(it.store.offer("w1", KEY_A).act, "pend");
});

test("offer() writes nothing for a bad id or a bad key", () => {
  using it = temporaryStore({ auto_accept: true });
  const ids = ["", ".", "..", "../evil", "a/b", "a\\b", "a\0b", ".hidden", "x".repeat(300), "a\nb"];
  for (const id of ids) assert.equal(it.store.offer(id, KEY_A).ret, false, JSON.stringify(id));
  const keys = ["", "garbage", KEY_A.slice(0, 100), "x".repeat(100_000)];
  for (const key of keys) assert.equal(it.store.offer("w1", key).ret, false);
  assert.deepEqual(it.store.list(), { accepted: [], pending: [], rejected: [], denied: [] });
});

test("offer() accepts with auto_accept", () => {
  using it = temporaryStore({ auto_accept: true });
  assert.equal(it.store.offer("w1", KEY_A).act, "accept");
  assert.equal(it.store.acceptedKey("w1"), KEY_A);
  assert.equal(it.store.offer("w1", KEY_B).act, "denied");
});

test("offer() accepts a pending key once it is signed automatically", () => {
  using it = temporaryStore({ autosign_file: "/nowhere" });
  it.store.offer("w1", KEY_A);
  using signing = temporaryStore();
  writeFileSync(join(signing.root, "sign"), "# all of them\n\n  w*  \n");
  const options = { pki_dir: it.pki, autosign_file: join(signing.root, "sign") };
  using other = temporaryStore(options);
  assert.equal(other.store.offer("w1", KEY_B).act, "denied");
  assert.equal(other.store.offer("w1", KEY_A).act, "accept");
  assert.equal(it.store.acceptedKey("w1"), KEY_A);
  assert.deepEqual(it.store.ids("pending"), []);
});

test("offer() follows the files of ids: globs, regular expressions, rejection first", () => {
  using it = temporaryStore();
  const sign = join(it.root, "sign");
  const reject = join(it.root, "reject");
  writeFileSync(sign, "web[0-9]\ndb\\d{2}\nx|y\n(((\n#commented\nexact.id\n");
  writeFileSync(reject, "web6\n");
  using store = temporaryStore({ pki_dir: it.pki, autosign_file: sign, autoreject_file: reject });
  const acts = (...ids: string[]) => ids.map((id) => store.store.offer(id, KEY_A).act);
  assert.deepEqual(acts("web1", "db12", "y", "exact.id"), Array(4).fill("accept"));
  assert.deepEqual(acts("web12", "db1", "xz", "commented"), Array(4).fill("pend"));
  assert.deepEqual(acts("web6"), ["reject"]);
  assert.equal(it.store.stateOf("web6"), "rejected");
});

test("offer() moves a pending key to rejected once a file says so", () => {
  using it = temporaryStore();
  it.store.offer("w1", KEY_A);
  const reject = join(it.root, "reject");
  writeFileSync(reject, "w1");
  using store = temporaryStore({ pki_dir: it.pki, autoreject_file: reject });
  assert.equal(store.store.offer("w1", KEY_B).act, "reject");
  assert.equal(it.store.read("rejected", "w1"), KEY_A);
});

test("offer() ignores files of ids that others may write", () => {
  using it = temporaryStore();
  const sign = join(it.root, "sign");
  writeFileSync(sign, "*");
  chmodSync(sign, 0o666);
  using open = temporaryStore({ pki_dir: it.pki, autosign_file: sign });
  assert.equal(open.store.offer("w1", KEY_A).act, "pend");
  chmodSync(sign, 0o664);
  assert.equal(open.store.offer("w2", KEY_A).act, "pend");
  chmodSync(sign, 0o644);
  assert.equal(open.store.offer("w3", KEY_A).act, "accept");
});

test("offer() sees a changed file of ids", () => {
  using it = temporaryStore();
  const sign = join(it.root, "sign");
  using store = temporaryStore({ pki_dir: it.pki, autosign_file: sign });
  assert.equal(store.store.offer("w1", KEY_A).act, "pend");
  writeFileSync(sign, "nobody");
  assert.equal(store.store.offer("w1", KEY_A).act, "pend");
  writeFileSync(sign, "nobody\nw1");
  assert.equal(store.store.offer("w1", KEY_A).act, "accept");
});

test("offer() uses a file in minions_autosign once, and never an old one", () => {
  using it = temporaryStore({ autosign_timeout: 10 });
  const folder = join(it.pki, "minions_autosign");
  for (const id of ["w1", "old"]) writeFileSync(join(folder, id), "");
  const past = new Date(Date.now() - 11 * 60_000);
  utimesSync(join(folder, "old"), past, past);
  assert.equal(it.store.offer("w1", KEY_A).act, "accept");
  assert.equal(it.store.offer("old", KEY_A).act, "pend");
  assert.deepEqual(readdirSync(folder), []);
  it.store.change("delete", [{ state: "accepted", id: "w1" }]);
  assert.equal(it.store.offer("w1", KEY_A).act, "pend");
});

test("offer() uses up the file in minions_autosign of an accepted minion too", () => {
  using it = temporaryStore({ auto_accept: true });
  it.store.offer("w1", KEY_A);
  const file = join(it.pki, "minions_autosign", "w1");
  writeFileSync(file, "");
  it.store.offer("w1", KEY_B);
  assert.equal(existsSync(file), true);
  it.store.offer("w1", KEY_A);
  assert.equal(existsSync(file), false);
});

test("offer() accepts by grains, and only by names that stay in their folder", () => {
  using it = temporaryStore();
  const folder = join(it.root, "grains");
  mkdirSync(folder);
  writeFileSync(join(folder, "uuid"), "# known machines\n1234\n5678\n");
  writeFileSync(join(it.root, "secret"), "open");
  using store = temporaryStore({ pki_dir: it.pki, autosign_grains_dir: folder });
  const act = (id: string, autosignGrains: Record<string, string | number>) =>
    store.store.offer(id, KEY_A, { autosignGrains }).act;
  assert.equal(act("w1", { uuid: "5678" }), "accept");
  assert.equal(act("w2", { uuid: "56" }), "pend");
  assert.equal(act("w3", { uuid: "# known machines" }), "pend");
  assert.equal(act("w4", { "../secret": "open" }), "pend");
  assert.equal(act("w5", { other: "1234" }), "pend");
});

test("offer() takes any key in open_mode", () => {
  using it = temporaryStore({ open_mode: true });
  assert.equal(it.store.offer("w1", KEY_A).act, "accept");
  assert.equal(it.store.offer("w1", KEY_B).act, "accept");
  assert.equal(it.store.acceptedKey("w1"), KEY_B);
});

test("offer() turns new minions away when max_minions are connected", () => {
  using it = temporaryStore({ auto_accept: true, max_minions: 2 });
  const facts = (...ids: string[]) => ({ connected: () => new Set(ids) });
  assert.equal(it.store.offer("w3", KEY_A, facts("w1", "w2")).act, "accept");
  assert.equal(it.store.offer("w4", KEY_A, facts("w1", "w2", "w3")).ret, "full");
  assert.equal(it.store.offer("w3", KEY_A, facts("w1", "w2", "w3")).act, "accept");
  assert.equal(it.store.stateOf("w4"), null);
});

test("change() says what became of each key", () => {
  using it = temporaryStore();
  it.store.offer("w1", KEY_A);
  writeFileSync(join(it.pki, "minions_pre", "bad"), "garbage");
  const keys = ["w1", "bad", "nobody", "../x"].map((id) => ({ state: "pending" as const, id }));
  assert.deepEqual(it.store.change("accept", keys).map((change) => change.outcome), [
    "done",
    "invalid",
    "gone",
    "gone",
  ]);
  assert.deepEqual(it.store.list().pending, ["bad"]);
});

test("change() accepts a denied key in place of the accepted one", () => {
  using it = temporaryStore({ auto_accept: true });
  it.store.offer("w1", KEY_A);
  it.store.offer("w1", KEY_B);
  it.store.change("accept", [{ state: "denied", id: "w1" }]);
  assert.equal(it.store.acceptedKey("w1"), KEY_B);
  assert.deepEqual(it.store.ids("denied"), []);
});

test("change() does not let a pending key replace an accepted one", () => {
  using it = temporaryStore();
  for (const id of ["w1", "w2"]) it.store.insert(id as MinionId, KEY_A);
  writeFileSync(join(it.pki, "minions_pre", "w1"), KEY_B);
  writeFileSync(join(it.pki, "minions_pre", "w2"), KEY_A);
  const keys = ["w1", "w2"].map((id) => ({ state: "pending" as const, id }));
  const outcomes = it.store.change("accept", keys).map((change) => change.outcome);
  assert.deepEqual(outcomes, ["taken", "done"]);
  assert.equal(it.store.acceptedKey("w1"), KEY_A);
  assert.deepEqual(it.store.ids("pending"), ["w1"]);
});

test("change() tells what was done before it failed", () => {
  using it = temporaryStore();
  it.store.offer("w1", KEY_A);
  it.store.offer("w2", KEY_A);
  // A folder where the file has to go: the move fails as it would on a full disk.
  mkdirSync(join(it.pki, "minions_rejected", "w2"));
  const keys = ["w1", "w2"].map((id) => ({ state: "pending" as const, id }));
  assert.throws(() => it.store.change("reject", keys), (error) => {
    assert.ok(error instanceof KeyChangeError);
    assert.deepEqual(error.changes.map(({ id, outcome }) => [id, outcome]), [["w1", "done"]]);
    return /Cannot move key to ".*minions_rejected\/w2"/.test(error.message);
  });
});

test("list() sorts without regard to case and passes over what is no key", () => {
  using it = temporaryStore();
  for (const id of ["b", "A", "c", "B2"]) it.store.offer(id, KEY_A);
  const folder = join(it.pki, "minions_pre");
  writeFileSync(join(folder, ".key_cache"), "");
  mkdirSync(join(folder, "folder"));
  symlinkSync(join(folder, "b"), join(folder, "link"));
  symlinkSync("/nowhere", join(folder, "broken"));
  assert.deepEqual(it.store.list().pending, ["A", "b", "B2", "c", "link"]);
});

test("list() of a folder that is not there is empty", () => {
  using it = temporaryStore();
  using other = temporaryStore({ pki_dir: join(it.root, "other") });
  assert.deepEqual(other.store.list().accepted, []);
});

test("list() holds 100,000 keys", () => {
  using it = temporaryStore();
  const folder = join(it.pki, "minions");
  for (let i = 0; i < 100_000; i++) writeFileSync(join(folder, `minion-${i}`), "");
  const { accepted } = it.store.list();
  assert.equal(accepted.length, 100_000);
  assert.deepEqual(accepted.slice(0, 3), ["minion-0", "minion-1", "minion-10"]);
});

test("acceptedKey() follows what another store does", () => {
  using it = temporaryStore({ auto_accept: true });
  using other = temporaryStore({ pki_dir: it.pki });
  assert.equal(it.store.acceptedKey("w1"), null);
  other.store.insert("w1" as MinionId, KEY_A);
  assert.equal(it.store.acceptedKey("w1"), KEY_A);
  other.store.insert("w1" as MinionId, KEY_B);
  assert.equal(it.store.acceptedKey("w1"), KEY_B);
  other.store.change("delete", [{ state: "accepted", id: "w1" }]);
  assert.equal(it.store.acceptedKey("w1"), null);
  assert.equal(it.store.acceptedKey("../master.pem"), null);
});

test("prepare() makes a folder that only its owner can enter, and clears litter", () => {
  using it = temporaryStore();
  assert.equal(statSync(it.pki).mode & 0o777, OWNER_ONLY);
  const litter = join(it.pki, "minions", ".saltx-1-abc");
  const fresh = join(it.pki, "minions", ".saltx-2-def");
  for (const path of [litter, fresh]) writeFileSync(path, "");
  const past = new Date(Date.now() - 3_600_000);
  utimesSync(litter, past, past);
  it.store.prepare();
  assert.deepEqual([existsSync(litter), existsSync(fresh)], [false, true]);
});

test("prepare() leaves the modes of a folder that Salt leaves, and closes others", () => {
  using it = temporaryStore();
  using permissive = temporaryStore({ pki_dir: it.pki, permissive_pki_access: true });
  const after = (store: typeof it.store, mode: number) => {
    chmodSync(it.pki, mode);
    store.prepare();
    return statSync(it.pki).mode & 0o7777;
  };
  assert.deepEqual([0o700, 0o750, 0o755].map((mode) => after(it.store, mode)), [
    0o700,
    0o750,
    0o700,
  ]);
  assert.equal(after(permissive.store, 0o770), 0o770);
});

test("keys are written complete, with mode 0644 and nothing left beside", () => {
  using it = temporaryStore();
  it.store.offer("w1", KEY_A);
  const folder = join(it.pki, "minions_pre");
  assert.deepEqual(readdirSync(folder), ["w1"]);
  assert.equal(readFileSync(join(folder, "w1"), "utf8"), KEY_A);
  assert.equal(statSync(join(folder, "w1")).mode & 0o777, 0o644);
});

/** Names of all files in the folders of the four states. */
function filesOf(pkiDir: string): string[] {
  return ["minions", "minions_pre", "minions_rejected", "minions_denied"].flatMap((folder) =>
    readdirSync(join(pkiDir, folder)).map((name) => `${folder}/${name}`)
  );
}

test("prepareOffer() writes new keys ahead, and offer() gives them their names", async () => {
  using it = temporaryStore({ auto_accept: true });
  const ids = Array.from({ length: 50 }, (_, i) => `w${i}`);
  await Promise.all(ids.map((id) => it.store.prepareOffer(id, KEY_A)));
  assert.deepEqual(it.store.ids("accepted"), [], "nothing is decided");
  assert.deepEqual(it.store.ids("pending"), []);
  const acts = ids.map((id) => it.store.offer(id, KEY_A).act);
  assert.deepEqual([...new Set(acts)], ["accept"]);
  assert.deepEqual(filesOf(it.pki).sort(), ids.map((id) => `minions/${id}`).sort());
  assert.equal(it.store.read("accepted", "w7"), KEY_A);
  assert.equal(statSync(join(it.pki, "minions", "w7")).mode & 0o777, 0o644);
});

test("prepareOffer() leaves nothing behind where the offer needs no file", async () => {
  using it = temporaryStore();
  await it.store.prepareOffer("w1", KEY_A);
  const again = it.store.prepareOffer("w1", KEY_A);
  assert.equal(again, null, "it is prepared");
  // Another worker is faster, with another key.
  new PkiKeyStore({ pki_dir: it.pki }).offer("w1", KEY_B);
  assert.equal(it.store.offer("w1", KEY_A).act, "denied");
  assert.equal(it.store.read("pending", "w1"), KEY_B);
  assert.deepEqual(filesOf(it.pki).filter((path) => path.includes("/.")), []);
});

test("prepareOffer() has nothing to do for what is known, or is no key", () => {
  using it = temporaryStore();
  it.store.offer("w1", KEY_A);
  assert.equal(it.store.prepareOffer("w1", KEY_A), null);
  assert.equal(it.store.prepareOffer("w1", KEY_B), null);
  assert.equal(it.store.prepareOffer("../evil", KEY_A), null);
  assert.equal(it.store.prepareOffer("w2", "garbage"), null);
});

test("offer() does not wait for what is still being written", async () => {
  using it = temporaryStore();
  const writing = it.store.prepareOffer("w1", KEY_A);
  assert.equal(it.store.offer("w1", KEY_A).act, "pend");
  await writing;
  assert.equal(it.store.offer("w1", KEY_A).act, "pend");
  assert.deepEqual(filesOf(it.pki), ["minions_pre/w1"]);
});
