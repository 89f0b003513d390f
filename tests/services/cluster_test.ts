/** Masters that share a Redis. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { valkeyServer } from "../../scripts/python_packages.ts";
import { openEventClient } from "../../src/event/mod.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { type Config, type Lab, namesIn } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import type { Minion } from "../support/minion.ts";
import {
  certificate,
  type RedisOptions,
  RedisServer,
  startRedisCluster,
  tlsArgs,
} from "../support/redis_server.ts";
import { scenario, type Step } from "../support/scenario.ts";
import { SmallDisk } from "../support/small_disk.ts";
import { until } from "../support/until.ts";

const SECRET = "a secret of the cluster's masters";

function pings(ids: readonly string[]): DataMap {
  return Object.fromEntries(ids.map((id) => [id, true]));
}

async function newMaster(
  lab: Lab,
  name: string,
  url: string,
  config: Config = {},
): Promise<Master> {
  return await lab.master("saltx", {
    id: name,
    cluster: url,
    cluster_secret: SECRET,
    gather_job_timeout: 3,
    loop_interval: 2,
    ...config,
  }, name);
}

async function startMasters(
  lab: Lab,
  redis: RedisServer,
  names: readonly string[],
  config: Config = {},
): Promise<Master[]> {
  return await Promise.all(
    names.map(async (name) => await (await newMaster(lab, name, redis.url, config)).start()),
  );
}

/** The JSON that a runner prints. */
async function runner(master: Master, ...args: string[]): Promise<unknown> {
  const { stdout, stderr } = await master.run(...args, "--out=json");
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout);
}

/** Ids whose returns a master knows of a job. */
async function returned(master: Master, jid: string): Promise<string[]> {
  return Object.keys(await runner(master, "jobs.lookup_jid", jid) as DataMap).sort();
}

for (
  const [server, transport, options] of [
    ["a Redis", "zeromq", {}],
    ["a Valkey", "raet", { program: valkeyServer() }],
  ] as const
) {
  const test: Parameters<typeof scenario>[1] = (lab, step) => actAsOne(lab, step, options);
  scenario(`three masters on ${server}, with minions over ${transport}`, test, transport);
}

async function actAsOne(lab: Lab, step: Step, options: RedisOptions): Promise<void> {
  const redis = await RedisServer.start(lab, { password: "only for masters", ...options });
  const masters = await startMasters(lab, redis, ["m1", "m2", "m3"], { auto_accept: false });
  const [m1, m2, m3] = masters as [Master, Master, Master];
  const ids = ["a1", "a2", "a3", "a4", "a5", "a6"];
  const minions = new Map<string, Minion>();
  for (const [i, id] of ids.entries()) {
    const minion = await lab.minion("saltx", id, masters[i % 3]!, {
      grains: { role: i < 2 ? "web" : "db" },
      mine_functions: { "test.arg": [id] },
    });
    minions.set(id, await minion.start());
  }
  await step("a key that one accepts is good on all", async () => {
    for (const master of masters) {
      await until(
        "the offered keys to be on all masters",
        async () => (await master.keysIn("minions_pre")).length === ids.length,
      );
    }
    assert.equal((await m1.key("-A", "-y")).code, 0);
    for (const minion of minions.values()) await minion.ready();
    for (const master of masters) {
      await until(
        "the accepted keys to be on all masters",
        async () => (await master.keysIn("minions")).join() === ids.join(),
      );
    }
  });
  await step("a command on any reaches all, and shows each return once", async () => {
    for (const id of ids) await m1.awaitPing(id);
    for (const master of masters) {
      assert.deepEqual(await master.ask("*", "test.ping"), pings(ids));
    }
    const { stdout } = await m2.salt("*", "test.ping");
    for (const id of ids) assert.equal(stdout.split(`${id}:`).length, 2, stdout);
  });
  await step("grains, mine and presence are known on all", async () => {
    for (const master of masters) {
      assert.deepEqual(await master.ask("-G", "role:web", "test.ping"), pings(["a1", "a2"]));
      assert.deepEqual((await runner(master, "manage.up") as string[]).sort(), ids);
    }
    assert.deepEqual(await m2.ask("a1", "mine.send", "test.echo", "from-a1"), { a1: true });
    await until("the mine on another master", async () => {
      const { a2 } = await m3.ask("a2", "mine.get", "a1", "test.echo");
      return (a2 as DataMap)["a1"] === "from-a1";
    });
  });
  await step("cluster.members says who is in it", async () => {
    const seen = async (master: Master) => await runner(master, "cluster.members") as DataMap;
    const here = (members: unknown) =>
      (members as DataMap[]).map(({ id, alive, minions: count }) => [id, alive, count]);
    for (const [i, master] of masters.entries()) {
      const all = [["m1", true, 2], ["m2", true, 2], ["m3", true, 2]];
      await until("all to be seen", async () => {
        return JSON.stringify(here((await seen(master))["members"])) === JSON.stringify(all);
      });
      const { node_id, joined, cluster_id } = await seen(master);
      assert.deepEqual([node_id, joined, cluster_id], [`m${i + 1}`, true, "saltx"]);
    }
  });
  await step("jobs and their returns are on all", async () => {
    const jid = await m2.publish("*", "test.arg", "x");
    for (const master of masters) {
      await until("the returns", async () => (await returned(master, jid)).length === ids.length);
    }
  });
  await step("an event on one comes to all, marked as another's", async () => {
    const events = await lab.events(m3);
    await m1.ask("a1", "event.send", "my/event", "n=1");
    const [line] = await events.line(/^my\/event\t.*$/m);
    assert.match(line, /"__peer_id"/);
    await events.stop();
  });
  await step(
    "a job that waits for a minion comes from the master where it comes back",
    async () => {
      await minions.get("a2")!.stop();
      await until(
        "a2 to be away",
        async () => !(await runner(m1, "manage.up") as string[]).includes("a2"),
      );
      const { stdout } = await m1.salt(
        "--queue",
        "--out=json",
        "--static",
        "a2",
        "test.arg",
        "late",
      );
      void stdout;
      await m1.stop();
      minions.set("a2", await (minions.get("a2")!).start());
      await until("the late return on a third master", async () => {
        const jobs = await runner(m3, "jobs.list_jobs", "search_target=a2") as DataMap;
        for (const [jid, job] of Object.entries(jobs)) {
          if (JSON.stringify((job as DataMap)["Arguments"]) !== '["late"]') {
            continue;
          }
          return (await returned(m3, jid)).includes("a2");
        }
        return false;
      });
      await m1.start();
    },
  );
  await step("a key that one deletes is gone on all, and the session key with it", async () => {
    await minions.get("a6")!.stop();
    assert.equal((await m2.key("-y", "-d", "a6")).code, 0);
    for (const master of masters) {
      await until(
        "the key to be gone",
        async () => !(await master.keysIn("minions")).includes("a6"),
      );
    }
    for (const master of [m1, m3]) {
      await until(
        "the new session key",
        () => /Taking the session key that another master/.test(master.daemon.log),
      );
    }
    for (const id of ids.slice(0, 5)) await m3.awaitPing(id);
  });
  await step("nothing that Redis holds can be read without the secret", async () => {
    const dump = await redis.command("HGETALL", "{saltx:saltx}:minions") +
      await redis.command("XRANGE", "{saltx:saltx}:stream", "-", "+") +
      await redis.command("GET", "{saltx:saltx}:session");
    for (const word of ["role", "test.ping", "PUBLIC KEY", "PRIVATE KEY"]) {
      assert.ok(!dump.includes(word), word);
    }
  });
}

scenario("masters whose Redis goes away, and comes back", async (lab, step) => {
  const redis = await RedisServer.start(lab);
  const masters = await startMasters(lab, redis, ["m1", "m2"], { auto_accept: false });
  const [m1, m2] = masters as [Master, Master];
  for (const [i, id] of ["a1", "a2"].entries()) {
    const minion = await (await lab.minion("saltx", id, masters[i]!)).start();
    await masters[i]!.accept(id);
    await minion.ready();
  }
  for (const id of ["a1", "a2"]) for (const master of masters) await master.awaitPing(id);
  const others = await Promise.all([m1, m2].map(async (master, i) => {
    const minion = await (await lab.minion("saltx", `b${i + 1}`, master)).start();
    await master.awaitKey(`b${i + 1}`, "minions_pre");
    return minion;
  }));
  for (const master of masters) {
    for (const id of ["b1", "b2"]) await master.awaitKey(id, "minions_pre");
  }

  let alone = "";
  await step("each goes on alone with its own minions, and says so", async () => {
    await redis.kill();
    for (const master of masters) {
      await until("it to be said", () => /goes on alone .*\(cluster\)/.test(master.daemon.log));
    }
    assert.deepEqual(await m1.ask("a1", "test.ping"), { a1: true });
    assert.deepEqual(await m2.ask("a2", "test.ping"), { a2: true });
    const { joined, members } = await runner(m1, "cluster.members") as DataMap;
    assert.deepEqual([joined, (members as DataMap[]).map(({ id }) => id)], [false, ["m1", "m2"]]);
    alone = await m1.publish("a1", "test.arg", "alone");
    await until("the return", async () => (await returned(m1, alone)).length === 1);
  });
  await step("decisions and returns of the time apart come together", async () => {
    // b1: accepted, then rejected elsewhere; b2: rejected, then accepted elsewhere.
    assert.equal((await m1.key("-y", "-a", "b1")).code, 0);
    assert.equal((await m1.key("-y", "-r", "b2")).code, 0);
    await until(
      "both decisions to be seen",
      async () => (await namesIn(join(m1.pkiDir, "minions"))).includes("b1"),
    );
    // Decisions have the time at which a master sees them: the later ones come a look later.
    await m1.ask("a1", "test.ping");
    await m1.ask("a1", "test.ping");
    assert.equal((await m2.key("-y", "-r", "b1")).code, 0);
    assert.equal((await m2.key("-y", "-a", "b2")).code, 0);
    await redis.resume();
    for (const master of masters) {
      await until(
        "the last decisions",
        async () =>
          (await namesIn(join(master.pkiDir, "minions_rejected"))).join() === "b1" &&
          (await namesIn(join(master.pkiDir, "minions"))).join() === "a1,a2,b2",
        60_000,
      );
    }
    await until(
      "the return of the time apart",
      async () => (await returned(m2, alone)).join() === "a1",
    );
    await others[1]!.ready();
    for (const master of masters) for (const id of ["a1", "a2", "b2"]) await master.awaitPing(id);
  });
});

scenario("a Redis that a master cannot use", async (lab, step) => {
  const redis = await RedisServer.start(lab, { password: "right" });
  const [m1] = await startMasters(lab, redis, ["m1"], { auto_accept: true }) as [Master];
  const says = async (master: Master, pattern: RegExp) => {
    await until("the reason to be said", () => pattern.test(master.daemon.log));
    const minion =
      await (await lab.minion("saltx", `of-${master.configDir.split("/").at(-3)}`, master))
        .start();
    await minion.ready();
    await master.stop();
    await minion.stop();
  };
  await step("a wrong password is said, and the master works alone", async () => {
    const wrong = redis.url.replace(":right@", ":wrong@");
    const m2 = await (await newMaster(lab, "m2", wrong, { auto_accept: true })).start();
    await says(m2, /alone .*Redis at .* \(cluster\): user or password is wrong/);
  });
  await step("another cluster's data is said, and left alone", async () => {
    const m3 = await (await newMaster(lab, "m3", redis.url, {
      cluster_secret: "of another cluster",
      auto_accept: true,
    })).start();
    await says(m3, /holds the data of another cluster with cluster_id 'saltx'/);
    assert.deepEqual(await namesIn(join(m1.pkiDir, "minions")), []);
  });
  await step(
    "a Redis that takes no changes is said, and what waits comes when it does",
    async () => {
      await redis.command("CONFIG", "SET", "maxmemory", "1");
      const minion = await (await lab.minion("saltx", "a1", m1)).start();
      await minion.ready();
      await until("it to be said", () => /its memory is full/.test(m1.daemon.log));
      assert.deepEqual(await m1.ask("a1", "test.ping"), { a1: true });
      await redis.command("CONFIG", "SET", "maxmemory", "0");
      await until(
        "the key to be told",
        async () => (await redis.command("HKEYS", "{saltx:saltx}:keys")).includes("rsa/a1"),
      );
    },
  );
  await step("an address that is none stops the start, with the option's name", async () => {
    const m4 = await newMaster(lab, "m4", "db1:6379");
    await assert.rejects(m4.start(), /cluster: must be an address like redis:/);
  });
});

scenario("a Redis whose disk is full", async (lab, step) => {
  await using disk = await SmallDisk.at(join(lab.root, "redis"));
  // With `always`, Redis ends itself.
  const redis = await RedisServer.start(lab, { args: ["--appendfsync", "everysec"] });
  const masters = await startMasters(lab, redis, ["m1", "m2"], { auto_accept: true });
  const [m1, m2] = masters as [Master, Master];
  const bus = await openEventClient({ node: "master", sockDir: m1.sockDir });
  const keys = () => redis.command("HKEYS", "{saltx:saltx}:keys");
  await step("is said, and each master serves its own minions", async () => {
    await disk.fill(redis.pid);
    await until("it to be said", async () => {
      await bus.fire("fills", { text: "x".repeat(10_000) });
      return masters.some(({ daemon }) => /it cannot write to its disk/.test(daemon.log));
    });
    for (const [master, id] of [[m1, "a1"], [m2, "a2"]] as const) {
      await (await (await lab.minion("saltx", id, master)).start()).ready();
      assert.deepEqual(await master.ask(id, "test.ping"), { [id]: true });
    }
    assert.doesNotMatch(await keys(), /rsa/);
    // A Redis without room denies the PINGs too by which a connection is kept.
    await until("each connection's PING to be denied", async () => {
      const stats = await redis.command("INFO", "commandstats");
      return Number(/^cmdstat_ping:.*rejected_calls=(\d+)/m.exec(stats)?.[1] ?? 0) >= 8;
    });
  });
  await step("is forgotten when there is room again: what waited is told", async () => {
    await disk.free(redis.pid);
    await until(
      "the keys to be told",
      async () => /rsa\/a1[^]*rsa\/a2|rsa\/a2[^]*rsa\/a1/.test(await keys()),
      60_000,
    );
    for (const master of masters) {
      await until("both to answer", async () => {
        return Object.keys(await master.ask("*", "-t", "2", "test.ping")).length === 2;
      }, 60_000);
    }
  });
  bus.close();
});

scenario("ways of a cluster to its Redis", async (lab, step) => {
  /** A minion of the first master is accepted by the second and commanded through it. */
  const areOne = async (id: string, m1: Master, m2: Master) => {
    const minion = await (await lab.minion("saltx", id, m1)).start();
    await m2.accept(id);
    await minion.ready();
    await m2.awaitPing(id);
    for (const program of [minion, m1, m2]) await program.stop();
  };
  await step("one master by its socket, one by TLS", async () => {
    const { cert, key } = await certificate(lab.root);
    const redis = await RedisServer.start(lab, {
      name: "tls",
      password: "right",
      args: tlsArgs(cert, key),
    });
    const port = await redis.openTls();
    const query = new URLSearchParams({ ssl_ca_certs: cert, ssl_server_name: "redis.test" });
    const m1 = await (await newMaster(lab, "m1", `unix://${redis.socket}?password=right`)).start();
    const m2 = await (await newMaster(lab, "m2", `rediss://:right@${redis.host}:${port}?${query}`))
      .start();
    await areOne("a1", m1, m2);
  });
  await step("a Redis Cluster, by any of its servers", async () => {
    const servers = await startRedisCluster(lab);
    const urls = servers.map(({ url }) => `${url}?cluster_mode=true`);
    const m3 = await (await newMaster(lab, "m3", urls[0]!)).start();
    const m4 = await (await newMaster(lab, "m4", urls[2]!)).start();
    await areOne("a2", m3, m4);
  });
});

scenario("a master that falls behind what the stream keeps", async (lab) => {
  const redis = await RedisServer.start(lab);
  const [m1, m2] = await startMasters(lab, redis, ["m1", "m2"]) as [Master, Master];
  const stream = "{saltx:saltx}:stream";
  const bus = await openEventClient({ node: "master", sockDir: m1.sockDir });
  try {
    const length = async () => Number(await redis.command("XLEN", stream));
    const events = await lab.events(m2);
    await bus.fire("first", {});
    await events.line(/^first\t/m);
    await events.stop();
    process.kill(m2.daemon.pid, "SIGSTOP");
    for (let i = 0; i < 900; i++) await bus.fire("many", { i });
    await until("all events", async () => await length() > 900);
    await redis.command("XTRIM", stream, "MAXLEN", "600");
  } finally {
    process.kill(m2.daemon.pid, "SIGCONT");
    bus.close();
  }
  await m2.daemon.line(/More was told than the stream keeps; comparing everything/, 30_000);
});

scenario("a cluster whose minions come by RAET and by ZeroMQ", async (lab) => {
  const redis = await RedisServer.start(lab);
  const masters = await startMasters(lab, redis, ["m1", "m2"], {
    transport: ["zeromq", "raet"],
  });
  const [m1, m2] = masters as [Master, Master];
  const raet = await (await lab.minion("saltx", "r1", m1, { transport: "raet" })).start();
  const zeromq = await (await lab.minion("saltx", "z1", m2)).start();
  // Accepted where they do not hang.
  await m2.awaitKey("z1", "minions_pre");
  await until(
    "the RAET key on the other master",
    async () => (await namesIn(join(m2.pkiDir, "pending"))).includes("r1"),
  );
  for (const [master, id] of [[m2, "r1"], [m1, "z1"]] as const) {
    await until(
      `the key of ${id}`,
      async () => (await master.key("-l", "un", "--out=json")).stdout.includes(id),
    );
    assert.equal((await master.key("-y", "-a", id)).code, 0);
  }
  for (const minion of [raet, zeromq]) await minion.ready();
  for (const master of masters) {
    for (const id of ["r1", "z1"]) await master.awaitPing(id);
    assert.deepEqual(await master.ask("*", "test.ping"), pings(["r1", "z1"]));
  }
});
