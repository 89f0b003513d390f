/** Jobs for minions that are away. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Data, DataMap } from "../../src/types/mod.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { ask } from "../support/raw_request.ts";
import { overTransports } from "../support/scenario.ts";
import { until } from "../support/until.ts";

overTransports("jobs for a minion that is away", async (lab, step) => {
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

overTransports("requests to queue that make no sense", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  await RawPeer.accepted(master, "away");
  const user = userInfo().username;
  const key = await readFile(join(master.cacheDir, `.${user}_key`), "utf8");
  const publish = async (kwargs: DataMap) => {
    const load = { cmd: "publish", fun: "test.ping", arg: [], tgt: "away", kwargs, key, user };
    return await ask(master.endpoint, { enc: "clear", load, version: 3 }) as DataMap;
  };
  await step("are refused when the time is none, and queue nothing", async () => {
    for (const expires of ["soon", -1, "400d", {}, [[]], "9".repeat(70_000), "\0"] as Data[]) {
      const { error } = await publish({ queue: true, expires });
      assert.equal((error as DataMap)["name"], "SaltInvocationError", JSON.stringify(expires));
    }
    for (const queue of ["no", 0, {}, [], null, false] as Data[]) {
      assert.equal((await publish({ queue }) as DataMap)["error"], undefined);
    }
    assert.deepEqual(JSON.parse((await master.run("queue.list", "--out=json")).stdout), {});
  });
  await step(
    "are kept for a minion that has never been here, without its credentials",
    async () => {
      const reply = await publish({ queue: true, expires: "1h" });
      assert.deepEqual((reply["load"] as DataMap)["queued"], ["away"]);
      const { stdout } = await master.run("queue.list", "--out=json");
      assert.equal(stdout.includes(key), false);
      assert.equal(Object.keys(JSON.parse(stdout)).length, 1);
    },
  );
});
