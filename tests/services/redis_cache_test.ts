/** Data of minions in Redis, and the ways to a Redis. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openRedis, type RedisConnection } from "../../src/cache/redis_connection.ts";
import { redisSettings } from "../../src/cache/redis_settings.ts";
import { holds, PUT_KEY } from "../../src/master/cluster/key_decision.ts";
import { versionOf } from "../../src/master/cluster/clock.ts";
import { unpack } from "../../src/serializers/msgpack.ts";
import type { DataMap } from "../../src/types/mod.ts";
import type { Master } from "../support/master.ts";
import { certificate, RedisServer, startRedisCluster, tlsArgs } from "../support/redis_server.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

async function connect(opts: object, timeoutMs = 10_000): Promise<RedisConnection> {
  const redis = await openRedis(redisSettings(opts, "redis"), { silenceTimeout: 2000 });
  try {
    await redis.connected(timeoutMs);
    return redis;
  } catch (error) {
    redis.close();
    throw error;
  }
}

scenario("ways to a Redis", async (lab, step) => {
  await step("password, user, socket and database", async () => {
    const server = await RedisServer.start(lab, { name: "one", password: "quite secret" });
    const { host, port } = server;
    const redis = await connect({ redis: { host, port, password: "quite secret", db: 3 } });
    await redis.send("SET", "x", new Uint8Array([0, 255]));
    const socket = { "redis.unix_socket_path": server.socket, "redis.password": "quite secret" };
    const local = await connect({ ...socket, "redis.db": 3, "redis.user": "default" });
    assert.deepEqual([...(await local.send("GET", "x") as Uint8Array)], [0, 255]);
    assert.deepEqual(await local.transaction([["SET", "n", 1], ["INCR", "n"]]), ["OK", 2]);
    await server.kill();
    await assert.rejects(() => redis.send("GET", "x"), { name: "RedisError", fault: "down" });
    await server.resume();
    await redis.connected(20_000);
    assert.deepEqual([...(await redis.send("GET", "x") as Uint8Array)], [0, 255]);
    redis.close();
    local.close();
    await assert.rejects(connect({ redis: { host, port, password: "wrong" } }, 1000), {
      message: `Cannot use Redis at ${host}:${port} (redis.host): user or password is wrong`,
      fault: "denied",
    });
  });
  await step("TLS, and no way without the right certificate", async () => {
    const { cert, key } = await certificate(lab.root);
    const server = await RedisServer.start(lab, { name: "tls", args: tlsArgs(cert, key) });
    const port = await server.openTls();
    const opts = { host: server.host, port, ssl: true, ssl_server_name: "redis.test" };
    const redis = await connect({ redis: { ...opts, ssl_ca_certs: cert } });
    assert.equal(await redis.send("PING"), "PONG");
    redis.close();
    await assert.rejects(connect({ redis: opts }, 1000), {
      name: "RedisError",
      message: /certificate/,
    });
  });
  await step("a Redis Cluster, whichever of its servers is asked", async () => {
    const servers = await startRedisCluster(lab);
    const { host, port } = servers[1]!;
    const redis = await connect({
      redis: { cluster_mode: true, cluster: { startup_nodes: [{ host, port }] } },
    });
    for (let i = 0; i < 20; i++) await redis.send("SET", `key${i}`, i);
    assert.equal(String(await redis.send("GET", "key7")), "7");
    assert.deepEqual(await redis.transaction([["SET", "{t}a", "1"], ["INCR", "{t}a"]]), ["OK", 2]);
    redis.close();
  });
});

scenario("decisions on keys are ordered in Redis as on masters", async (lab) => {
  const server = await RedisServer.start(lab);
  const redis = await connect({ redis: { host: server.host, port: server.port } });
  const states = ["accepted", "rejected", "pending", "deleted"] as const;
  const all = states.flatMap((state) => [1, 2].map((ms) => ({ state, version: versionOf(ms) })));
  for (const known of all) {
    for (const fresh of all) {
      await redis.send("DEL", "h", "s");
      for (const { state, version } of [known, fresh]) {
        const entry = ["MAXLEN", "~", 10, "*", "k", "v"];
        await redis.send("EVAL", PUT_KEY, 2, "h", "s", "name", version, state, "x", ...entry);
      }
      const { state, version } = holds(fresh, known) ? fresh : known;
      assert.equal(String(await redis.send("HGET", "h", "name")), `${version} ${state} x`);
    }
  }
  redis.close();
});

scenario("two masters with cache: redis", async (lab, step) => {
  const redis = await RedisServer.start(lab, { password: "right" });
  const config = {
    auto_accept: true,
    cache: "redis",
    "cache.redis.unix_socket_path": redis.socket,
    "cache.redis.password": "right",
  };
  const [m1, m2] = await Promise.all(
    ["m1", "m2"].map(async (name) => await (await lab.master("saltx", config, name)).start()),
  ) as [Master, Master];
  const grains = { role: "web" };
  const minion = await (await lab.minion("saltx", "a1", m1, { grains })).start();
  await minion.ready();
  await m1.awaitPing("a1");
  const known = async (master: Master, grain = "role") => {
    const { stdout } = await master.run("cache.grains", "a1", "--out=json");
    return (JSON.parse(stdout) as { a1?: DataMap }).a1?.[grain];
  };
  await step("a second one knows what the first learned", async () => {
    await until("the grains", async () => await known(m2) === "web");
    await m1.ask("a1", "mine.send", "test.echo", "from-a1");
    await until(
      "the mine",
      async () => (await m2.run("cache.mine", "a1", "--out=json")).stdout.includes("from-a1"),
    );
  });
  await step("the layout is Salt's", async () => {
    const { host, port } = redis;
    const raw = await connect({ redis: { host, port, password: "right" } });
    const value = unpack(await raw.send("GET", "$KEY_minions/a1/data") as Uint8Array) as DataMap;
    assert.deepEqual(Object.keys(value).sort(), ["grains", "pillar"]);
    assert.deepEqual((await raw.send("SMEMBERS", "$BANKEYS_minions") as unknown[]).map(String), [
      "a1",
    ]);
    const keys = (await raw.send("SMEMBERS", "$BANKEYS_minions/a1") as unknown[]).map(String);
    assert.deepEqual(keys.sort(), ["data", "mine"]);
    raw.close();
  });
  await step("what one learned without Redis, the other learns afterwards", async () => {
    await redis.kill();
    await until(
      "it to be said",
      () => /stay with this master for now: .*cache\.redis\.unix_socket_path/.test(m1.daemon.log),
    );
    assert.deepEqual(await m1.ask("a1", "grains.setval", "size", "big"), { a1: { size: "big" } });
    await until("the new grain", async () => await known(m1, "size") === "big");
    assert.equal(await known(m2, "size"), undefined);
    await redis.resume();
    await until("the new grain on the other", async () => await known(m2, "size") === "big");
  });
  await step("a place that is none stops the start", async () => {
    const wrong = await lab.master("saltx", { cache: "consul" }, "wrong");
    await assert.rejects(wrong.start(), /option cache: there are sqlite, localfs and redis/);
  });
});

scenario("a master with cache: localfs keeps Salt's files", async (lab) => {
  const master = await (await lab.master("saltx", { auto_accept: true, cache: "localfs" })).start();
  const minion = await (await lab.minion("saltx", "a1", master, { grains: { role: "web" } }))
    .start();
  await minion.ready();
  await master.awaitPing("a1");
  const file = async (name: string) =>
    unpack(await readFile(join(master.cacheDir, "minions/a1", name))) as DataMap;
  const { grains } = await file("data.p");
  assert.equal((grains as DataMap)["role"], "web");
  assert.deepEqual(await master.ask("-G", "role:web", "test.ping"), { a1: true });
  await master.ask("a1", "mine.send", "test.echo", "x");
  await until("the mine", async () => (await file("mine.p"))["test.echo"] === "x");
  await master.key("-y", "-d", "a1");
  await assert.rejects(file("data.p"), { code: "ENOENT" });
});
