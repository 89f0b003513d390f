import { test } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadMinionConfig } from "../../../../src/config/mod.ts";
import { loadGrains } from "../../../../src/plugins/grains/mod.ts";

test("loadGrains() gives the core grains; static ones and the config win", async () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-grains-"));
  writeFileSync(join(dir, "grains"), "role: web\nos: Mine\n");
  writeFileSync(
    join(dir, "minion"),
    "id: web1\ngrains:\n  role: db\ngrains_blacklist: ['cpu_flags']\n",
  );
  const opts = loadMinionConfig({ configDir: dir, overrides: { root_dir: dir } });
  const grains = await loadGrains(opts);
  assert.equal(grains["id"], "web1");
  assert.equal(grains["role"], "db");
  assert.equal(grains["os"], "Mine");
  assert.equal("cpu_flags" in grains, false);
  assert.ok(Number(grains["mem_total"]) > 0);
  assert.ok((grains["ipv4"] as string[]).includes("127.0.0.1"));
  assert.deepEqual(Object.keys(grains), Object.keys(grains).sort());
  rmSync(dir, { recursive: true });
});

test("loadGrains() goes on without a grains file that cannot be read", async () => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-grains-"));
  writeFileSync(join(dir, "grains"), "role: [web\n");
  const opts = loadMinionConfig({ configDir: dir, overrides: { root_dir: dir, id: "web1" } });
  assert.equal((await loadGrains(opts))["id"], "web1");
  rmSync(dir, { recursive: true });
});
