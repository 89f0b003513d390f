import { test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadMinionConfig } from "../../../../src/config/mod.ts";
import { clearCachedGrains, loadGrains } from "../../../../src/plugins/grains/mod.ts";

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

/** A folder with a minion's config; `load` collects, or takes what is kept. */
function folder(t: TestContext, config: string) {
  const dir = mkdtempSync(join(tmpdir(), "saltx-grains-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "minion"), `id: web1\n${config}`);
  const opts = loadMinionConfig({ configDir: dir, overrides: { root_dir: dir } });
  const setStatic = (text: string) => writeFileSync(join(dir, "grains"), text);
  return { opts, setStatic, kept: join(opts.cachedir, "grains.cache.p") };
}

test("loadGrains() under grains_cache collects when there are none, when they are old, or on demand", async (t) => {
  const { opts, setStatic, kept } = folder(t, "grains_cache: True\ngrains_cache_expiration: 60\n");
  const role = async (fresh = false) => (await loadGrains(opts, fresh))["role"];
  setStatic("role: one\n");
  assert.equal(await role(), "one");
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  setStatic("role: two\n");
  assert.equal(await role(), "one");
  assert.equal(await role(true), "two");
  setStatic("role: three\n");
  assert.equal(await role(), "two");
  const before = Date.now() / 1000 - 61;
  utimesSync(kept, before, before);
  assert.equal(await role(), "three");
  setStatic("role: four\n");
  clearCachedGrains(opts);
  assert.equal(await role(), "four");
  setStatic("role: five\n");
  writeFileSync(kept, "rubbish");
  assert.equal(await role(), "five");
});

test("loadGrains() keeps nothing without grains_cache", async (t) => {
  const { opts, kept } = folder(t, "");
  await loadGrains(opts);
  assert.throws(() => statSync(kept), /ENOENT/);
});

test("loadGrains() puts maps together under grains_deep_merge, and replaces them without", async (t) => {
  const text = "systemd: {own: 1}\nlist: [1]\n";
  const shallow = folder(t, "");
  shallow.setStatic(text);
  assert.deepEqual((await loadGrains(shallow.opts))["systemd"], { own: 1 });
  const deep = folder(t, "grains_deep_merge: True\ngrains: {list: {a: 1}}\n");
  deep.setStatic(text);
  const grains = await loadGrains(deep.opts);
  const { own, ...machine } = grains["systemd"] as Record<string, unknown>;
  assert.equal(own, 1);
  assert.deepEqual(machine, (await loadGrains(folder(t, "").opts))["systemd"] ?? {});
  assert.deepEqual(grains["list"], { a: 1 });
});
