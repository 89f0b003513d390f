import assert from "node:assert/strict";
import { test } from "node:test";
import { localServices, type PillarOptions } from "../../../../src/loader/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

/** A minion whose master compiles a pillar that says how it was asked. */
const minion = {
  ...localServices,
  requestPillar: ({ pillarenv, saltenv, override }: PillarOptions = {}) =>
    Promise.resolve({
      fresh: true,
      asked: { pillarenv: pillarenv ?? null, saltenv: saltenv ?? null, override: override ?? null },
    }),
};

test("pillar.items has the pillar compiled, and leaves the one in memory alone", async () => {
  const ctx = await testContext({ minion, pillar: { old: 1 } });
  assert.deepEqual(await ctx.salt("pillar.items", [], { pillar: { a: 1 }, pillarenv: "dev" }), {
    fresh: true,
    asked: { pillarenv: "dev", saltenv: null, override: { a: 1 } },
  });
  assert.deepEqual(await ctx.salt("pillar.raw"), { old: 1 });
  assert.deepEqual(await ctx.salt("pillar.ls"), ["fresh", "asked"]);
});

test("pillar.get asks the master when an environment is given", async () => {
  const ctx = await testContext({ minion, pillar: { old: 1 } });
  assert.equal(await ctx.salt("pillar.get", ["asked:pillarenv"], { pillarenv: "dev" }), "dev");
  assert.equal(await ctx.salt("pillar.get", ["asked:pillarenv"]), "");
});

test("pillar.items takes saltenv for pillarenv under pillarenv_from_saltenv", async () => {
  const ctx = await testContext({ minion, opts: { pillarenv_from_saltenv: true } });
  assert.equal(await ctx.salt("pillar.get", ["asked:pillarenv"], { saltenv: "qa" }), "qa");
});

test("pillar.get names a missing key under pillar_raise_on_missing", async () => {
  const ctx = await testContext({ opts: { pillar_raise_on_missing: true } });
  await assert.rejects(() => ctx.salt("pillar.get", ["a:b"]), /Pillar key not found: a:b/);
  assert.equal(await ctx.salt("pillar.get", ["a:b", ""]), "");
});

test("pillar.items refuses an encrypted override that it cannot read", async () => {
  const ctx = await testContext({ minion });
  await assert.rejects(
    () => ctx.salt("pillar.items", [], { pillar: { a: 1 }, pillar_enc: "gpg" }),
    /decrypt pillar override/,
  );
});
