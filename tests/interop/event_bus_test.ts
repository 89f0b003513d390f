/** A Python program with pyzmq on the event buses of saltx: it reads all and writes what it likes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { pythonCommand, runPython } from "../support/python.ts";
import { scenario } from "../support/scenario.ts";

scenario("pyzmq program on the event buses", async (lab, step) => {
  const id = "bus-1";
  const master = await (await lab.master("saltx")).start();
  const sockets = ["pub", "pull"].map((end) => join(master.sockDir, `master_event_${end}.ipc`));
  const events = await lab.daemon("events", pythonCommand("bus_tail.py", ...sockets));
  await events.line(/^listening$/m);
  const minion = await (await lab.minion("saltx", id, master)).start();
  const next = async (pattern: RegExp) => JSON.parse((await events.line(pattern))[1] ?? "");

  await step("it sees a new key arrive", async () => {
    const event = await next(/^salt\/auth\t(.*"act": "pend".*)$/m);
    assert.equal(event.id, id);
    assert.equal(event.result, true);
    assert.match(event.pub, /^-----BEGIN PUBLIC KEY-----/);
    assert.match(event._stamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  });
  await step("it sees the key accepted and the minion start", async () => {
    await master.accept(id);
    const key = await next(/^salt\/key\t(.*)$/m);
    assert.deepEqual([key.act, key.id, key.result], ["accept", id, true]);
    await minion.ready();
    const start = await next(new RegExp(`^salt/minion/${id}/start\t(.*)$`, "m"));
    assert.equal(start.id, id);
  });
  await step("it sees a job and its return", async () => {
    assert.deepEqual(await master.ask(id, "test.echo", "über"), { [id]: "über" });
    const job = await next(/^salt\/job\/\d{20}\/new\t(.*"test\.echo".*)$/m);
    assert.deepEqual(job.minions, [id]);
    assert.deepEqual(job.arg, ["über"]);
    const back = await next(new RegExp(`^salt/job/${job.jid}/ret/${id}\t(.*)$`, "m"));
    assert.deepEqual([back.return, back.retcode, back.success], ["über", 0, true]);
  });
  await step("what it fires through the PULL socket goes out to all", async () => {
    const pull = join(master.sockDir, "master_event_pull.ipc");
    await runPython("bus_fire.py", pull, "acme/pyzmq/hello", '{"n": 1, "blob": "x"}');
    const event = await next(/^acme\/pyzmq\/hello\t(.*)$/m);
    assert.equal(event.n, 1);
  });
  await step("what it fires on the minion's bus as fire_master reaches the master's", async () => {
    const load = { tag: "acme/from/minion", data: { room: "cellar" }, events: null, pretag: null };
    await runPython("bus_fire.py", minion.pullSocket, "fire_master", JSON.stringify(load));
    const event = await next(/^acme\/from\/minion\t(.*)$/m);
    assert.equal(event.id, id);
    assert.equal(event.data.room, "cellar");
  });
});
