/** What happens when programs die, keys turn and minions are away. */
import assert from "node:assert/strict";
import type { DataMap } from "../../src/types/mod.ts";
import { RawPeer } from "../support/raw_peer.ts";
import { overTransports } from "../support/scenario.ts";
import { until } from "../support/until.ts";

overTransports("a master that is killed", async (lab, step) => {
  const id = "web-1";
  const master = await (await lab.master("saltx")).start();
  const minion = await (await lab.minion("saltx", id, master)).start();
  await master.accept(id);
  await minion.ready();
  await step("keeps every return that it has acknowledged", async () => {
    const peer = await RawPeer.accepted(master, "raw-1");
    const jid = "20260101000000000001";
    const acknowledged: string[] = [];
    const load = { cmd: "_return", fun: "test.echo", fun_args: [], retcode: 0, success: true };
    for (let i = 0; i < 200; i += 1) {
      const number = String(i).padStart(3, "0");
      const own = `${jid.slice(0, 17)}${number}`;
      await peer.request({ ...load, id: peer.id, jid: own, return: number });
      acknowledged.push(own);
    }
    await master.stop("SIGKILL");
    await master.start();
    for (const own of [acknowledged[0], acknowledged[100], acknowledged.at(-1)]) {
      const { stdout } = await master.run("jobs.lookup_jid", String(own), "--out=json");
      assert.deepEqual(JSON.parse(stdout), { "raw-1": String(own).slice(-3) });
    }
  });
  await step("is found again by its minions, and a job under way comes back", async () => {
    await master.awaitPing(id);
    const jid = await master.publish(id, "test.sleep", "6");
    await until("the job to run", async () => {
      const { [id]: found } = await master.ask(id, "saltutil.find_job", jid);
      return (found as DataMap)["jid"] === jid;
    });
    await master.stop("SIGKILL");
    await master.start();
    await until("the return", async () => {
      const { stdout } = await master.run("jobs.lookup_jid", jid, "--out=json");
      return (JSON.parse(stdout) as DataMap)[id] === true;
    }, 60_000);
  });
  await step("ends with 0 on SIGTERM", async () => {
    await master.awaitPing(id);
    assert.equal(await master.stop("SIGTERM"), 0);
  });
});

overTransports("a minion that is killed", async (lab, step) => {
  const ids = ["here", "away"];
  const master = await (await lab.master("saltx", { gather_job_timeout: 1 })).start();
  const minions = await Promise.all(ids.map(async (id) => {
    const minion = await (await lab.minion("saltx", id, master)).start();
    await master.accept(id);
    await minion.ready();
    return minion;
  }));
  const away = minions[1]!;
  await step("is named as not there, and the others answer", async () => {
    await away.stop("SIGKILL");
    const { stdout, code } = await master.salt(
      "-t",
      "1",
      "*",
      "test.ping",
    );
    assert.match(stdout, /here:\n {4}True/);
    assert.match(stdout, /away:\n {4}Minion did not return\. \[(Not connected|No response)\]/);
    assert.notEqual(code, 0);
  });
  await step("works again after its start, with nothing of the old jobs left", async () => {
    await away.start();
    await away.ready();
    assert.deepEqual(await master.ask("*", "test.ping"), { here: true, away: true });
    assert.deepEqual(await master.ask("away", "saltutil.running"), { away: [] });
  });
  await step("ends with 0 on SIGTERM", async () => {
    assert.equal(await away.stop("SIGTERM"), 0);
  });
});

overTransports("a session key that turns", async (lab, step) => {
  const id = "web-1";
  const master = await (await lab.master("saltx", { publish_session: 3 })).start();
  const minion = await (await lab.minion("saltx", id, master)).start();
  await master.accept(id);
  await minion.ready();
  const events = await lab.events(master);
  await step("by age: jobs before, over and after it return", async () => {
    const jid = await master.publish(id, "test.sleep", "8");
    await events.line(/^key\t(?:.*\n)+^key\t/m, 60_000);
    assert.deepEqual(await master.ask(id, "test.ping"), { [id]: true });
    await events.line(new RegExp(`^salt/job/${jid}/ret/${id}\\t`, "m"));
  });
  await step("no return came twice", () => {
    const returns = [...events.log.matchAll(/^(salt\/job\/\d{20}\/ret\/\S+)\t/gm)].map((m) => m[1]);
    assert.equal(new Set(returns).size, returns.length);
    return Promise.resolve();
  });
});
