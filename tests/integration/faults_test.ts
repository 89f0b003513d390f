/** Full disks and damaged or unreadable files: the fault is named, and the service goes on. */
import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataMap } from "../../src/types/mod.ts";
import type { Master } from "../support/master.ts";
import { ask } from "../support/raw_request.ts";
import { scenario } from "../support/scenario.ts";
import { SmallDisk } from "../support/small_disk.ts";
import { until } from "../support/until.ts";

async function lookUp(master: Master, jid: string): Promise<DataMap> {
  const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
  return JSON.parse(stdout) as DataMap;
}

async function answers(master: Master): Promise<boolean> {
  const reply = await ask(master.endpoint, { enc: "clear", load: { cmd: "ping" }, version: 3 });
  return (reply as DataMap)["cmd"] === "ping";
}

/** No stack of ours where an operator reads. */
function readable(text: string): void {
  assert.doesNotMatch(text, /\n\s+at .*(\.ts|saltx\.js):/);
}

scenario("a master whose disk is full", async (lab, step) => {
  const master = await lab.master("saltx", { auto_accept: true, gather_job_timeout: 2 });
  await using disk = await SmallDisk.at(master.cacheDir);
  await master.start();
  const minion = await (await lab.minion("saltx", "m1", master)).start();
  await minion.ready();
  await master.awaitPing("m1");
  const jid = await master.publish(
    "m1",
    "cmd.run",
    `until test -e ${lab.root}/go; do sleep 0.1; done`,
  );

  await step("says so, takes no job that it cannot keep, and goes on", async () => {
    await disk.fill(master.daemon.pid);
    await until("the disk to be full for the store too", async () => {
      const { code, stderr } = await master.salt("-t", "3", "m1", "test.ping");
      if (code === 0) return false;
      readable(stderr);
      return /no space left on its disk|disk reports an error/.test(stderr);
    });
    assert.ok(await answers(master));
    assert.equal(master.daemon.status, null);
  });
  await step("a return that it cannot store stays with the minion", async () => {
    await writeFile(join(lab.root, "go"), "");
    await master.daemon.line(/(ERROR|CRITICAL).*(no space left on its disk|disk reports an error)/);
    await minion.daemon.line(/(WARNING|ERROR).*\n/);
    readable(master.daemon.log);
  });
  await step("with room again all is as before, and the return is there", async () => {
    await disk.free(master.daemon.pid);
    await until("the return", async () => "m1" in await lookUp(master, jid), 60_000);
    assert.deepEqual(await master.ask("m1", "test.ping"), { m1: true });
  });
});

scenario("a minion whose disk is full", async (lab, step) => {
  const master = await (await lab.master("saltx", { auto_accept: true })).start();
  const minion = await lab.minion("saltx", "m1", master);
  await using disk = await SmallDisk.at(minion.cacheDir);
  await minion.start();
  await minion.ready();
  await master.awaitPing("m1");

  await step("runs jobs all the same, and says what it no longer promises", async () => {
    await disk.fill(minion.daemon.pid);
    await until("the journal to be full", async () => {
      assert.deepEqual(await master.ask("m1", "test.echo", "x".repeat(8000)), {
        m1: "x".repeat(8000),
      });
      return /ERROR.*journal.*Jobs go on/.test(minion.daemon.log);
    });
    readable(minion.daemon.log);
  });
  await step("keeps a journal again once there is room", async () => {
    await disk.free(minion.daemon.pid);
    assert.deepEqual(await master.ask("m1", "test.ping"), { m1: true });
    const jid = await master.publish("m1", "test.sleep", "600");
    await until("the job to run", async () => {
      const { m1 } = await master.ask("m1", "saltutil.find_job", jid);
      return (m1 as DataMap)["jid"] === jid;
    });
    await minion.stop("SIGKILL");
    await minion.start();
    await until(
      "the word of the cut job",
      async () => /^Interrupted/.test(String((await lookUp(master, jid))["m1"])),
      60_000,
    );
  });
});

scenario("stores that cannot be used", async (lab, step) => {
  const master = await lab.master("saltx", { auto_accept: true, gather_job_timeout: 2 });
  const store = join(master.cacheDir, "jobs.db");
  await master.start();
  const minion = await (await lab.minion("saltx", "m1", master)).start();
  await minion.ready();
  await master.awaitPing("m1");
  const asides = async (folder: string) =>
    (await readdir(folder)).filter((name) => /\.corrupt-\d+$/.test(name));

  await step("a job store that is damaged while the master runs is moved aside", async () => {
    for (const name of [store, `${store}-wal`]) await writeFile(name, "x".repeat(100_000));
    // Who has the file open may hold all of it in memory; who opens it anew sees what it is.
    await until("the store to be replaced", async () => {
      const { code } = await master.salt("-t", "5", "m1", "test.ping");
      await master.run("jobs.list_jobs", "--out=quiet");
      return code === 0 && (await asides(master.cacheDir)).length > 0;
    });
    const jid = await master.publish("m1", "test.echo", "new");
    await until("the return", async () => (await lookUp(master, jid))["m1"] === "new");
  });
  await step("one that cannot be opened stops jobs with its name, and nothing else", async () => {
    await master.stop();
    for (const name of [store, `${store}-wal`, `${store}-shm`]) await rm(name, { force: true });
    await mkdir(store);
    await master.start();
    const { code, stdout, stderr } = await master.salt("-t", "5", "m1", "test.ping");
    assert.notEqual(code, 0);
    assert.match(stderr, /jobs\.db/);
    readable(stdout + stderr + master.daemon.log);
    assert.ok(await answers(master));
    assert.equal((await master.key("-L", "--out=json")).code, 0);
    await rm(store, { recursive: true });
    await until("jobs to go on", async () => {
      return (await master.salt("-t", "5", "m1", "test.ping")).code === 0;
    });
  });
  await step("a damaged journal is moved aside, and the minion works", async () => {
    await minion.stop("SIGKILL");
    const journal = join(minion.cacheDir, "minion_journal.db");
    for (const name of [journal, `${journal}-wal`]) await writeFile(name, "x".repeat(100_000));
    await minion.start();
    await minion.ready();
    assert.deepEqual(await master.ask("m1", "test.ping"), { m1: true });
    assert.match(minion.daemon.log, /ERROR.*minion_journal\.db" is damaged\. It was moved to "/);
    assert.equal((await asides(minion.cacheDir)).length, 1);
    readable(minion.daemon.log);
  });
  await step(
    "one that is damaged while the minion runs disturbs no job, then and later",
    async () => {
      const journal = join(minion.cacheDir, "minion_journal.db");
      for (const name of [journal, `${journal}-wal`]) await writeFile(name, "y".repeat(100_000));
      for (let i = 0; i < 5; i++) {
        assert.deepEqual(await master.ask("m1", "test.echo", "a"), { m1: "a" });
      }
      await minion.stop("SIGKILL");
      await minion.start();
      await minion.ready();
      assert.deepEqual(await master.ask("m1", "test.ping"), { m1: true });
      readable(minion.daemon.log);
    },
  );
});
