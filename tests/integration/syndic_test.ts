/** A master above masters, and the syndics between them. */
import assert from "node:assert/strict";
import type { DataMap } from "../../src/types/mod.ts";
import { overTransports } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const LOW = ["low-1", "low-2"] as const;

overTransports("a master of masters", async (lab, step) => {
  const top = await (await lab.master("saltx", {
    order_masters: true,
    auto_accept: true,
    sharedsecret: "pepper",
    external_auth: { sharedsecret: { ann: [{ "low-1": ["test.ping"] }] } },
  }, "top")).start();
  const { host, requestPort } = top.endpoint;
  const lower = await (await lab.master("saltx", {
    auto_accept: true,
    syndic_master: host,
    syndic_master_port: requestPort,
  }, "low")).start();
  const events = await lab.events(top);
  let syndic = await lab.syndic(lower, "syn");
  const minions = await Promise.all(
    LOW.map(async (id) => await (await lab.minion("saltx", id, lower)).start()),
  );
  const direct = await (await lab.minion("saltx", "direct", top)).start();
  for (const minion of [...minions, direct]) await minion.ready();
  const all = { "low-1": true, "low-2": true, direct: true };
  await step("the syndic signs in and says so", async () => {
    await events.line(/^salt\/syndic\/syn\/start\t/m);
  });
  await step("a command above reaches the minions of both", async () => {
    assert.deepEqual(await top.ask("*", "test.ping"), all);
    assert.deepEqual(await top.ask("low-2", "test.echo", "x"), { "low-2": "x" });
    assert.deepEqual(await top.ask("-G", "id:low-1", "test.ping"), { "low-1": true });
  });
  await step("who may do little above may do no more below", async () => {
    const ann = [
      "-a",
      "sharedsecret",
      "--username=ann",
      "--password=pepper",
      "--out=json",
      "--static",
    ];
    const asks = async (...args: string[]) => await top.salt(...ann, ...args);
    assert.deepEqual(JSON.parse((await asks("low-1", "test.ping")).stdout), { "low-1": true });
    for (const args of [["low-*", "test.ping"], ["low-2", "test.ping"]]) {
      const { stdout, stderr } = await asks(...args);
      assert.doesNotMatch(stdout, /true/i);
      assert.match(stderr, /Syndic syn refused the job: Authorization error occurred/);
    }
    const { stdout, code } = await asks("low-1", "cmd.run", "id");
    assert.doesNotMatch(stdout, /uid/);
    assert.notEqual(code, 0);
  });
  await step("its record above has each return", async () => {
    const jid = await top.publish("*", "test.ping");
    await until("the returns", async () => {
      const { stdout } = await top.run("jobs.lookup_jid", jid, "--out=json");
      return Object.keys(JSON.parse(stdout)).length === 3;
    });
  });
  await step("a command below is known above", async () => {
    const jid = await lower.publish("*", "test.arg", "below");
    await until("the returns above", async () => {
      const { stdout } = await top.run("jobs.lookup_jid", jid, "--out=json");
      return Object.keys(JSON.parse(stdout)).length === 2;
    });
    await events.line(new RegExp(`^syndic/syn/salt/job/${jid}/new\\t`, "m"));
  });
  await step("returns of the time without a master above come when it is back", async () => {
    const jid = await top.publish("low-*", "test.sleep", "3");
    await until("the job to run below", async () => {
      const { "low-1": found } = await lower.ask("low-1", "saltutil.find_job", jid);
      return (found as DataMap)["jid"] === jid;
    });
    await top.stop("SIGKILL");
    await until("the returns below", async () => {
      const { stdout } = await lower.run("jobs.lookup_jid", jid, "--out=json");
      return Object.keys(JSON.parse(stdout)).length === 2;
    });
    await top.start();
    await until("the returns above", async () => {
      const { stdout } = await top.run("jobs.lookup_jid", jid, "--out=json");
      return Object.keys(JSON.parse(stdout)).length === 2;
    }, 60_000);
    assert.deepEqual(await top.ask("low-*", "test.ping"), { "low-1": true, "low-2": true });
  });
  await step("a syndic that is killed and started again goes on", async () => {
    const jid = await top.publish("low-*", "test.sleep", "2");
    await until("the job to run below", async () => {
      const { "low-1": found } = await lower.ask("low-1", "saltutil.find_job", jid);
      return (found as DataMap)["jid"] === jid;
    });
    await syndic.stop("SIGKILL");
    await until("the returns below", async () => {
      const { stdout } = await lower.run("jobs.lookup_jid", jid, "--out=json");
      return Object.keys(JSON.parse(stdout)).length === 2;
    });
    syndic = await lab.syndic(lower, "syn");
    await syndic.line(/Syndic successfully connected/);
    await until("the returns above, which nobody brought", async () => {
      const { stdout } = await top.run("jobs.lookup_jid", jid, "--out=json");
      return Object.keys(JSON.parse(stdout)).length === 2;
    });
    await syndic.line(/events of this host's master are followed/);
    await until("all to answer", async () => {
      return Object.keys(await top.ask("-t", "2", "*", "test.ping")).length === 3;
    });
  });
  await step("it ends with 0 on SIGTERM", async () => {
    assert.equal(await syndic.stop("SIGTERM"), 0);
  });
});
