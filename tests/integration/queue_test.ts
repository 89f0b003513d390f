/** Jobs for minions that are away. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { DataMap } from "../../src/types/mod.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

scenario("jobs for a minion that is away", async (lab, step) => {
  const master = await (await lab.master("saltx", { gather_job_timeout: 1 })).start();
  const here = await (await lab.minion("saltx", "here", master)).start();
  const away = await (await lab.minion("saltx", "away", master)).start();
  for (const minion of [here, away]) {
    await master.accept(minion.id);
    await minion.ready();
    await master.awaitPing(minion.id);
  }
  const queued = async () => {
    const { stdout } = await master.run("queue.list", "--out=json");
    return JSON.parse(stdout) as DataMap;
  };
  await away.stop();
  await until("the master to know", async () => {
    const { stdout } = await master.run("manage.not_present", "--out=json");
    return (JSON.parse(stdout) as string[]).includes("away");
  });

  await step("are named as queued, and not waited for", async () => {
    for (const word of ["one", "two"]) {
      const { stdout, code } = await master.salt(
        ...["-t", "60", "--queue", "--expires", "1h", "--static", "--out=json"],
        ...["*", "cmd.run", `echo ${word} >> ${lab.root}/order; echo done`],
      );
      const { here: done, away: text } = JSON.parse(stdout) as Record<string, string>;
      assert.equal(done, "done");
      assert.match(text!, /^Minion did not return. \[Queued\]/);
      assert.equal(code, 1);
    }
    const jobs = await queued();
    assert.equal(Object.keys(jobs).length, 2);
    for (const job of Object.values(jobs) as DataMap[]) {
      assert.deepEqual(Object.keys(job["Minions"] as DataMap), ["away"]);
    }
  });
  await step("are kept over a kill of the master, and cancelled one by one", async () => {
    await master.stop("SIGKILL");
    await master.start();
    await master.awaitPing("here");
    const jid = await master.publish("--queue", "*", "test.echo", "never");
    assert.deepEqual(JSON.parse((await master.run("queue.cancel", jid, "--out=json")).stdout), [
      "away",
    ]);
    const { stdout } = await master.run("jobs.lookup_jid", jid, "missing=True", "--out=json");
    assert.match((JSON.parse(stdout) as Record<string, string>)["away"]!, /cancelled/);
    assert.equal(Object.keys(await queued()).length, 2);
  });
  await step("are done when it is back: once, and in order", async () => {
    const jids = Object.keys(await queued());
    await away.start();
    await away.ready();
    await until("the queue to be empty", async () => Object.keys(await queued()).length === 0);
    for (const jid of jids) {
      const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
      assert.deepEqual(Object.keys(JSON.parse(stdout) as DataMap).sort(), ["away", "here"]);
    }
    assert.equal(await readFile(`${lab.root}/order`, "utf8"), "one\ntwo\none\ntwo\n");
  });
});
