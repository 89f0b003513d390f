import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { testContext } from "../../../support/exec_context.ts";

function storeContext(t: TestContext, pillar = {}) {
  const cachedir = mkdtempSync(join(tmpdir(), "saltx-data-"));
  t.after(() => rmSync(cachedir, { recursive: true, force: true }));
  return testContext({ opts: { cachedir }, pillar });
}

test("data keeps what is set, for its owner alone", async (t) => {
  const ctx = await storeContext(t);
  assert.equal(await ctx.salt("data.update", ["colour", "blue"]), true);
  assert.equal(await ctx.salt("data.update", ["size", 5]), true);
  assert.deepEqual(await ctx.salt("data.items"), { colour: "blue", size: 5 });
  assert.deepEqual(await ctx.salt("data.keys"), ["colour", "size"]);
  assert.deepEqual(await ctx.salt("data.values"), ["blue", 5]);
  assert.deepEqual(await ctx.salt("data.get", [["size", "nosuch"]]), [5]);
  assert.deepEqual(await ctx.salt("data.get", [["size", "nosuch"], 1]), [5, 1]);
  assert.equal(await ctx.salt("data.get", ["nosuch", "d"]), "d");
  assert.equal(statSync(join(ctx.opts.cachedir, "datastore")).mode & 0o777, 0o600);
});

test("data.cas sets only over the value expected", async (t) => {
  const ctx = await storeContext(t);
  assert.equal(await ctx.salt("data.cas", ["a", 1, 0]), false);
  await ctx.salt("data.update", ["a", 0]);
  assert.equal(await ctx.salt("data.cas", ["a", 1, 5]), false);
  assert.equal(await ctx.salt("data.cas", ["a", 1, 0]), true);
  assert.equal(await ctx.salt("data.get", ["a"]), 1);
});

test("data.pop, data.dump and data.clear take away", async (t) => {
  const ctx = await storeContext(t);
  assert.equal(await ctx.salt("data.dump", ["{'eggs': 'spam', 'a': 1}"]), true);
  assert.equal(await ctx.salt("data.dump", [5]), false);
  assert.equal(await ctx.salt("data.pop", ["eggs"]), "spam");
  assert.equal(await ctx.salt("data.pop", ["eggs", "none"]), "none");
  assert.equal(await ctx.salt("data.has_key", ["a"]), true);
  assert.equal(await ctx.salt("data.clear"), true);
  assert.deepEqual(await ctx.salt("data.load"), {});
});

test("data.load takes a store that is no msgpack for an empty one", async (t) => {
  const ctx = await storeContext(t);
  writeFileSync(join(ctx.opts.cachedir, "datastore"), "\xc1trash");
  assert.deepEqual(await ctx.salt("data.load"), {});
});

test("mine keeps entries of a minion without master, and who may read them", async (t) => {
  const pillar = {
    mine_functions: {
      "test.ping": [],
      who: { mine_function: "test.echo", text: "me", allow_tgt: "web*" },
      broken: { mine_function: "test.exception" },
    },
  };
  const ctx = await storeContext(t, pillar);
  await ctx.salt("mine.send", ["other", "hello"], { mine_function: "test.echo" });
  assert.equal(await ctx.salt("mine.update"), true);
  assert.deepEqual(await ctx.salt("data.get", ["mine_cache"]), {
    other: "hello",
    "test.ping": true,
    who: { __data__: "me", __saltmine_acl__: 1, allow_tgt: "web*" },
  });
  assert.deepEqual(await ctx.salt("mine.get", ["*", "who"]), { tester: "me" });
  assert.deepEqual(await ctx.salt("mine.get", ["*", "who,test.ping,nosuch"]), {
    who: { tester: "me" },
    "test.ping": { tester: true },
  });
  assert.deepEqual(await ctx.salt("mine.get", ["nobody", "who"]), {});
  await ctx.salt("mine.update", [], { clear: true, mine_functions: ["test.ping"] });
  await ctx.salt("mine.delete", ["nosuch"]);
  assert.deepEqual(await ctx.salt("data.get", ["mine_cache"]), { "test.ping": true });
  await ctx.salt("mine.flush");
  assert.deepEqual(await ctx.salt("mine.get", ["*", "test.ping"]), {});
});
