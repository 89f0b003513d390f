/** The main job over RAET: keys, functions, jobs, restarts, over one UDP port. */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { access, appendFile, writeFile } from "node:fs/promises";
import { openEventClient } from "../../src/event/mod.ts";
import { Yard } from "../../src/event/yard.ts";
import type { DataMap } from "../../src/types/mod.ts";
import { scenario } from "../support/scenario.ts";
import { until } from "../support/until.ts";

scenario("RAET: keys, jobs and restarts", async (lab, step) => {
  const master = await (await lab.master("saltx")).start();
  const minion = await (await lab.minion("saltx", "web-1", master)).start();
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
  await step("both ends show the fingerprint of the RAET keys", async () => {
    const seen = (await master.key("-f", "web-1")).stdout;
    const own = await minion.call("--local", "key.finger", "--out=txt");
    const finger = /(?:[0-9a-f]{2}:){31}[0-9a-f]{2}/;
    assert.match(seen, /web-1 \(raet\)/);
    assert.ok(seen.includes(finger.exec(own.stdout)![0]));
  });
  await step("totals are on the event bus, with drops by reason", async () => {
    const events = await lab.events(master);
    const [, text] = await events.line(/^salt\/raet\/stats\t(.*)$/m, 30_000);
    await events.stop();
    const data = JSON.parse(text!) as DataMap;
    assert.equal(data["remotes"], 1);
    assert.equal(typeof (data["drops"] as DataMap)["badCookie"], "number");
    const { stdout } = await master.run("raet.stats", "--out=json");
    const { remotes, drops, stack } = JSON.parse(stdout);
    assert.ok(remotes["web-1_minion"].srtt > 0 && remotes["web-1_minion"].handshakes >= 1);
    assert.ok(stack.pending >= 1 && drops.badMac === 0);
  });
  await step("a program of the minion's host is reached by estate, yard and share", async () => {
    const sockDir = minion.sockDir;
    const idHash = basename(minion.pullSocket).split("_")[2]!;
    const bus = await openEventClient({ node: "minion", sockDir, idHash });
    const mail: string[] = [];
    const yard = await Yard.open(bus, "inventory", { updates: ["master"] }, ({ src, body }) => {
      mail.push(`${src[0]}: ${new TextDecoder().decode(body)}`);
    });
    const to = ["web-1_minion", "inventory"];
    const sent = await master.run("raet.send", ...to, "updates", "look again", "--out=json");
    assert.equal(sent.stdout.trim(), "true", sent.stderr);
    await until("the message", () => Promise.resolve(mail.length === 1));
    assert.match(mail[0]!, /_master: look again$/);
    const refused = await master.run("raet.send", ...to, "orders", "x");
    assert.match(refused.stdout + refused.stderr, /has no such share/);
    await yard.close();
    bus.close();
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
    const { stdout, stderr } = await master.salt("-t", "1", "*", "test.ping");
    assert.match(stdout + stderr, /No minions matched the target/);
  });
  await step("a rejected key keeps its minion out, until it is accepted", async () => {
    await master.key("-y", "-a", "web-1");
    await master.awaitPing("web-1");
    await master.key("-y", "-r", "web-1", "--include-accepted");
    await minion.daemon.line(/has rejected this minion's RAET key/, 60_000);
    assert.match((await master.key("-L")).stdout, /Rejected Keys:\nweb-1\n/);
    await master.key("-y", "-a", "web-1", "--include-rejected");
    await master.awaitPing("web-1");
  });
  await step(
    "a second host with the same id is denied, and does not disturb the first",
    async () => {
      const other = await (await lab.minion("saltx", "web-1", master)).start();
      await master.awaitKey("web-1", "minions_denied");
      await other.daemon.line(/has denied this minion's RAET key/, 60_000);
      assert.deepEqual(await master.ask("*", "test.ping"), { "web-1": true });
      await other.stop();
    },
  );
}, "raet");

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

scenario("RAET: new minions that the master takes by itself", async (lab, step) => {
  const master = await lab.master("saltx", { autosign_file: "/etc/salt/autosign.conf" });
  await writeFile(join(master.configDir, "autosign.conf"), "web-*\n");
  await master.start();
  await step("autosign accepts by id, and others wait", async () => {
    const web = await (await lab.minion("saltx", "web-1", master)).start();
    const db = await (await lab.minion("saltx", "db-1", master)).start();
    await web.ready();
    await master.awaitKey("db-1", "minions_pre");
    await master.awaitPing("web-1");
    await db.stop();
  });
}, "raet");
