import assert from "node:assert/strict";
import { test } from "node:test";
import { type LocalClient, type MinionResult, NoMinionsError } from "../../../src/client/mod.ts";
import { AuthenticationError, AuthorizationError, PublishError } from "../../../src/errors.ts";
import { isValidJid } from "../../../src/text/jid.ts";
import { isMap, type Target } from "../../../src/types/mod.ts";
import { ScriptedFleet } from "../../support/scripted_fleet.ts";

const ALL: Target = { tgt: "*", tgt_type: "glob" };

async function gather(client: LocalClient, signal?: AbortSignal): Promise<MinionResult[]> {
  const results: MinionResult[] = [];
  for await (const result of client.run({ target: ALL, fun: "test.ping" }, signal)) {
    results.push(result);
  }
  return results;
}

function ends(results: readonly MinionResult[]): string[] {
  return results.map(({ id, end }) => `${id} ${end}`);
}

test("LocalClient.run() gives each return as it comes in and ends with the last", async () => {
  using master = new ScriptedFleet({ a: { after: 300 }, b: { after: 100 }, c: {} });
  const client = await master.client();
  const results = await master.clock.run(gather(client));
  assert.deepEqual(ends(results), ["c returned", "b returned", "a returned"]);
  assert.equal(master.clock.now(), 300);
});

test("LocalClient.run() subscribes before it publishes, to its own job only", async () => {
  using master = new ScriptedFleet({ a: {} });
  const client = await master.client();
  await master.clock.run(gather(client));
  const [publication] = master.publications;
  assert.equal(publication?.subscriptions, 1);
  assert.ok(isValidJid(publication?.load["jid"]));
  assert.equal(publication.load["key"], "the-key");
  assert.equal(publication.load["fun"], "test.ping");
  assert.equal(master.bus.subscriptions, 0);
});

test("LocalClient.run() asks after timeout and names who does not answer", async () => {
  using master = new ScriptedFleet({ a: {}, dead: { after: Infinity, silent: true } });
  const client = await master.client();
  const told = master.bus.client().subscribe("saltx/job/");
  const results = await master.clock.run(gather(client));
  assert.deepEqual(ends(results), ["a returned", "dead timed out"]);
  const { tag, data } = (await told.next())!;
  assert.equal(tag, `saltx/job/${results[0]!.jid}/ended`);
  assert.deepEqual(data["minions"], ["dead"]);
  assert.deepEqual(
    master.publications.map(({ load, at }) => [load["fun"], load["tgt"], at]),
    [["test.ping", "*", 0], ["saltutil.find_job", ["dead"], 5000]],
  );
  assert.equal(master.clock.now(), 15_000);
  const { ret, retcode, out } = results[1] as MinionResult;
  assert.match(
    String(ret),
    /^Minion did not return. \[No response\]\n.*\n\nsalt-run jobs.lookup_jid \d{20}$/s,
  );
  assert.deepEqual([retcode, out], [1, "no_return"]);
});

test("LocalClient.run() waits as long as a minion says that it works", async () => {
  using master = new ScriptedFleet({ slow: { after: 60_000, worksUntil: 60_000, ret: "late" } });
  const client = await master.client();
  const results = await master.clock.run(gather(client));
  assert.deepEqual(ends(results), ["slow returned"]);
  assert.equal(results[0]?.ret, "late");
  const asked = master.publications.filter(({ load }) => load["fun"] === "saltutil.find_job");
  assert.deepEqual(asked.map(({ at }) => at), [5000, 15_000, 25_000, 35_000, 45_000, 55_000]);
});

test("LocalClient.run() gives up on a minion that stopped working without a return", async () => {
  using master = new ScriptedFleet({ lost: { after: Infinity, worksUntil: 12_000 } });
  const client = await master.client();
  const results = await master.clock.run(gather(client));
  assert.deepEqual(ends(results), ["lost timed out"]);
  assert.equal(master.clock.now(), 17_000);
});

test("LocalClient.run() does not wait for minions that hold no connection", async () => {
  using master = new ScriptedFleet({ a: { after: 50 }, off: {} });
  master.notConnected = ["off"];
  const client = await master.client();
  const results = await master.clock.run(gather(client));
  assert.deepEqual(ends(results), ["a returned", "off not connected"]);
  assert.equal(results[1]?.ret, "Minion did not return. [Not connected]");
  assert.equal(master.clock.now(), 50);
});

test("LocalClient.run() names ids that have no accepted key", async () => {
  using master = new ScriptedFleet({ a: {} });
  master.missing = ["ghost"];
  const client = await master.client();
  const results = await master.clock.run(gather(client));
  assert.deepEqual(ends(results), ["a returned", "ghost not known"]);
  assert.equal(results[1]?.retcode, 1);
});

test("LocalClient.run() counts a return once, however often it comes", async () => {
  using master = new ScriptedFleet({ a: {}, b: { after: 1000 } });
  const client = await master.client();
  const running = gather(client);
  await master.clock.moveTo(10);
  const jid = String(master.publications[0]?.load["jid"]);
  master.sendReturn("a", jid, { return: "again" });
  const results = await master.clock.run(running);
  assert.deepEqual(ends(results), ["a returned", "b returned"]);
});

test("LocalClient.run() takes returns of minions that nobody expected", async () => {
  using master = new ScriptedFleet({ a: { after: 1000 } });
  const client = await master.client();
  const running = gather(client);
  await master.clock.moveTo(10);
  master.sendReturn("extra", String(master.publications[0]?.load["jid"]), { return: 1 });
  assert.deepEqual(ends(await master.clock.run(running)), ["extra returned", "a returned"]);
});

test("LocalClient.run() tells failures by the worst return code", async () => {
  using master = new ScriptedFleet({
    one: { retcode: 3 },
    several: { retcode: { "cmd.run": 0, "test.fail": 1 } },
    negative: { retcode: -15 },
  });
  const client = await master.client();
  const results = await master.clock.run(gather(client));
  assert.deepEqual(results.map(({ id, end, retcode }) => [id, end, retcode]), [
    ["one", "failed", 3],
    ["several", "failed", 1],
    ["negative", "failed", -15],
  ]);
});

test("LocalClient.run() ends at once when it is aborted, and tells how things stand", async () => {
  using master = new ScriptedFleet({ a: {}, works: { after: 99_000, worksUntil: 99_000 } });
  const client = await master.client();
  const stop = new AbortController();
  const running = gather(client, stop.signal);
  await master.clock.moveTo(6000);
  stop.abort();
  assert.deepEqual(ends(await running), ["a returned", "works still running"]);
  assert.equal(master.clock.now(), 6000);
});

test("LocalClient.run() goes on when the master cannot be asked who works", async () => {
  using master = new ScriptedFleet({ a: { after: Infinity } });
  master.override = (load) =>
    load["fun"] === "saltutil.find_job" ? "Some exception handling minion payload" : undefined;
  const client = await master.client();
  assert.deepEqual(ends(await master.clock.run(gather(client))), ["a timed out"]);
});

test("LocalClient.start() publishes nothing to nobody", async () => {
  using master = new ScriptedFleet({ a: {} });
  const client = await master.client();
  await assert.rejects(
    client.start({ target: { tgt: "x", tgt_type: "glob" }, fun: "test.ping" }),
    (error) => error instanceof NoMinionsError && error.exitCode === 2,
  );
  assert.equal(master.bus.subscriptions, 0);
});

test("LocalClient.publish() reads the key again when the master has a new one", async () => {
  using master = new ScriptedFleet({ a: {} });
  const client = await master.client();
  master.setKey("new-key");
  master.override = (load) => load["key"] === "new-key" ? undefined : "";
  const { minions } = await client.publish({ target: ALL, fun: "test.ping" });
  assert.deepEqual(minions, ["a"]);
});

test("LocalClient.publish() throws what the master refuses", async () => {
  using master = new ScriptedFleet({ a: {} });
  const client = await master.client();
  const cases: [unknown, new (...args: never[]) => Error, RegExp][] = [
    ["", AuthenticationError, /Failed to authenticate!/],
    [{ error: { name: "AuthenticationError", message: "who?" } }, AuthenticationError, /^who\?$/],
    [{ error: { name: "AuthorizationError", message: "no" } }, AuthorizationError, /^no$/],
    [{ error: "text" }, PublishError, /^text$/],
    ["bad load", PublishError, /^bad load$/],
  ];
  for (const [reply, type, message] of cases) {
    master.override = () => reply as string;
    await assert.rejects(client.publish({ target: ALL, fun: "test.ping" }), (error: Error) => {
      assert.ok(error instanceof type);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("LocalClient.publish() sends credentials where Salt looks for them", async () => {
  using master = new ScriptedFleet({ a: {} });
  const client = await master.client();
  await client.publish({
    target: { tgt: "*", tgt_type: "grain", delimiter: "|" },
    fun: ["test.ping", "cmd.run"],
    arg: [[], ["id"]],
    kwargs: { metadata: { ticket: 7 } },
    credentials: { eauth: "file", username: "ann", password: "s" },
  });
  const load = master.publications[0]?.load ?? {};
  assert.equal("key" in load, false);
  assert.deepEqual(load["kwargs"], {
    metadata: { ticket: 7 },
    delimiter: "|",
    eauth: "file",
    username: "ann",
    password: "s",
  });
  assert.deepEqual([load["fun"], load["arg"]], [["test.ping", "cmd.run"], [[], ["id"]]]);
});

test("LocalClient.command() puts credentials at the top of other commands", async () => {
  using master = new ScriptedFleet({});
  let seen: unknown;
  master.override = (load) => {
    seen = load;
    return { tag: "salt/run/1", jid: "1" };
  };
  const client = await master.client();
  await client.command("runner", { fun: "jobs.active", kwarg: {} }, { token: "t" });
  assert.ok(isMap(seen));
  assert.deepEqual([seen["cmd"], seen["token"], "key" in seen], ["runner", "t", false]);
});

test("LocalClient.newJid() never gives an id twice", async () => {
  using master = new ScriptedFleet({});
  const client = await master.client();
  const ids = new Set(Array.from({ length: 500 }, () => client.newJid()));
  assert.equal(ids.size, 500);
});
