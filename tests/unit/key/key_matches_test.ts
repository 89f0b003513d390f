import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { keyRefs, localKeys, matchKeys, statesOfWord } from "../../../src/key/key_matches.ts";
import { temporaryStore } from "./keys.ts";

const keys = {
  minions: ["a1", "a2"],
  minions_pre: ["A1", "b1"],
  minions_rejected: [],
  minions_denied: ["a1"],
};

test("matchKeys() finds by glob and by list, each key once", () => {
  assert.deepEqual(matchKeys(keys, "a*"), { minions: ["a1", "a2"], minions_denied: ["a1"] });
  assert.deepEqual(matchKeys(keys, "a1,a?,b1"), {
    minions: ["a1", "a2"],
    minions_pre: ["b1"],
    minions_denied: ["a1"],
  });
  assert.deepEqual(matchKeys(keys, "a"), {});
  assert.deepEqual(matchKeys(keys, ""), {});
});

test("keyRefs() leaves out what is no minion's key", () => {
  assert.deepEqual(keyRefs({ minions_pre: ["a"], local: ["master.pub"] }), [
    { state: "pending", id: "a" },
  ]);
});

test("statesOfWord() takes the beginnings that salt-key takes", () => {
  const words = ["acc", "accepted", "pre", "un", "unaccepted", "rej", "denied"];
  assert.deepEqual(words.map((word) => statesOfWord(word)?.[0]), [
    "accepted",
    "accepted",
    "pending",
    "pending",
    "pending",
    "rejected",
    "denied",
  ]);
  assert.equal(statesOfWord("all")?.length, 4);
  for (const word of ["", "x", "a", "ac", "Accepted"]) assert.equal(statesOfWord(word), null);
});

test("localKeys() lists the master's key files, or tells that there is no folder", () => {
  using it = temporaryStore();
  for (const name of ["master.pub", "Master_sign.pem", "notes"]) {
    writeFileSync(join(it.pki, name), "");
  }
  mkdirSync(join(it.pki, "folder.pem"));
  assert.deepEqual(localKeys(it.pki), ["master.pub", "Master_sign.pem"]);
  assert.equal(localKeys(join(it.root, "nowhere")), null);
});
