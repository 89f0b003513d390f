import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VersionMemory } from "../../../src/master/version_memory.ts";

test("VersionMemory remembers over restarts, by id and key", () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-v3-"));
  const keys = new Map([["web1", "KEY A"], ["web2", "KEY B"]]);
  const open = () => new VersionMemory(dir, (id) => keys.get(id) ?? null);
  const memory = open();
  assert.equal(memory.speaksVersion3("web1"), false);
  memory.note("web1");
  assert.equal(memory.speaksVersion3("web1"), true);
  assert.equal(statSync(join(dir, "minions_v3")).mode & 0o777, 0o600);
  assert.equal(open().speaksVersion3("web1"), true);
  assert.equal(open().speaksVersion3("web2"), false);
  assert.equal(open().speaksVersion3("stranger"), false);
  keys.set("web1", "KEY C");
  assert.equal(open().speaksVersion3("web1"), false, "another key starts fresh");
  rmSync(dir, { recursive: true });
});
