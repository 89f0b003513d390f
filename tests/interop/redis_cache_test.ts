/** A Redis in which a saltx and a real master keep what they know of minions. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pythonPackage } from "../../scripts/python_packages.ts";
import { saltVersions } from "../../scripts/venvs.ts";
import type { DataMap } from "../../src/types/mod.ts";
import type { Master } from "../support/master.ts";
import { RedisServer } from "../support/redis_server.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const REAL = saltVersions.lts;

/** What a runner says of one minion. */
async function known(master: Master, fun: string, id: string): Promise<DataMap> {
  const { stdout, stderr } = await master.run(fun, id, "--out=json");
  assert.notEqual(stdout, "", stderr);
  return (JSON.parse(stdout) as Record<string, DataMap>)[id] ?? {};
}

scenario("a saltx and a real master with cache: redis", async (lab, step) => {
  const redis = await RedisServer.start(lab, { password: "right" });
  const config = {
    auto_accept: true,
    cache: "redis",
    "cache.redis.host": redis.host,
    "cache.redis.port": redis.port,
    "cache.redis.password": "right",
  };
  const library = { command: ["env", `PYTHONPATH=${pythonPackage("redis")}`], near: true };
  const ours = await (await lab.master("saltx", config, "ours")).start();
  const real = await (await lab.master(REAL, config, "real", library)).start();
  for (const [id, master, other] of [["a1", ours, real], ["b1", real, ours]] as const) {
    const mine = { "test.arg": [id] };
    await (await lab.minion("saltx", id, master, { grains: { role: id }, mine_functions: mine }))
      .start();
    await master.awaitPing(id);
    // Masters with a cache in common have their keys in common, too.
    await other.placeKey(id, "minions", await readFile(join(master.pkiDir, "minions", id), "utf8"));
  }
  await step("the real one reads what saltx has learned", async () => {
    await until(
      "the grains",
      async () => (await known(real, "cache.grains", "a1"))["role"] === "a1",
    );
    await until("the mine", async () => "test.arg" in await known(real, "cache.mine", "a1"));
    assert.deepEqual(
      await known(real, "cache.mine", "a1"),
      await known(ours, "cache.mine", "a1"),
    );
  });
  await step("saltx reads what the real one has learned", async () => {
    await until(
      "the grains",
      async () => (await known(ours, "cache.grains", "b1"))["role"] === "b1",
    );
    await until("the mine", async () => "test.arg" in await known(ours, "cache.mine", "b1"));
    for (const fun of ["cache.grains", "cache.mine"]) {
      assert.deepEqual(await known(ours, fun, "b1"), await known(real, fun, "b1"));
    }
  });
  await step("what one clears is gone for the other", async () => {
    for (
      const [fun, id, by, other] of [
        ["mine", "b1", ours, real],
        ["mine", "a1", real, ours],
        ["grains", "a1", real, ours],
      ] as const
    ) {
      assert.equal((await by.run(`cache.clear_${fun}`, id)).code, 0);
      const left = async () => Object.keys(await known(other, `cache.${fun}`, id)).length;
      await until(`no ${fun} of ${id}`, async () => await left() === 0);
    }
  });
});
