/** Returns, jobs and events in PostgreSQL: through minions and a master, and over a crash. */
import assert from "node:assert/strict";
import { Returners } from "../../src/plugins/returners/mod.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { PostgresServer } from "../support/postgres_server.ts";
import { pgjsonbTables, postgresTables } from "../support/salt_tables.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

/** Jobs that are published while the server dies and comes back. */
const JOBS = 20;

scenario("the PostgreSQL returners lose nothing when their server crashes", async (lab, step) => {
  const postgres = await PostgresServer.start(lab);
  await postgres.query("CREATE DATABASE salt");
  await postgres.query(postgresTables);
  await postgres.query(pgjsonbTables, "salt");
  const { host, port, user, password } = postgres;
  const pgjsonb = { host, port, user, pass: password };
  const settings = {
    "returner.pgjsonb": pgjsonb,
    "returner.postgres": { host, port, user, passwd: password, db: "postgres" },
  };
  const master = await lab.master("saltx", {
    ...settings,
    master_job_cache: "pgjsonb",
    event_return: "pgjsonb",
    event_return_queue: 3,
    event_return_queue_max_seconds: 1,
    event_return_whitelist: ["salt/job/*", "salt/minion/*"],
    event_return_blacklist: ["salt/job/*/new"],
  });
  await master.start();
  const minion = await lab.minion("saltx", "db1", master, settings);
  await minion.start();
  await master.accept("db1");
  await minion.ready();
  const rows = (sql: string, database = "salt") => postgres.query(sql, database);

  await step("a job's return is stored in Salt's tables", async () => {
    const jid = await master.publish("db1", "test.arg", "a\\u0000b", "n=1", "--return", "postgres");
    const sql = `SELECT fun, id, success, return FROM salt_returns WHERE jid = '${jid}'`;
    const row = await until("the return", async () => await rows(sql, "postgres") || null);
    assert.match(row, /^test.arg\|db1\|true\|\{"args": \[/);
  });

  await step("the master's own copy can be read", async () => {
    const jid = await master.publish("db1", "test.echo", "kept");
    const sql = `SELECT return->>0, full_ret->>'id', full_ret->>'jid' FROM salt_returns ` +
      `WHERE jid = '${jid}'`;
    assert.equal(await until("the copy", async () => await rows(sql) || null), `kept|db1|${jid}`);
    assert.equal(await rows(`SELECT load->>'fun' FROM jids WHERE jid = '${jid}'`), "test.echo");
    const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
    assert.deepEqual(JSON.parse(stdout), { db1: "kept" });
    const job = await master.run("jobs.list_job", jid, "ext_source=pgjsonb", "--out=json");
    const { Function, Result, Minions } = JSON.parse(job.stdout);
    assert.deepEqual([Function, Result.db1.return, Minions], ["test.echo", "kept", ["db1"]]);
    const jobs = await master.run("jobs.list_jobs", "search_function=test.echo", "--out=json");
    assert.deepEqual(Object.keys(JSON.parse(jobs.stdout)), [jid]);
  });

  await step("events are stored, those that are wanted", async () => {
    const count = (like: string) =>
      rows(`SELECT count(*) FROM salt_events WHERE tag LIKE '${like}'`);
    await until("the return's event", async () => Number(await count("salt/job/%/ret/db1")) >= 2);
    await until("the start", async () => Number(await count("salt/minion/db1/start")) === 1);
    assert.equal(await count("salt/job/%/new"), "0");
    assert.equal(await count("salt/auth%"), "0");
    const master_id = await rows("SELECT DISTINCT master_id FROM salt_events");
    assert.match(master_id, /_master$/);
  });

  await step("what was returned while the server was dead is there, and once", async () => {
    const jids: string[] = [];
    for (let i = 0; i < JOBS; i++) {
      jids.push(await master.publish("db1", "test.ping", "--return", "postgres"));
      if (i === JOBS / 4) await postgres.kill();
      if (i === JOBS / 2) await minion.daemon.line(/returner postgres does not take what is sent/);
      if (i === 3 * JOBS / 4) await postgres.resume();
    }
    const list = jids.map((jid) => `'${jid}'`).join(",");
    const counted = `SELECT count(*), count(DISTINCT jid) FROM salt_returns WHERE jid IN (${list})`;
    for (const database of ["postgres", "salt"]) {
      await until(
        `all returns in ${database}`,
        async () => await rows(counted, database) === `${JOBS}|${JOBS}`,
      );
    }
  });
});

scenario("pgjsonb writes once, cleans up, and outlives any number of crashes", async (lab) => {
  const postgres = await PostgresServer.start(lab);
  await postgres.query(pgjsonbTables);
  const { host, port, user, password } = postgres;
  const opts: DataMap = {
    "returner.pgjsonb": { host, port, user, pass: password, db: "postgres" },
    id: "m",
    keep_jobs_seconds: 3600,
    archive_jobs: true,
  };
  const made = new Returners({ opts, option: (name) => opts[name] });
  const pgjsonb = await made.get("pgjsonb");
  const ret = {
    id: "m1",
    jid: "20260101000000000000",
    fun: ["a.b", "c.d"],
    success: [true, false],
  };
  const odd = { ...ret, return: { text: "a\0b", path: "c:\\u0000", number: NaN } };
  await pgjsonb.returner!([odd], { again: false });
  await pgjsonb.returner!([odd, { ...ret, id: "m2" }], { again: true });
  const rows =
    "SELECT id, fun, success, return->>'text', return->>'path' FROM salt_returns ORDER BY id";
  assert.equal(
    await postgres.query(rows),
    "m1|a.b,c.d|[true, fal|ab|c:\\u0000\nm2|a.b,c.d|[true, fal||",
  );
  await pgjsonb.save_load!("20260101000000000000", { fun: "a.b", tgt: "*" }, null);
  await pgjsonb.save_load!("20260101000000000000", { fun: "c.d", tgt: "*" }, null);
  assert.deepEqual(await pgjsonb.get_load!("20260101000000000000"), { fun: "c.d", tgt: "*" });
  assert.deepEqual(await pgjsonb.get_minions!(), ["m1", "m2"]);
  await pgjsonb.event_return!([{ tag: "a", data: { b: 1 } }], { again: false });

  await postgres.query("UPDATE salt_returns SET alter_time = now() - interval '2 hours'");
  await pgjsonb.clean_old_jobs!();
  const left = "SELECT (SELECT count(*) FROM jids), (SELECT count(*) FROM salt_returns), " +
    "(SELECT count(*) FROM jids_archive), (SELECT count(*) FROM salt_returns_archive)";
  assert.equal(await postgres.query(left), "0|0|1|2");

  for (let round = 0; round < 3; round++) {
    const many = Array.from(
      { length: 50 },
      (_, i) =>
        pgjsonb.returner!([{ ...ret, id: `r${round}-${i}`, return: "x".repeat(i * 100) }], {
          again: false,
        }),
    );
    const settled = Promise.allSettled(many);
    await postgres.kill();
    for (const outcome of await settled) {
      if (outcome.status === "rejected") assert.match(String(outcome.reason), /is not there/);
    }
    await postgres.resume();
    await until("a write", async () => {
      await pgjsonb.returner!([{ ...ret, id: `again-${round}` }], { again: true });
      return true;
    });
  }
  await made.reset();
});
