/** The main job over RAET: keys, functions, jobs, restarts, over one UDP port. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { access, appendFile } from "node:fs/promises";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

const RAET = { transport: "raet" };

scenario("RAET: keys, jobs and restarts", async (lab, step) => {
  const master = await (await lab.master("saltx", RAET)).start();
  const minion = await (await lab.minion("saltx", "web-1", master, RAET)).start();
  await step("a new key is pending, and accepted once for both kinds of keys", async () => {
    await until("the key to be pending", async () => {
      return (await master.key("-L")).stdout.includes("Unaccepted Keys:\nweb-1\n");
    });
    await access(join(master.pkiDir, "pending", "web-1"));
    await master.key("-y", "-a", "web-1");
    await minion.ready();
    await access(join(master.pkiDir, "accepted", "web-1"));
    await access(join(master.pkiDir, "minions", "web-1"));
  });
  await step("functions run and their results come back", async () => {
    const ping = await master.salt("*", "test.ping", "--out=txt");
    assert.equal(ping.stdout, "web-1: True\n");
    const echo = await master.salt("web-1", "test.echo", "x".repeat(100_000), "--out=txt");
    assert.equal(echo.stdout.length, 100_000 + "web-1: \n".length);
  });
  await step("the counters name the minion", async () => {
    await until("its counters", async () => {
      const { stdout } = await master.run("raet.stats", "--out=json");
      return JSON.parse(stdout).remotes?.["web-1_minion"]?.received > 0;
    });
  });
  await step("salt-call has a road of its own", async () => {
    const { stdout } = await minion.call("test.ping", "--out=txt");
    assert.equal(stdout, "local: True\n");
    assert.equal((await master.salt("*", "test.ping", "--out=txt")).stdout, "web-1: True\n");
  });
  await step("a restarted master goes on with its minions", async () => {
    await master.stop();
    await master.start();
    await until("the minion to come back", async () => {
      return (await master.salt("-t", "2", "*", "test.ping", "--out=txt")).stdout ===
        "web-1: True\n";
    });
  });
  await step("a deleted key ends the session at once", async () => {
    await master.key("-y", "-d", "web-1");
    await until("the key to be pending again", async () => {
      return (await master.key("-L")).stdout.includes("Unaccepted Keys:\nweb-1\n");
    });
  });
});

scenario("RAET: a fleet moves from ZeroMQ without accepting again", async (lab, step) => {
  const master = await (await lab.master("saltx", { transport: ["zeromq", "raet"] })).start();
  const old = await (await lab.minion("saltx", "web-1", master)).start();
  await master.awaitKey("web-1", "minions_pre");
  await master.key("-y", "-a", "web-1");
  await old.ready();
  await step("its RSA key vouches for its RAET key", async () => {
    await old.stop();
    await appendFile(join(old.configDir, "minion"), "transport: raet\n");
    await old.start();
    await old.ready();
    await access(join(master.pkiDir, "accepted", "web-1"));
    assert.equal((await master.salt("*", "test.ping", "--out=txt")).stdout, "web-1: True\n");
  });
});
