import assert from "node:assert/strict";
import { test } from "node:test";
import { localServices } from "../../../../src/loader/mod.ts";
import type { MinionServices } from "../../../../src/loader/mod.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

/** A minion that notes what is fired, and on which bus. */
function listening() {
  const fired: Data[] = [];
  const minion: MinionServices = {
    ...localServices,
    fireLocal: (tag, data) => {
      fired.push(["minion", tag, data]);
      return Promise.resolve(true);
    },
    fireMaster: (tag, data) => {
      fired.push(["master", tag, data]);
      return Promise.resolve(true);
    },
    request: (load) => {
      fired.push(["request", load]);
      return Promise.resolve(true);
    },
  };
  return { fired, minion };
}

const withMaster = { file_client: "remote" };

test("event.send fires on the master's bus, with keywords, grains and pillar as data", async () => {
  const { fired, minion } = listening();
  const ctx = await testContext({
    opts: withMaster,
    minion,
    grains: { os: "Debian", a: 1 },
    pillar: { secret: "s", open: "o" },
  });
  const kwargs: DataMap = {
    foo: "Foo",
    with_grains: ["a"],
    with_pillar: true,
    with_env_opts: true,
  };
  assert.equal(await ctx.salt("event.send", ["my/tag", { foo: "wins" }], kwargs), true);
  assert.deepEqual(fired, [["master", "my/tag", {
    grains: { a: 1 },
    pillar: { secret: "s", open: "o" },
    saltenv: "base",
    pillarenv: null,
    foo: "wins",
  }]]);
});

test("event.send with_env takes the job's environment", async () => {
  const { fired, minion } = listening();
  const ctx = await testContext({ opts: withMaster, minion });
  await ctx.salt("environ.setval", ["SALTX_TEST", "1"]);
  await ctx.salt("event.send", ["t"], { with_env: ["SALTX_TEST"] });
  assert.deepEqual(fired, [["master", "t", { environ: { SALTX_TEST: "1" } }]]);
});

test("event.send fires on the minion's bus where there is no master", async () => {
  const { fired, minion } = listening();
  const ctx = await testContext({ minion });
  assert.equal(await ctx.salt("event.send", ["t", { a: 1 }]), true);
  assert.equal(await ctx.salt("event.fire_master", [{ a: 1 }, "t"]), false);
  assert.deepEqual(fired, [["minion", "t", { a: 1 }]]);
});

test("event.fire_master adds preload to the request", async () => {
  const { fired, minion } = listening();
  const ctx = await testContext({ opts: withMaster, minion });
  await ctx.salt("event.fire_master", ["text", "t"], { preload: { tok: "x" } });
  const load = { id: "tester", tag: "t", data: "text", cmd: "_minion_event", tok: "x" };
  assert.deepEqual(fired, [["request", load]]);
});

test("event.fire says False when the bus is gone", async () => {
  const minion = { ...localServices, fireLocal: () => Promise.reject(new Error("gone")) };
  const ctx = await testContext({ minion });
  assert.equal(await ctx.salt("event.fire", [{}, "t"]), false);
});
