import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { KeyFolders } from "../../../../src/master/cluster/key_folders.ts";

function folders(t: TestContext): [KeyFolders, string] {
  const dir = mkdtempSync(join(tmpdir(), "saltx-keys-"));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const name of ["minions", "minions_pre", "minions_rejected", "accepted"]) {
    mkdirSync(join(dir, name));
  }
  return [new KeyFolders(dir), dir];
}

test("KeyFolders.read() finds keys of both kinds, and each id once", (t) => {
  const [keys, dir] = folders(t);
  writeFileSync(join(dir, "minions/a"), "rsa a");
  writeFileSync(join(dir, "minions_rejected/a"), "rsa a");
  writeFileSync(join(dir, "minions_pre/b"), "rsa b");
  writeFileSync(join(dir, "accepted/a"), "raet a");
  writeFileSync(join(dir, "minions/.hidden"), "x");
  const found = [...keys.read()].map(([name, { state }]) => [name, state]).sort();
  assert.deepEqual(found, [["raet/a", "accepted"], ["rsa/a", "rejected"], ["rsa/b", "pending"]]);
});

test("KeyFolders.write() brings a key into one state and out of the others", (t) => {
  const [keys, dir] = folders(t);
  const pem = new TextEncoder().encode("key");
  const where = () =>
    ["minions", "minions_pre", "minions_rejected"].filter((name) =>
      readdirSync(join(dir, name)).includes("a")
    );
  for (
    const [state, folder] of [
      ["pending", "minions_pre"],
      ["accepted", "minions"],
      ["rejected", "minions_rejected"],
    ] as const
  ) {
    assert.equal(keys.write("rsa/a", state, pem), true);
    assert.deepEqual(where(), [folder]);
  }
  assert.equal(keys.write("rsa/a", "deleted", null), true);
  assert.deepEqual(where(), []);
});

test("KeyFolders.write() refuses names that lead elsewhere and states that are none", (t) => {
  const [keys, dir] = folders(t);
  const pem = new TextEncoder().encode("key");
  for (const name of ["rsa/../x", "rsa/a/b", "other/a", "rsa/", "a", "rsa/.x"]) {
    assert.equal(keys.write(name, "accepted", pem), false, name);
  }
  assert.equal(keys.write("rsa/a", "denied", pem), false);
  assert.equal(keys.write("rsa/a", "accepted", null), false);
  assert.equal(keys.write("rsa/a", "accepted", new Uint8Array(20_000)), false);
  assert.deepEqual(readdirSync(join(dir, "minions")), []);
});

test("KeyFolders.changed() stays true until the folders are read", (t) => {
  const [keys, dir] = folders(t);
  const settle = () => {
    for (const name of ["minions", "minions_pre", "minions_rejected", "accepted"]) {
      utimesSync(join(dir, name), 1000, 1000);
    }
  };
  settle();
  keys.read();
  assert.equal(keys.changed(), false);
  writeFileSync(join(dir, "accepted/a"), "raet a");
  assert.deepEqual([keys.changed(), keys.changed()], [true, true]);
  keys.read();
  settle();
  keys.read();
  assert.equal(keys.changed(), false);
});
