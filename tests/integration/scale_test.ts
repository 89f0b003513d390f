/**
 * A master with a swarm: a thousand jobs at once, fair turns beside floods, a herd and new keys without RSA,
 * figures that it shows.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { nodeProgram } from "../../scripts/node_program.ts";
import { plainBehaviour } from "../../scripts/bench/swarm/behaviour.ts";
import { Swarm } from "../../scripts/bench/swarm/swarm.ts";
import { dropFilePath, requestRotation } from "../../src/key/drop_file.ts";
import { isMap } from "../../src/types/mod.ts";
import type { Lab } from "../support/lab.ts";
import { freeEndpoint } from "../support/loopback.ts";
import type { Master } from "../support/master.ts";
import { ask } from "../support/raw_request.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const COUNT = 120;
const PATIENCE = 120_000;

/** One that takes no part in floods of half of them. */
const QUIET = `sim-${COUNT - 1}`;

/** Jobs for each minion, all under way together: 1,200. */
const JOBS_EACH = 10;

/** Connections that publish them. */
const PUBLISHERS = 20;

const FILE_BYTES = 300_000;

async function startSwarm(lab: Lab, master: Master): Promise<Swarm> {
  const { host, requestPort } = master.endpoint;
  return await Swarm.start({
    count: COUNT,
    processes: 2,
    behaviour: {
      ...plainBehaviour,
      host,
      requestPort,
      thinkMs: 20,
      resumes: true,
      reconnectMs: 500,
    },
    node: nodeProgram(),
    keyFolder: join(lab.root, "keys"),
  });
}

async function answers(master: Master, target: string): Promise<number> {
  const all = await master.ask(target, "-t", "60", "test.ping");
  return Object.values(all).filter((value) => value === true).length;
}

/** Publishes so many jobs, each for one minion, the minions in turn. */
async function publishEach(master: Master, count: number): Promise<void> {
  const { username: user } = userInfo();
  const key = await readFile(join(master.cacheDir, `.${user}_key`), "utf8");
  const numbers = Array.from({ length: count }, (_, i) => i).values();
  await Promise.all(Array.from({ length: PUBLISHERS }, async () => {
    for (const i of numbers) {
      const job = { fun: "test.ping", arg: [], tgt: [`sim-${i % COUNT}`], tgt_type: "list" };
      const load = { cmd: "publish", ...job, ret: "", jid: "", user, key };
      const reply = await ask(master.endpoint, { enc: "clear", load, version: 3 }, PATIENCE);
      assert.ok(isMap(reply) && isMap(reply["load"]) && reply["load"]["jid"], String(reply));
    }
  }));
}

/** Returns in the job cache. */
function storedReturns(master: Master): number {
  const database = new DatabaseSync(join(master.cacheDir, "jobs.db"), { readOnly: true });
  try {
    const row = database.prepare("SELECT count(*) AS n FROM parts WHERE ret IS NOT NULL").get();
    return Number(row?.["n"]);
  } finally {
    database.close();
  }
}

scenario("a master with a swarm of minions", async (lab, step) => {
  const { host, requestPort } = await freeEndpoint();
  const metrics = `${host}:${requestPort}`;
  const files = join(lab.root, "files");
  await mkdir(files);
  await writeFile(join(files, "flood.bin"), randomBytes(FILE_BYTES));
  const master = await (await lab.master("saltx", {
    auto_accept: true,
    metrics_address: metrics,
    worker_threads: 2,
    log_level: "warning",
    file_roots: { base: [files] },
  })).start();
  await using swarm = await startSwarm(lab, master);

  await step("all sign in, answer a broadcast, and each return is stored", async () => {
    const { tally, failures } = await swarm.order({ do: "sign-in" });
    assert.deepEqual([tally.signIns, failures], [COUNT, []]);
    await swarm.order({ do: "listen" });
    assert.equal(await answers(master, "*"), COUNT);
    const { tally: jobs } = await swarm.order({ do: "await", jobs: 1, ms: PATIENCE });
    assert.ok(jobs.returns >= COUNT);
    const [jid] = Object.keys(
      JSON.parse((await master.run("jobs.list_jobs", "--out=json")).stdout),
    );
    const stored = JSON.parse((await master.run("jobs.lookup_jid", jid!, "--out=json")).stdout);
    assert.equal(Object.keys(stored).length, COUNT);
  });

  await step("over a thousand jobs are in flight at once, and each return is stored", async () => {
    const before = storedReturns(master);
    await swarm.order({ do: "hold", share: 1 });
    await publishEach(master, JOBS_EACH * COUNT);
    const { failures: missed } = await swarm.order({
      do: "await-jobs",
      jobs: JOBS_EACH * COUNT,
      ms: PATIENCE,
    });
    assert.deepEqual(missed, []);
    assert.equal(storedReturns(master), before);
    await swarm.order({ do: "release" });
    const { failures } = await swarm.order({ do: "await", jobs: JOBS_EACH, ms: PATIENCE });
    assert.deepEqual(failures, []);
    assert.equal(storedReturns(master), before + JOBS_EACH * COUNT);
  });

  for (const what of ["event", "return", "file"] as const) {
    await step(
      `while half of the minions flood it with ${what}s, the others are commanded`,
      async () => {
        await swarm.order({ do: "begin-flood", what, share: 0.5, path: "flood.bin" });
        for (let i = 0; i < 3; i += 1) assert.equal(await answers(master, QUIET), 1);
        const { tally, failures } = await swarm.order({ do: "await-flood" });
        assert.deepEqual(failures, []);
        const sent = { event: tally.events, return: tally.returns, file: tally.pieces }[what];
        assert.ok(sent > COUNT / 2, `${sent} ${what}s`);
      },
    );
  }

  await step("it shows what it has counted, over all workers", async () => {
    const response = await fetch(`http://${metrics}/metrics`);
    assert.match(response.headers.get("content-type") ?? "", /^application\/openmetrics-text/);
    const text = await response.text();
    const value = (name: string) =>
      Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
    assert.ok(value('saltx_commands_total{command="_return",outcome="ok"}') >= COUNT);
    assert.ok(value('saltx_commands_total{command="_auth",outcome="ok"}') >= COUNT);
    assert.equal(value("saltx_subscribers"), COUNT);
    assert.equal(value("saltx_requests_dropped_total"), 0);
    const stats = JSON.parse((await master.run("master.stats", "--out=json")).stdout);
    assert.equal(stats["saltx_subscribers"], COUNT);
    assert.equal(stats["saltx_workers"], 2);
  });

  await step("after kill -9 all come back by their sessions, while jobs are served", async () => {
    await swarm.order({ do: "hold", share: 0.5 });
    await master.stop("SIGKILL");
    await master.start();
    await until("a minion that is back to answer", async () => {
      return await answers(master, QUIET) === 1;
    }, PATIENCE);
    // The other half comes now.
    await swarm.order({ do: "release" });
    for (let i = 0; i < 3; i += 1) assert.equal(await answers(master, QUIET), 1);
    const { tally, failures } = await swarm.order({ do: "await-herd", lost: 1, ms: PATIENCE });
    assert.deepEqual(failures, []);
    assert.deepEqual([tally.comebacks, tally.signIns], [COUNT, 0]);
    assert.ok(tally.resumes >= COUNT);
    assert.equal(await answers(master, "*"), COUNT);
  });

  await step("a new session key is taken by all, and nobody signs in for it", async () => {
    const [signIns, resumes] = [await counted(metrics, "_auth"), await counted(metrics, "_resume")];
    requestRotation(master.cacheDir);
    await until("the rotation", () => !existsSync(dropFilePath(master.cacheDir)), PATIENCE);
    await until("all to answer under the new key", async () => {
      return await answers(master, "*") === COUNT;
    }, PATIENCE);
    assert.ok(await counted(metrics, "_resume") - resumes >= COUNT);
    assert.equal(await counted(metrics, "_auth"), signIns);
  });

  await step(
    "a deleted key turns the fleet's key, and the others do not sign in for it",
    async () => {
      const before = await counted(metrics, "_auth");
      const resumes = await counted(metrics, "_resume");
      const result = await master.key("-y", "-d", "sim-1");
      assert.equal(result.code, 0);
      // The one whose key is gone is let in anew; nobody else needs RSA.
      await until("all to answer under the new key", async () => {
        return await answers(master, "*") === COUNT;
      }, PATIENCE);
      assert.ok(await counted(metrics, "_resume") - resumes >= COUNT - 1);
      assert.equal(await counted(metrics, "_auth") - before, 1);
    },
  );
});

/** Requests of a command that were served well. */
async function counted(metrics: string, command: string): Promise<number> {
  const text = await (await fetch(`http://${metrics}/metrics`)).text();
  const line = text.split("\n").find((one) =>
    one.startsWith(`saltx_commands_total{command="${command}",outcome="ok"} `)
  );
  return Number(line?.split(" ")[1] ?? 0);
}
