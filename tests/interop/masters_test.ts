/** Several masters, some of them real: minions of both, and syndics between them. */
import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { saltVersions } from "../../scripts/venvs.ts";
import type { DataMap } from "../../src/types/mod.ts";
import type { Config } from "../support/lab.ts";
import type { Master } from "../support/master.ts";
import { scenario, type Step } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const REAL = saltVersions.lts;

/** What a minion of several masters has; each master tells it where it publishes. */
function listOf(...masters: Master[]): Config {
  const names = masters.map(({ endpoint }) => `${endpoint.host}:${endpoint.requestPort}`);
  return { master: names, publish_port: 4506, master_alive_interval: 2 };
}

/** Ids that have returned a job, as a master remembers it. */
async function returned(master: Master, jid: string): Promise<string[]> {
  const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
  return Object.keys(JSON.parse(stdout) as DataMap).sort();
}

scenario("a saltx minion of a saltx and a real master", async (lab, step) => {
  const id = "both";
  const [ours, real] = await Promise.all([
    lab.master("saltx", { auto_accept: true }, "ours").then((master) => master.start()),
    lab.master(REAL, { auto_accept: true }, "real").then((master) => master.start()),
  ]);
  const minion = await lab.minion("saltx", id, ours, listOf(ours, real));
  await minion.start();
  await step("obeys both", async () => {
    await ours.awaitPing(id);
    await real.awaitPing(id);
  });
  await step("returns to the one that asked", async () => {
    const jid = await real.publish(id, "test.echo", "x");
    await until("the return", async () => (await returned(real, jid)).length === 1);
    assert.deepEqual(await returned(ours, jid), []);
  });
  await step("does without the real one, and is there when that is back", async () => {
    await real.stop("SIGKILL");
    assert.deepEqual(await ours.ask(id, "test.ping"), { [id]: true });
    await real.start();
    await real.awaitPing(id);
  });
});

scenario("a real minion of two saltx masters", async (lab, step) => {
  const id = "real";
  const m1 = await (await lab.master("saltx", { auto_accept: true }, "m1")).start();
  const m2 = await lab.master("saltx", { auto_accept: true }, "m2");
  // Real minions know one master key.
  await mkdir(m2.pkiDir, { recursive: true, mode: 0o700 });
  for (const name of ["master.pem", "master.pub"]) {
    await copyFile(join(m1.pkiDir, name), join(m2.pkiDir, name));
  }
  await m2.start();
  await (await lab.minion(REAL, id, m1, listOf(m1, m2))).start();
  await step("obeys both, and returns to the one that asked", async () => {
    await m1.awaitPing(id);
    await m2.awaitPing(id);
    const jid = await m2.publish(id, "test.echo", "x");
    await until("the return", async () => (await returned(m2, jid)).length === 1);
    assert.deepEqual(await returned(m1, jid), []);
  });
  await step("does without one of them, and is there when that is back", async () => {
    await m1.stop("SIGKILL");
    assert.deepEqual(await m2.ask(id, "test.ping"), { [id]: true });
    await m1.start();
    await m1.awaitPing(id);
  });
});

/** What a syndic does for `low-1`, the minion of its master, and goes on to do when `top` is back. */
async function commandsPass(top: Master, lower: Master, step: Step): Promise<void> {
  await step("brings commands down and returns up", async () => {
    await until("the minion to answer", async () => {
      return (await top.ask("-t", "5", "*", "test.ping"))["low-1"] === true;
    }, 60_000);
    assert.deepEqual(await top.ask("low-1", "test.echo", "x"), { "low-1": "x" });
  });
  await step("a command below is known above", async () => {
    const jid = await lower.publish("*", "test.echo", "below");
    await until("the return above", async () => (await returned(top, jid)).includes("low-1"));
  });
  await step("goes on when the master above has been killed and is back", async () => {
    await top.stop("SIGKILL");
    assert.deepEqual(await lower.ask("low-1", "test.ping"), { "low-1": true });
    await top.start();
    await until("the minion to answer", async () => {
      return (await top.ask("-t", "5", "low-1", "test.echo", "again"))["low-1"] === "again";
    }, 120_000);
  });
}

scenario("a saltx syndic below a real master of masters", async (lab, step) => {
  const top = await (await lab.master(REAL, { auto_accept: true, order_masters: true }, "top"))
    .start();
  const { host, requestPort } = top.endpoint;
  const lower = await (await lab.master("saltx", {
    auto_accept: true,
    syndic_master: host,
    syndic_master_port: requestPort,
  }, "low")).start();
  const syndic = await lab.syndic(lower, "syn");
  await syndic.line(/Syndic successfully connected/, 60_000);
  await (await (await lab.minion("saltx", "low-1", lower)).start()).ready();
  await commandsPass(top, lower, step);
});

scenario("a real syndic below a saltx master of masters", async (lab, step) => {
  const top = await (await lab.master("saltx", { auto_accept: true, order_masters: true }, "top"))
    .start();
  const events = await lab.events(top);
  const { host, requestPort } = top.endpoint;
  const lower = await (await lab.master(REAL, {
    auto_accept: true,
    syndic_master: host,
    syndic_master_port: requestPort,
  }, "low")).start();
  // Real syndics take the lower master's publish port for the upper one's, unless they are told.
  await lab.syndic(lower, "syn", { publish_port: top.endpoint.publishPort });
  await (await (await lab.minion(REAL, "low-1", lower)).start()).ready();
  await events.line(/^salt\/syndic\/syn\/start\t/m, 60_000);
  await commandsPass(top, lower, step);
});
