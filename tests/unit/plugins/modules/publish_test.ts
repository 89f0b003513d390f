import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltReqTimeoutError } from "../../../../src/errors.ts";
import { localServices } from "../../../../src/loader/mod.ts";
import type { Data, DataMap } from "../../../../src/types/mod.ts";
import { testContext } from "../../../support/exec_context.ts";

function asking(answer: (load: DataMap) => Data) {
  const loads: DataMap[] = [];
  const request = (load: DataMap) => {
    loads.push(load);
    return Promise.resolve().then(() => answer(load));
  };
  const made = testContext({
    opts: { file_client: "remote" },
    minion: { ...localServices, request },
  });
  return { loads, made };
}

test("publish.publish asks until all have answered, and unwraps the answers", async () => {
  let asked = 0;
  const { loads, made } = asking((load) => {
    if (load["cmd"] === "minion_pub") return { jid: "1", minions: ["a", "b"] };
    return ++asked < 2 ? { a: { ret: 1 } } : { a: { ret: 1 }, b: { ret: 2 } };
  });
  const ctx = await made;
  assert.deepEqual(await ctx.salt("publish.publish", ["*", "test.echo", "[x, k=1]"]), {
    a: 1,
    b: 2,
  });
  assert.deepEqual(loads[0]!["arg"], ["x", "k=1"]);
  assert.deepEqual(loads.map((load) => load["cmd"]), ["minion_pub", "pub_ret", "pub_ret"]);
});

test("publish.full_data returns what is there when its time is up", async () => {
  const { made } = asking((load) =>
    load["cmd"] === "minion_pub" ? { jid: "1", minions: ["a", "b"] } : { a: { ret: 1 } }
  );
  const ctx = await made;
  const found = await ctx.salt("publish.full_data", ["*", "test.ping"], { timeout: 0 });
  assert.deepEqual(found, { a: { ret: 1 } });
});

test("publish refuses to publish itself, and says when the master is silent", async () => {
  const { loads, made } = asking(() => {
    throw new SaltReqTimeoutError("no answer");
  });
  const ctx = await made;
  assert.deepEqual(await ctx.salt("publish.publish", ["*", "publish.publish"]), {});
  assert.equal(loads.length, 0);
  assert.equal(
    await ctx.salt("publish.publish", ["*", "test.ping"]),
    "'test.ping' publish timed out",
  );
  assert.equal(
    await ctx.salt("publish.runner", ["manage.up"]),
    "'manage.up' runner publish timed out",
  );
  await assert.rejects(ctx.salt("publish.publish", ["*", "test.ping"], { via_master: "nosuch" }));
});

test("publish answers without a master as Salt does", async () => {
  const ctx = await testContext();
  assert.deepEqual(await ctx.salt("publish.publish", ["*", "test.ping"]), {});
  assert.match(String(await ctx.salt("publish.runner", ["manage.up"])), /^No access to master/);
});
