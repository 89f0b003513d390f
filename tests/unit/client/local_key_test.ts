import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { keyOwner, localUser, readLocalKey } from "../../../src/client/local_key.ts";

test("localUser() names who is behind sudo", () => {
  assert.equal(localUser({}, "ann"), "ann");
  assert.equal(localUser({}, "root"), "root");
  assert.equal(localUser({ SUDO_USER: "ann" }, "root"), "sudo_ann");
  assert.equal(localUser({ SUDO_USER: "ann" }, "bob"), "bob");
});

test("keyOwner() gives root and sudo users the key of the master's user", () => {
  assert.equal(keyOwner("root", "salt"), "salt");
  assert.equal(keyOwner("sudo_ann", "salt"), "salt");
  assert.equal(keyOwner("ann", "salt"), "ann");
});

test("readLocalKey() is empty where there is no key, and never leaves the folder", () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-key-"));
  try {
    writeFileSync(join(dir, ".ann_key"), "k");
    writeFileSync(join(dir, ".DOM_ann_key"), "d");
    assert.equal(readLocalKey(dir, "ann", "root"), "k");
    assert.equal(readLocalKey(dir, "DOM\\ann", "root"), "d");
    assert.equal(readLocalKey(dir, "bob", "root"), "");
    assert.equal(readLocalKey(join(dir, "sub"), "../ann", "root"), "");
  } finally {
    rmSync(dir, { recursive: true });
  }
});
