import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { AuthenticationError, EX, SaltReqTimeoutError } from "../../../src/errors.ts";
import { type RunningMinion, startMinion } from "../../../src/minion/mod.ts";
import { unpack } from "../../../src/serializers/msgpack.ts";
import type { DataMap } from "../../../src/types/mod.ts";
import {
  FakeBus,
  FakeClock,
  FakeJournal,
  FakeMaster,
  fakeParts,
  job,
  Probe,
  tempFolder,
  testOpts,
} from "./fakes.ts";

const JID = "20261121080000000001";
const JID2 = "20261121080000000002";

function start(t: TestContext, overrides: Record<string, unknown> = {}) {
  const root = tempFolder(t);
  const fakes = {
    master: new FakeMaster(),
    bus: new FakeBus(),
    clock: new FakeClock(),
    journal: new FakeJournal(),
    probe: new Probe(),
    grains: { id: "m1", os: "Debian" },
  };
  const opts = testOpts(root, overrides);
  let minion: RunningMinion | undefined;
  t.after(() => minion?.stop());
  const run = async () => {
    minion = await startMinion(opts, { parts: fakeParts(fakes.master, fakes) });
    return minion;
  };
  return { ...fakes, opts, run };
}

/** Started and past its start events. */
async function ready(t: TestContext, overrides: Record<string, unknown> = {}) {
  const parts = start(t, overrides);
  const minion = await parts.run();
  await minion.ready;
  await parts.master.event("salt/minion/m1/start");
  return { ...parts, minion };
}

test("startMinion() signs in, subscribes, fetches its pillar and then announces itself", async (t) => {
  const { master, run } = start(t);
  const minion = await run();
  await minion.ready;
  const opts = await master.signIns.take();
  assert.equal(opts.master_uri, "tcp://127.0.0.1:4506");
  assert.deepEqual(await master.subscriptions.take(), {
    uri: "tcp://127.0.0.1:14505",
    topics: null,
  });
  const [pillar, legacy, started] = master.requests.left;
  assert.equal(pillar?.["cmd"], "_pillar");
  assert.deepEqual(pillar?.["grains"], { id: "m1", os: "Debian" });
  assert.equal(legacy?.["tag"], "minion_start");
  assert.equal(started?.["tag"], "salt/minion/m1/start");
  assert.match(String(started?.["data"]), /^Minion m1 started at \w{3} Nov 21 [\d:]{8} 2026$/);
});

test("startMinion() tells grains in the start event and leaves out the old tag as the options say", async (t) => {
  const { master, run } = start(t, {
    start_event_grains: ["os", "missing"],
    enable_legacy_startup_events: false,
    zmq_filtering: true,
    publish_port: 14600,
  });
  await run();
  assert.deepEqual((await master.event("salt/minion/m1/start"))["grains"], { os: "Debian" });
  assert.equal(master.requests.left.some((load) => load["tag"] === "minion_start"), false);
  const { uri, topics } = await master.subscriptions.take();
  assert.equal(uri, "tcp://127.0.0.1:14600");
  assert.deepEqual(topics, ["broadcast", "ae23b94ccaf714337e4ce5ba99ef3dc257e300df"]);
});

test("a minion returns the result of a job that is for it and is silent about others", async (t) => {
  const { master } = await ready(t);
  master.publish({ ...job(JID, "probe.echo", ["no"]), tgt: "other*" } as unknown as DataMap);
  master.publish(
    { ...job(JID2, "probe.echo", [5]), metadata: { a: 1 } } as unknown as DataMap,
  );
  assert.deepEqual(await master.return(JID2), {
    cmd: "_return",
    id: "m1",
    success: true,
    return: 5,
    retcode: 0,
    jid: JID2,
    fun: "probe.echo",
    fun_args: [5],
    user: "root",
    metadata: { a: 1 },
  });
  assert.equal(master.requests.left.some((load) => load["jid"] === JID), false);
});

test("a minion runs a job once, however often it is published", async (t) => {
  const { master, probe } = await ready(t);
  master.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  master.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  probe.gate("a").resolve("done");
  await master.return(JID);
  master.publish(job(JID2, "probe.echo") as unknown as DataMap);
  await master.return(JID2);
  await probe.begun.take();
  assert.deepEqual(probe.begun.left, []);
});

test("a minion drops publications with fields of wrong types and goes on", async (t) => {
  const { master } = await ready(t);
  const good = job(JID, "probe.echo", [1]) as unknown as DataMap;
  for (const field of ["tgt", "jid", "fun", "arg"]) {
    master.publish({ ...good, [field]: null });
    const { [field]: _, ...rest } = good;
    master.publish(rest);
  }
  master.publish({ ...good, jid: "../../etc/passwd" });
  master.publish({ ...good, fun: [1, 2] });
  master.publish({ ...good, tgt_type: "no such kind" });
  master.publish(good);
  assert.equal((await master.return(JID))["return"], 1);
});

test("a minion answers find_job while process_count_max holds other jobs back", async (t) => {
  const { master, probe } = await ready(t, { process_count_max: 1 });
  master.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  await probe.begun.take();
  master.publish(job(JID2, "probe.echo", ["later"]) as unknown as DataMap);
  master.publish(job("20261121080000000003", "saltutil.find_job", [JID]) as unknown as DataMap);
  master.publish(job("20261121080000000004", "saltutil.find_job", [JID2]) as unknown as DataMap);
  const found = await master.return("20261121080000000003");
  assert.deepEqual(found["return"], { jid: JID, pid: process.pid });
  const waiting = await master.return("20261121080000000004");
  assert.deepEqual(waiting["return"], { jid: JID2, pid: process.pid });
  assert.equal(master.requests.left.some((load) => load["jid"] === JID2), false);
  probe.gate("a").resolve(null);
  await master.return(JID);
  assert.equal((await master.return(JID2))["return"], "later");
});

test("a minion notes a job in proc while it runs and removes the note before it returns", async (t) => {
  const { master, probe, opts } = await ready(t);
  master.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  await probe.begun.take();
  const file = join(opts.cachedir, "proc", JID);
  const noted = unpack(new Uint8Array(readFileSync(file))) as DataMap;
  assert.equal(noted["pid"], process.pid);
  assert.equal(noted["fun"], "probe.wait");
  master.answer = (load) => {
    if (load["jid"] === JID) assert.equal(existsSync(file), false);
    return null;
  };
  probe.gate("a").resolve(null);
  await master.return(JID);
});

test("cache_jobs keeps the result on the minion too", async (t) => {
  const { master, opts } = await ready(t, { cache_jobs: true });
  master.publish(job(JID, "probe.echo", [5]) as unknown as DataMap);
  await master.return(JID);
  const file = join(opts.cachedir, "minion_jobs", JID, "return.p");
  const kept = unpack(new Uint8Array(readFileSync(file))) as DataMap;
  assert.deepEqual([kept["jid"], kept["fun"], kept["return"]], [JID, "probe.echo", 5]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("a killed job returns nothing and is not noted any more", async (t) => {
  const { master, probe, opts, journal } = await ready(t);
  master.publish(job(JID, "probe.wait", ["never"]) as unknown as DataMap);
  await probe.begun.take();
  master.publish(job(JID2, "saltutil.kill_job", [JID]) as unknown as DataMap);
  assert.equal((await master.return(JID2))["return"], "killed");
  master.publish(job("20261121080000000003", "probe.echo") as unknown as DataMap);
  await master.return("20261121080000000003");
  assert.equal(master.requests.left.some((load) => load["jid"] === JID), false);
  assert.equal(existsSync(join(opts.cachedir, "proc", JID)), false);
  assert.equal(journal.jids().includes(JID), false);
});

test("a job of several functions returns maps by function, and the worst is seen", async (t) => {
  const { master } = await ready(t);
  master.publish(job(JID, ["probe.echo", "probe.fail"], [[1], []]) as unknown as DataMap);
  const load = await master.return(JID);
  assert.deepEqual(load["return"], { "probe.echo": 1, "probe.fail": "failed" });
  assert.deepEqual(load["retcode"], { "probe.echo": 0, "probe.fail": 2 });
  assert.deepEqual(load["success"], { "probe.echo": true, "probe.fail": false });
});

test("a return that is not taken is kept and sent again until it is", async (t) => {
  const { master, clock, journal } = await ready(t);
  let tries = 0;
  master.answer = (load) => {
    if (load["cmd"] !== "_return") return null;
    tries += 1;
    if (tries === 1) throw new SaltReqTimeoutError("no answer");
    return tries === 2 ? "" : null;
  };
  master.publish(job(JID, "probe.echo", [1]) as unknown as DataMap);
  clock.advance(await clock.sleeps.take());
  // "" is a master whose store is broken.
  await master.return(JID);
  assert.equal(journal.entries.size, 1);
  clock.advance(await clock.sleeps.take());
  await master.return(JID);
  assert.equal(tries, 3);
});

test("pillar_refresh on the bus fetches the pillar and tells when it is there", async (t) => {
  const { master, bus } = await ready(t);
  master.pillar = { role: "web" };
  bus.fire("pillar_refresh", { clean_cache: true });
  await bus.fired.take(({ tag }) => tag === "/salt/minion/minion_pillar_refresh_complete");
  const load = await master.next("_pillar", (load) => load["clean_cache"] === true);
  assert.equal(load["id"], "m1");
  master.publish(job(JID, "probe.pillar") as unknown as DataMap);
  assert.deepEqual((await master.return(JID))["return"], { role: "web" });
});

test("fire_master on the bus reaches the master", async (t) => {
  const { master, bus } = await ready(t);
  bus.fire("fire_master", { tag: "my/tag", data: { a: 1 }, events: null, pretag: null });
  assert.deepEqual(await master.event("my/tag"), {
    cmd: "_minion_event",
    id: "m1",
    pretag: null,
    tag: "my/tag",
    data: { a: 1 },
  });
});

test("a minion that lost its link tells its bus, signs in when it is back, and announces itself when the master was restarted", async (t) => {
  const { master, bus } = await ready(t);
  master.link(false);
  await bus.fired.take(({ tag }) => tag === "__master_disconnected");
  const { signIn } = master;
  master.signIn = async () => {
    const signedIn = await signIn();
    master.rekey();
    return signedIn;
  };
  master.link(true);
  await master.event("salt/minion/m1/start");
  await bus.fired.take(({ tag }) => tag === "__master_connected");
});

test("a minion does not announce itself when the session key is turned or a link flaps", async (t) => {
  const { master, bus } = await ready(t);
  master.rekey();
  master.link(false);
  master.link(true);
  await bus.fired.take(({ tag }) => tag === "__master_connected");
  master.rekey();
  master.publish(job(JID, "probe.echo") as unknown as DataMap);
  await master.return(JID);
  assert.deepEqual(
    master.requests.left.filter((load) => load["tag"] === "salt/minion/m1/start"),
    [],
  );
});

test("a minion builds the connection anew when the link does not come back", async (t) => {
  const { master, clock } = await ready(t);
  await master.signIns.take();
  master.link(false);
  await clock.sleeps.take((ms) => ms === 10_000);
  clock.advance(10_000);
  await clock.sleeps.take((ms) => ms === 20_000);
  clock.advance(20_000);
  clock.advance(await clock.sleeps.take());
  await master.signIns.take();
  await master.event("salt/minion/m1/start");
});

test("ping_interval makes a minion ask, and connect anew when nobody answers", async (t) => {
  const { master, clock } = await ready(t, { ping_interval: 2 });
  await master.signIns.take();
  clock.advance(await clock.sleeps.take((ms) => ms === 120_000));
  await master.event("minion_ping");
  master.answer = () => Promise.reject(new SaltReqTimeoutError("no answer"));
  clock.advance(await clock.sleeps.take((ms) => ms === 120_000));
  const wait = await clock.sleeps.take((ms) => ms < 20_000);
  master.answer = () => null;
  clock.advance(wait);
  await master.signIns.take();
});

test("grains_refresh_every fetches the pillar when the grains have changed", async (t) => {
  const { master, clock, grains } = await ready(t, { grains_refresh_every: 1 });
  await master.next("_pillar");
  clock.advance(await clock.sleeps.take((ms) => ms === 60_000));
  await clock.sleeps.take((ms) => ms === 60_000);
  assert.deepEqual(master.requests.left.filter((load) => load["cmd"] === "_pillar"), []);
  grains["os"] = "Other";
  clock.advance(60_000);
  const load = await master.next("_pillar");
  assert.equal((load["grains"] as DataMap)["os"], "Other");
});

test("random_startup_delay holds the first sign-in back", async (t) => {
  const { master, clock, run } = start(t, { random_startup_delay: 10 });
  const minion = await run();
  const wait = await clock.sleeps.take();
  assert.equal(wait, 5000);
  assert.deepEqual(master.signIns.left, []);
  clock.advance(wait);
  await minion.ready;
});

test("a minion whose key is refused ends with the channel's exit code", async (t) => {
  const { master, run } = start(t);
  master.signIn = () =>
    Promise.reject(new AuthenticationError("The key was rejected", { exitCode: EX.NOPERM }));
  const minion = await run();
  await assert.rejects(minion.ended, (error: { exitCode?: number }) => error.exitCode === 77);
  await assert.rejects(minion.ready, /The key was rejected/);
});

test("a minion that cannot load its modules says so and ends", async (t) => {
  const { master, opts } = start(t);
  const parts = {
    ...fakeParts(master),
    buildRegistry: () => Promise.reject(new Error("two modules claim a name")),
  };
  const minion = await startMinion(opts, { parts });
  t.after(() => minion.stop());
  await assert.rejects(minion.ended, /two modules claim a name/);
});

test("one of two masters that refuses does not keep the other from commanding", async (t) => {
  const { master, run } = start(t, { master: ["127.0.0.1", "127.0.0.2"] });
  const signIn = master.signIn;
  const seen: number[] = [];
  master.signIn = () =>
    seen.push(1) === 1
      ? Promise.reject(new AuthenticationError("Wrong finger", { exitCode: EX.MASTER_KEY }))
      : signIn();
  const minion = await run();
  await minion.ready;
  await master.event("salt/minion/m1/start");
  master.publish(job(JID, "probe.echo", [7]) as unknown as DataMap);
  assert.equal((await master.return(JID))["return"], 7);
});

test("stop() returns what it had to interrupt", async (t) => {
  const { master, probe, clock, minion } = await ready(t, { drain_timeout: 30 });
  master.publish(job(JID, "probe.wait", ["never"]) as unknown as DataMap);
  await probe.begun.take();
  const stopped = minion.stop();
  await clock.sleeps.take((ms) => ms === 22_500);
  clock.advance(22_500);
  const load = await master.return(JID);
  assert.match(String(load["return"]), /^Interrupted: the minion was stopped while this job ran/);
  assert.equal(load["retcode"], 1);
  assert.equal(load["success"], false);
  await stopped;
  await minion.ended;
});

test("stop() waits for jobs that end in time, and for their returns", async (t) => {
  const { master, probe, minion } = await ready(t);
  master.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  await probe.begun.take();
  const stopped = minion.stop();
  probe.gate("a").resolve("in time");
  await stopped;
  assert.equal((await master.return(JID))["return"], "in time");
});

test("startup_states gives the minion a job that the master numbers", async (t) => {
  const { master, run } = start(t, { startup_states: "sls", sls_list: ["web"] });
  await run();
  const load = await master.return("req");
  assert.equal(load["fun"], "state.sls");
  assert.deepEqual(load["fun_args"], [["web"]]);
  assert.equal(load["tgt"], "m1");
});
