/** The redis returner on a Redis Cluster of two servers, and on a Unix socket. */
import assert from "node:assert/strict";
import { Returners } from "../../src/plugins/returners/mod.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { RedisServer } from "../support/redis_server.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

function returners(opts: DataMap) {
  return new Returners({ opts, option: (name) => opts[name] });
}

/** A return and its job. */
function jobOf(number: number): { jid: string; load: DataMap; ret: DataMap } {
  const jid = `202601010000000000${String(number).padStart(2, "0")}`;
  const load = { jid, fun: "test.ping", arg: [], tgt: "*", tgt_type: "glob", user: "root" };
  return { jid, load, ret: { id: `m${number}`, jid, fun: "test.ping", return: number } };
}

scenario("the redis returner works on a cluster", async (lab) => {
  const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
  const servers = [];
  for (const name of ["r0", "r1"]) servers.push(await RedisServer.start(lab, { name, args }));
  const [first, second] = servers as [RedisServer, RedisServer];
  await first.command("CLUSTER", "ADDSLOTSRANGE", "0", "8191");
  await second.command("CLUSTER", "ADDSLOTSRANGE", "8192", "16383");
  for (const [one, other] of [[first, second], [second, first]] as const) {
    await one.command("CLUSTER", "MEET", other.host, String(other.port), String(other.busPort));
  }
  for (const server of servers) {
    await until(
      "the cluster",
      async () => {
        return (await server.command("CLUSTER", "INFO")).startsWith("cluster_state:ok");
      },
    );
  }
  const made = returners({
    "redis.cluster_mode": true,
    "redis.cluster.startup_nodes": servers.map(({ host, port }) => ({ host, port })),
  });
  const redis = await made.get("redis_return");
  const jobs = Array.from({ length: 20 }, (_, number) => jobOf(number));
  for (const { jid, load } of jobs) await redis.save_load!(jid, load, null);
  await redis.returner!(jobs.map(({ ret }) => ret), { again: false });
  const sizes = await Promise.all(servers.map(async (one) => Number(await one.command("DBSIZE"))));
  assert.ok(sizes.every((size) => size > 0), `keys on both: ${sizes}`);
  assert.deepEqual(Object.keys(await redis.get_jids!()).sort(), jobs.map(({ jid }) => jid));
  assert.deepEqual(await redis.get_jid!(jobs[3]!.jid), { m3: jobs[3]!.ret });
  assert.equal((await redis.get_minions!()).length, 20);
  assert.deepEqual((await redis.get_fun!("test.ping"))["m7"], jobs[7]!.ret);
  await made.reset();
});

scenario("the redis returner cleans up, and takes a Unix socket", async (lab) => {
  const server = await RedisServer.start(lab, { password: "x" });
  const made = returners({
    redis: { unix_socket_path: server.socket, password: "x", db: 3 },
    keep_jobs_seconds: 0,
  });
  const redis = await made.get("redis");
  const { jid, load, ret } = jobOf(1);
  await redis.save_load!(jid, load, null);
  await redis.returner!([ret, { ...ret, jid: "20200101000000000000" }], { again: false });
  assert.equal(await server.command("-n", "3", "TTL", `ret:${jid}`), "-1", "kept for good");
  assert.deepEqual(await redis.get_load!(jid), load);
  assert.deepEqual(await redis.get_load!("20200101000000000000"), {});
  await redis.clean_old_jobs!();
  assert.equal(await server.command("-n", "3", "EXISTS", "ret:20200101000000000000"), "0");
  assert.equal(await server.command("-n", "3", "EXISTS", `ret:${jid}`), "1");
  await made.reset();
});
