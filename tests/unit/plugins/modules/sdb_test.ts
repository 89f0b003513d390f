import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { testContext } from "../../../support/exec_context.ts";

function storeContext(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "saltx-sdb-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "a.yaml"), "user: {name: alice, ids: [1]}\n");
  writeFileSync(join(folder, "b.yaml"), "user: {shell: /bin/sh}\n");
  writeFileSync(join(folder, "bad.yaml"), "- no map\n");
  const files = ["a.yaml", "b.yaml", "bad.yaml", "nosuch"].map((name) => join(folder, name));
  return testContext({
    opts: {
      lite: { driver: "sqlite3", database: join(folder, "sdb"), table: 'odd"name' },
      env: { driver: "env" },
      odd: { driver: "nosuch" },
    },
    pillar: { files: { driver: "yaml", files } },
  });
}

test("sdb keeps values of any type in SQLite, and a key is never SQL", async (t) => {
  const ctx = await storeContext(t);
  const key = "sdb://lite/a'; drop table sdb; --";
  assert.equal(await ctx.salt("sdb.get", [key]), null);
  assert.equal(await ctx.salt("sdb.set", [key, { list: [1, "x"] }]), true);
  assert.equal(await ctx.salt("sdb.set", ["sdb://lite/b/c", 5]), true);
  assert.deepEqual(await ctx.salt("sdb.get", [key]), { list: [1, "x"] });
  assert.equal(await ctx.salt("sdb.get", ["sdb://lite/b/c"]), 5);
  await assert.rejects(ctx.salt("sdb.delete", [key]), /cannot delete/);
});

test("sdb.get_or_set_hash makes a value once", async (t) => {
  const ctx = await storeContext(t);
  const made = await ctx.salt("sdb.get_or_set_hash", ["sdb://lite/secret", 12, "ab"]);
  assert.match(String(made), /^[ab]{12}$/);
  assert.equal(await ctx.salt("sdb.get_or_set_hash", ["sdb://lite/secret"]), made);
});

test("sdb reads merged YAML files by a path, and only reads them", async (t) => {
  const ctx = await storeContext(t);
  assert.equal(await ctx.salt("sdb.get", ["sdb://files/user:name"]), "alice");
  assert.equal(await ctx.salt("sdb.get", ["sdb://files/user:shell"]), "/bin/sh");
  assert.equal(await ctx.salt("sdb.get", ["sdb://files/user:nosuch"]), null);
  await assert.rejects(ctx.salt("sdb.set", ["sdb://files/user:name", "x"]), /can only read/);
});

test("sdb sets environment variables for the job, unless they are there", async (t) => {
  const ctx = await storeContext(t);
  assert.equal(await ctx.salt("sdb.get", ["sdb://env/SALTX_SDB_TEST"]), null);
  assert.equal(await ctx.salt("sdb.set", ["sdb://env/SALTX_SDB_TEST", "one"]), "one");
  assert.equal(await ctx.salt("sdb.set", ["sdb://env/SALTX_SDB_TEST", "two"]), "one");
  assert.equal(await ctx.salt("sdb.get", ["sdb://env/SALTX_SDB_TEST"]), "one");
});

test("sdb.get names a driver that is not there", async (t) => {
  const ctx = await storeContext(t);
  await assert.rejects(ctx.salt("sdb.get", ["sdb://odd/x"]), /no sdb driver "nosuch"/);
});
