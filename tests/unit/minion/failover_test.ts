import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { AuthenticationError, EX, SaltReqTimeoutError } from "../../../src/errors.ts";
import { type RunningMinion, startMinion } from "../../../src/minion/mod.ts";
import type { DataMap } from "../../../src/types/mod.ts";
import {
  FakeBus,
  FakeClock,
  FakeMaster,
  fakeParts,
  job,
  Probe,
  tempFolder,
  testOpts,
} from "./fakes.ts";

const NAMES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] as const;
const JID = "20261121080000000001";

/** A minion of several masters, each of them a fake of its own. */
function fleet(t: TestContext, overrides: Record<string, unknown>) {
  const masters = new Map(NAMES.map((name) => [name as string, new FakeMaster()]));
  const of = (name: string) => masters.get(name)!;
  const fakes = { bus: new FakeBus(), clock: new FakeClock(), probe: new Probe() };
  const down = new Set<string>();
  const opts = testOpts(tempFolder(t), { master: NAMES, ...overrides });
  const parts = {
    ...fakeParts(of(NAMES[0]), fakes),
    openChannel: (wanted: Parameters<FakeMaster["openChannel"]>[0]) =>
      of(String(wanted.opts.master)).openChannel(wanted),
    transport: {
      requestClient: () => Promise.reject(new Error("the fake channel needs none")),
      publishClient: (
        uri: string,
        wanted: Parameters<FakeMaster["transport"]["publishClient"]>[1],
      ) => of(/\/\/(.*):/.exec(uri)![1]!).transport.publishClient(uri, wanted),
    },
    resolver: {
      lookup: () => Promise.reject(new Error("no names here")),
      reachable: (address: string) => Promise.resolve(!down.has(address)),
    },
  };
  let minion: RunningMinion | undefined;
  t.after(() => minion?.stop());
  const run = async () => minion = await startMinion(opts, { parts });
  const [first, second, third] = NAMES.map(of) as [FakeMaster, FakeMaster, FakeMaster];
  /** It ends, as seen from the minion. */
  const kill = (name: (typeof NAMES)[number]) => {
    down.add(name);
    of(name).link(false);
  };
  return { ...fakes, first, second, third, down, kill, run };
}

const FAILOVER = { master_type: "failover", master_alive_interval: 3 };

test("failover: a minion holds one connection and leaves a master that is gone", async (t) => {
  const { first, second, third, bus, clock, kill, run } = fleet(t, FAILOVER);
  await (await run()).ready;
  await first.event("salt/minion/m1/start");
  assert.deepEqual([second.signIns.left, third.signIns.left], [[], []]);
  kill("127.0.0.1");
  const lost = await bus.fired.take(({ tag }) => tag === "__master_disconnected");
  assert.deepEqual(lost.data, { master: "127.0.0.1" });
  clock.advance(await clock.sleeps.take((ms) => ms === 500));
  await second.event("salt/minion/m1/start");
  const found = await bus.fired.take(({ tag }) => tag === "__master_connected");
  assert.deepEqual(found.data, { master: "127.0.0.2" });
  second.publish(job(JID, "probe.echo", [1]) as unknown as DataMap);
  assert.equal((await second.return(JID))["return"], 1);
  assert.deepEqual(third.signIns.left, []);
});

test("failover: a link that flaps is waited for while somebody listens there", async (t) => {
  const { first, second, clock, run } = fleet(t, FAILOVER);
  await (await run()).ready;
  first.link(false);
  clock.advance(await clock.sleeps.take((ms) => ms === 500));
  await clock.sleeps.take((ms) => ms === 2500);
  first.link(true);
  first.publish(job(JID, "probe.echo", [1]) as unknown as DataMap);
  await first.return(JID);
  assert.deepEqual(second.signIns.left, []);
});

test("failover: masters that are down, pending or refuse are passed over", async (t) => {
  const { first, second, third, down, run } = fleet(t, FAILOVER);
  down.add("127.0.0.1");
  second.signIn = () => Promise.reject(new AuthenticationError("no", { exitCode: EX.NOPERM }));
  await (await run()).ready;
  await third.event("salt/minion/m1/start");
  assert.deepEqual(first.signIns.left, []);
});

test("failover: a minion that all refuse ends, one that none answers goes on", async (t) => {
  const { first, second, third, clock, run, down } = fleet(t, FAILOVER);
  for (const name of NAMES) down.add(name);
  const minion = await run();
  clock.advance(await clock.sleeps.take((ms) => ms >= 5000));
  await clock.sleeps.take((ms) => ms >= 5000);
  down.clear();
  for (const master of [first, second, third]) {
    master.signIn = () => Promise.reject(new AuthenticationError("no", { exitCode: EX.NOPERM }));
  }
  clock.advance(10_000);
  await assert.rejects(minion.ended, (error: { exitCode?: number }) => error.exitCode === 77);
});

test("failback: a minion returns to its first master, and jobs to whoever asked", async (t) => {
  const parts = fleet(t, { ...FAILOVER, master_failback: true, master_failback_interval: 7 });
  const { first, second, bus, clock, probe, down, run } = parts;
  down.add("127.0.0.1");
  await (await run()).ready;
  await second.event("salt/minion/m1/start");
  clock.advance(await clock.sleeps.take((ms) => ms === 7000));
  second.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  await probe.begun.take();
  await clock.sleeps.take((ms) => ms === 7000);
  down.clear();
  clock.advance(7000);
  const back = await bus.fired.take(({ tag }) => tag === "__master_failback");
  assert.deepEqual(back.data, { master: "127.0.0.1" });
  await first.event("salt/minion/m1/start");
  probe.gate("a").resolve("done");
  assert.equal((await second.return(JID))["return"], "done");
  first.publish(job("20261121080000000002", "probe.echo", [2]) as unknown as DataMap);
  assert.equal((await first.return("20261121080000000002"))["return"], 2);
});

test("failover: a return whose master is gone goes to the one that took its place", async (t) => {
  const { first, second, probe, clock, kill, run } = fleet(t, FAILOVER);
  await (await run()).ready;
  first.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  await probe.begun.take();
  kill("127.0.0.1");
  clock.advance(await clock.sleeps.take((ms) => ms === 500));
  await second.event("salt/minion/m1/start");
  probe.gate("a").resolve("done");
  assert.equal((await second.return(JID))["return"], "done");
});

test("an event of a program makes a minion leave its master", async (t) => {
  const { second, bus, run } = fleet(t, FAILOVER);
  await (await run()).ready;
  bus.fire("__master_disconnected", { master: "127.0.0.2" });
  bus.fire("__master_disconnected", { master: "127.0.0.1" });
  await second.event("salt/minion/m1/start");
});

test("a job that comes by two masters runs once, and both get its return", async (t) => {
  const { first, second, probe, run } = fleet(t, {});
  await run();
  await Promise.all([first, second].map((master) => master.event("salt/minion/m1/start")));
  for (const master of [first, second, first]) {
    master.publish(job(JID, "probe.wait", ["a"]) as unknown as DataMap);
  }
  await probe.begun.take();
  second.publish(job("20261121080000000002", "probe.echo") as unknown as DataMap);
  await second.return("20261121080000000002");
  probe.gate("a").resolve(5);
  assert.equal((await first.return(JID))["return"], 5);
  assert.equal((await second.return(JID))["return"], 5);
  assert.deepEqual(probe.begun.left, []);
});

test("a job that another master asks for after it has run is returned, not run again", async (t) => {
  const { first, second, third, run } = fleet(t, {});
  await run();
  await Promise.all([first, second].map((master) => master.event("salt/minion/m1/start")));
  first.publish(job(JID, "probe.echo", [5]) as unknown as DataMap);
  await first.return(JID);
  second.publish(job(JID, "probe.echo", [6]) as unknown as DataMap);
  assert.equal((await second.return(JID))["return"], 5);
  assert.equal(third.requests.left.some((load) => load["jid"] === JID), false);
});

test("a dead master delays neither the start nor jobs of the others", async (t) => {
  const { first, second, run } = fleet(t, {});
  first.signIn = (signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  await (await run()).ready;
  await second.event("salt/minion/m1/start");
  second.publish(job(JID, "probe.echo", [5]) as unknown as DataMap);
  assert.equal((await second.return(JID))["return"], 5);
});

test("a master that does not answer holds a failover minion only for a try", async (t) => {
  const { first, second, run } = fleet(t, FAILOVER);
  first.signIn = () => Promise.reject(new SaltReqTimeoutError("no answer"));
  await (await run()).ready;
  await second.event("salt/minion/m1/start");
  const opts = await first.signIns.take();
  assert.deepEqual([opts.auth_tries, opts.retry_dns], [1, 0]);
});

test("master_type func asks a function for the masters", async (t) => {
  const { second, third, run, down } = fleet(t, {
    master: "probe.echo",
    master_type: "func",
    master_func_args: ["127.0.0.2\n127.0.0.3\n"],
  });
  down.add("127.0.0.2");
  await (await run()).ready;
  await third.event("salt/minion/m1/start");
  assert.deepEqual(second.signIns.left, []);
});

test("master_type func says what is wrong with its function", async (t) => {
  for (
    const [master, args, message] of [
      ["no.such", [], /no\.such.*failed/],
      ["probe.echo", [5], /5 returned from probe\.echo is not a string/],
    ] as const
  ) {
    const { run } = fleet(t, { master, master_type: "func", master_func_args: args });
    await assert.rejects(run(), message);
  }
});
