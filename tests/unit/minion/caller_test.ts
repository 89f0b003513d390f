import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { AuthenticationError, SaltClientError } from "../../../src/errors.ts";
import { Caller } from "../../../src/minion/mod.ts";
import { readRunning } from "../../../src/minion/proc_files.ts";
import { FakeMaster, fakeParts, Probe, tempFolder, testOpts } from "./fakes.ts";

function open(
  t: TestContext,
  overrides: Record<string, unknown> = {},
  options: { only?: string } = {},
) {
  const master = new FakeMaster();
  const probe = new Probe();
  const opts = testOpts(tempFolder(t), overrides);
  const caller = Caller.open(opts, { parts: fakeParts(master, { probe }), ...options });
  const close = () => caller.then((caller) => caller.close(), () => {});
  t.after(close);
  return { master, probe, opts, caller };
}

test("Caller has the master's pillar, calls, and reports a job that the master numbers", async (t) => {
  const { master, caller: opening } = open(t);
  master.pillar = { role: "web" };
  const caller = await opening;
  const result = await caller.call("probe.pillar", []);
  assert.deepEqual([result.return, result.retcode], [{ role: "web" }, 0]);
  await caller.report(result, { id: "m1", fun: "probe.pillar", fun_args: [] });
  assert.deepEqual(await master.return("req"), {
    cmd: "_return",
    id: "m1",
    fun: "probe.pillar",
    fun_args: [],
    jid: "req",
    return: { role: "web" },
    retcode: 0,
    success: true,
  });
});

test("Caller gives the return code and outputter of the function", async (t) => {
  const { caller } = open(t, { file_client: "local" });
  const { jid: _, ...result } = await (await caller).call("probe.fail", []);
  assert.deepEqual(result, { return: "failed", retcode: 2, out: "highstate" });
});

test("Caller without a master asks none", async (t) => {
  const { master, caller: opening } = open(t, { file_client: "local" });
  const caller = await opening;
  const result = await caller.call("probe.echo", [5]);
  await caller.report(result, { id: "m1", fun: "probe.echo", fun_args: ["5"] });
  assert.deepEqual([master.requests.left, master.signIns.left], [[], []]);
});

test("Caller goes on to the next master when one cannot be reached", async (t) => {
  const opts = { master: ["127.0.0.1", "127.0.0.2"] };
  const root = tempFolder(t);
  const master = new FakeMaster();
  const { signIn } = master;
  let tries = 0;
  master.signIn = () => tries++ === 0 ? Promise.reject(new SaltClientError("away")) : signIn();
  const caller = await Caller.open(testOpts(root, opts), { parts: fakeParts(master) });
  await caller.close();
  const asked = [await master.signIns.take(), await master.signIns.take()];
  assert.deepEqual(asked.map(({ master }) => master), ["127.0.0.1", "127.0.0.2"]);
});

test("Caller uses the one master that is asked for", async (t) => {
  const { master, caller } = open(t, {}, { only: "127.0.0.9:5506" });
  await caller;
  assert.equal((await master.signIns.take()).master_uri, "tcp://127.0.0.9:5506");
});

test("Caller says that the key waits for acceptance, and ends with 2", async (t) => {
  const root = tempFolder(t);
  const master = new FakeMaster();
  master.signIn = () =>
    Promise.reject(new AuthenticationError("has the minion key been accepted?", { exitCode: 2 }));
  await assert.rejects(
    Caller.open(testOpts(root), { parts: fakeParts(master) }),
    (error: { exitCode?: number }) => error.exitCode === 2,
  );
});

test("Caller.abort() ends a call that does not listen, and takes its note away", async (t) => {
  const { caller: opening, probe, opts } = open(t, { file_client: "local" });
  const caller = await opening;
  const call = caller.call("probe.wait", ["never"]);
  const jid = await probe.begun.take();
  assert.deepEqual(readRunning(opts.cachedir).map((load) => load["jid"]), [jid]);
  caller.abort();
  await assert.rejects(call, /The call was ended/);
  assert.deepEqual(readRunning(opts.cachedir), []);
});
