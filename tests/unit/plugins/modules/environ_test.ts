import assert from "node:assert/strict";
import { test } from "node:test";
import { localServices } from "../../../../src/loader/mod.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

test("environ.setval holds for programs of the same job, and for no other", async () => {
  const ctx = await testContext();
  assert.equal(await ctx.salt("environ.setval", ["SALTX_JOB", "here"]), "here");
  assert.equal(await ctx.salt("environ.get", ["SALTX_JOB"]), "here");
  assert.equal(await ctx.salt("environ.has_value", ["SALTX_JOB", "here"]), true);
  const shell: DataMap = { python_shell: true };
  assert.equal(await ctx.salt("cmd.run", ["echo $SALTX_JOB"], shell), "here");
  const other = await testContext();
  assert.equal(await other.salt("environ.has_value", ["SALTX_JOB"]), false);
  assert.equal(process.env["SALTX_JOB"], undefined);
});

test("environ.setval False empties a variable or takes it away", async () => {
  const ctx = await testContext();
  await ctx.salt("environ.setval", ["HOME", false]);
  assert.equal(await ctx.salt("environ.get", ["HOME", "none"]), "");
  await ctx.salt("environ.setval", ["HOME", false], { false_unsets: true });
  assert.equal(await ctx.salt("environ.get", ["HOME", "none"]), "none");
});

test("environ.setval refuses names and values that no environment can hold", async () => {
  const ctx = await testContext();
  assert.equal(await ctx.salt("environ.setval", ["A=B", "x"]), false);
  assert.equal(await ctx.salt("environ.setval", ["", "x"]), false);
  assert.equal(await ctx.salt("environ.setval", ["A", "x\0y"]), false);
});

test("environ.setenv clear_all leaves only what is given", async () => {
  const ctx = await testContext();
  await ctx.salt("environ.setenv", [{ ONLY: "this" }], { clear_all: true, false_unsets: true });
  assert.deepEqual(await ctx.salt("environ.items"), { ONLY: "this" });
});

test("environ.setenv update_minion tells the minion", async () => {
  const fired: Data[] = [];
  const fireLocal = (tag: string, data: DataMap) => {
    fired.push([tag, data]);
    return Promise.resolve(true);
  };
  const ctx = await testContext({ minion: { ...localServices, fireLocal } });
  await ctx.salt("environ.setenv", [{ A: "b" }], { update_minion: true });
  const event = { environ: { A: "b" }, false_unsets: false, clear_all: false, permanent: false };
  assert.deepEqual(fired, [["environ_setenv", event]]);
});
