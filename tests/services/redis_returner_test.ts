/** Returns in Redis: through minions, and over a crash of the server. */
import assert from "node:assert/strict";
import { RedisServer } from "../support/redis_server.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

/** Jobs that are published while the server dies and comes back. */
const JOBS = 24;

/** Waits for a return of web1 and gives its text. */
async function stored(redis: RedisServer, jid: string): Promise<string> {
  const read = () => redis.command("HGET", `ret:${jid}`, "web1");
  return await until(`the return of ${jid}`, async () => await read() || null);
}

scenario("the redis returner loses nothing when its server crashes", async (lab, step) => {
  const redis = await RedisServer.start(lab, { password: "hush" });
  const settings = {
    "redis.host": redis.host,
    "redis.port": redis.port,
    "redis.password": redis.password,
  };
  const master = await lab.master("saltx", { ...settings, master_job_cache: "redis" });
  await master.start();
  const minion = await lab.minion("saltx", "web1", master, settings);
  await minion.start();
  await master.accept("web1");
  await minion.ready();

  await step("a job's return is stored in Salt's keys", async () => {
    const jid = await master.publish("web1", "test.echo", "hello", "--return", "redis");
    const text = await stored(redis, jid);
    const ret = JSON.parse(text);
    assert.equal(ret.return, "hello");
    assert.equal(ret.fun, "test.echo");
    assert.equal(ret.id, "web1");
    assert.equal(ret.jid, jid);
    assert.equal(ret.retcode, 0);
    assert.deepEqual(ret.fun_args, ["hello"]);
    assert.equal(ret.cmd, undefined);
    assert.equal(await redis.command("GET", "web1:test.echo"), jid);
    assert.equal(await redis.command("SMEMBERS", "minions"), "web1");
    assert.ok(Number(await redis.command("TTL", `ret:${jid}`)) > 80_000);
  });

  await step("salt-call --return stores it as well", async () => {
    const { code, stderr } = await minion.call("--local", "test.echo", "by hand", "--return=redis");
    assert.equal(code, 0, stderr);
    const jid = await redis.command("GET", "web1:test.echo");
    const ret = JSON.parse(await redis.command("HGET", `ret:${jid}`, "web1"));
    assert.equal(ret.return, "by hand");
  });

  await step("a returner that does not exist is named in the log", async () => {
    await master.publish("web1", "test.ping", "--return", "nowhere");
    await minion.daemon.line(/Returner nowhere could not be loaded/);
  });

  await step("what was returned while the server was dead is all there", async () => {
    const publish = () => master.publish("web1", "test.ping", "--return", "redis");
    const jids: string[] = [];
    for (let i = 0; i < JOBS; i++) {
      jids.push(await publish());
      if (i === JOBS / 4) await redis.kill();
      if (i === JOBS / 2) await minion.daemon.line(/returner redis does not take what is sent/);
      if (i === 3 * JOBS / 4) await redis.resume();
    }
    for (const jid of jids) {
      await stored(redis, jid);
    }
  });

  await step("what waits when the minion itself dies is brought by the next one", async () => {
    await redis.stop();
    const jid = await master.publish("web1", "test.ping", "--return", "redis");
    await until(
      "the master's copy",
      async () => (await master.run("jobs.lookup_jid", jid)).stdout.includes("web1"),
    );
    await minion.stop("SIGKILL");
    await redis.resume();
    await minion.start();
    await stored(redis, jid);
  });

  await step("the master's jobs are there too, and are read from there", async () => {
    const jid = await master.publish("web1", "test.echo", "kept");
    await stored(redis, jid);
    const load = JSON.parse(await redis.command("GET", `load:${jid}`));
    assert.deepEqual([load.fun, load.jid, load.tgt], ["test.echo", jid, "web1"]);
    const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
    assert.deepEqual(JSON.parse(stdout), { web1: "kept" });
  });

  await step("what Salt has written is read", async () => {
    const jid = "20200102030405678901";
    const load = {
      jid,
      fun: "cmd.run",
      arg: ["uptime"],
      tgt: "old*",
      tgt_type: "glob",
      user: "me",
    };
    const ret = { id: "old1", jid, fun: "cmd.run", return: "up", retcode: 0, success: true };
    await redis.command("SETEX", `load:${jid}`, "3600", JSON.stringify(load));
    await redis.command("HSET", `ret:${jid}`, "old1", JSON.stringify(ret));
    const json = async (...words: string[]) =>
      JSON.parse((await master.run(...words, "ext_source=redis", "--out=json")).stdout);
    assert.deepEqual(await json("jobs.lookup_jid", jid), { old1: "up" });
    const listed = await json("jobs.list_jobs", "search_target=old*");
    assert.deepEqual(listed, {
      [jid]: {
        Function: "cmd.run",
        Arguments: ["uptime"],
        Target: "old*",
        "Target-type": "glob",
        User: "me",
        StartTime: "2020, Jan 02 03:04:05.678901",
      },
    });
    assert.deepEqual((await json("jobs.list_job", jid)).Result, { old1: ret });
    assert.deepEqual(await json("jobs.exit_success", jid), { old1: true });
  });

  await step("jobs are read from the master's own cache while the server is away", async () => {
    const jid = await master.publish("web1", "test.echo", "own");
    await stored(redis, jid);
    await redis.stop();
    const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
    assert.deepEqual(JSON.parse(stdout), { web1: "own" });
    const named = await master.run("jobs.lookup_jid", jid, "ext_source=redis");
    assert.notEqual(named.code, 0);
    assert.match(named.stdout + named.stderr, /nothing listens there/);
  });
});
