import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openJobCache } from "../../../src/cache/mod.ts";
import {
  innerData,
  RunnerCaller,
  runnerDocs,
  runnerNames,
  type RunnerOutcome,
} from "../../../src/client/runner.ts";
import type { MasterOpts } from "../../../src/config/mod.ts";
import { CommandExecutionError } from "../../../src/errors.ts";
import { runnerFn, runnerModule } from "../../../src/loader/runner_types.ts";
import type { Data, DataMap, Jid } from "../../../src/types/mod.ts";
import { MemoryBus } from "../../support/memory_bus.ts";

const JID = "20260102030405000001" as Jid;

const trial = runnerModule({
  name: "trial",
  doc: "For this test.",
  aliases: { also: "echo" },
  functions: {
    echo: runnerFn({
      doc: "Gives what it got.",
      args: { value: { type: "any", required: true, doc: "Anything." } },
      run: (_ctx, { value }) => value,
    }),
    told: runnerFn({
      doc: "Tells how far it is.",
      args: {},
      run: async (ctx) => {
        await ctx.progress("half");
        return ctx.fireEvent("own/tag", { a: 1 });
      },
    }),
    refused: runnerFn({
      doc: "Fails.",
      args: {},
      run: () => {
        throw new CommandExecutionError("cannot");
      },
    }),
    broken: runnerFn({
      doc: "Has a defect.",
      args: {},
      run: () => {
        throw new TypeError("defect");
      },
    }),
  },
});

async function call(fun: string, args: Data[] = [], kwargs: DataMap = {}, bus = new MemoryBus()) {
  const cachedir = mkdtempSync(join(tmpdir(), "saltx-runner-"));
  const opts = {
    cachedir,
    id: "m_master",
    job_cache: true,
    master_job_cache: "local_cache",
    ext_job_cache: "",
    pki_dir: cachedir,
  };
  const progress: DataMap[] = [];
  const caller = new RunnerCaller({
    opts: opts as unknown as MasterOpts,
    modules: [trial],
    openClient: () => Promise.reject(new Error("no client")),
    openBus: () => Promise.resolve(bus.client()),
    onProgress: (event) => progress.push(event),
  });
  try {
    const outcome: RunnerOutcome = await caller.call({ fun, args, kwargs, jid: JID, user: "ann" });
    const jobs = openJobCache({ cachedir });
    const stored = { load: jobs.load(JID)?.load, returns: jobs.returns(JID) };
    jobs.close();
    return { outcome, stored, progress };
  } finally {
    caller.close();
    rmSync(cachedir, { recursive: true });
  }
}

test("RunnerCaller.call() gives the result, and keeps it as a job of the master", async () => {
  const { outcome, stored } = await call("trial.echo", [[1]], {});
  const { return: value, success, retcode, fun, fun_args } = outcome;
  assert.deepEqual([value, success, retcode], [[1], true, 0]);
  assert.deepEqual([fun, fun_args], ["runner.trial.echo", [[1]]]);
  assert.deepEqual([stored.load?.fun, stored.load?.user], ["runner.trial.echo", "ann"]);
  const [one] = stored.returns;
  assert.equal(one?.id, "m_master");
  assert.deepEqual((one?.ret?.return as DataMap)["return"], [1]);
});

test("RunnerCaller.call() fires new, progress and ret", async () => {
  const bus = new MemoryBus();
  const subscription = bus.client().subscribe("salt/run/", "own/");
  const { progress, outcome } = await call("trial.told", [], {}, bus);
  subscription.close();
  const tags: string[] = [];
  for await (const { tag } of subscription) tags.push(tag);
  const own = `salt/run/${JID}`;
  assert.deepEqual(tags, [`${own}/new`, `${own}/progress`, "own/tag", `${own}/ret`]);
  assert.deepEqual(progress, [{ message: "half" }]);
  assert.equal(outcome.return, true);
});

test("RunnerCaller.call() takes aliases and names", async () => {
  assert.equal((await call("trial.also", [], { value: 7 })).outcome.return, 7);
});

test("RunnerCaller.call() tells failures by return code, and keeps them", async () => {
  const refused = await call("trial.refused");
  assert.equal(refused.outcome.return, "Exception occurred in runner trial.refused: cannot");
  assert.deepEqual([refused.outcome.success, refused.outcome.retcode], [false, 1]);
  assert.equal(refused.stored.returns[0]?.end, "failed");
  const broken = await call("trial.broken");
  assert.match(
    String(broken.outcome.return),
    /^Exception occurred in runner trial.broken: TypeError: defect\n/,
  );
});

test("RunnerCaller.call() takes a return code out of the result", async () => {
  for (const value of [{ retcode: 5 }, { data: { retcode: 5 }, outputter: "highstate" }]) {
    const { outcome } = await call("trial.echo", [value]);
    assert.deepEqual([outcome.success, outcome.retcode], [false, 5]);
  }
});

test("RunnerCaller.call() answers wrong arguments with the usage", async () => {
  const { outcome } = await call("trial.echo");
  assert.match(String(outcome.return), /^\nPassed invalid arguments: echo\(\) missing 1 required/);
  assert.match(String(outcome.return), /Usage:\n\n {4}Gives what it got\./);
  assert.equal(outcome.retcode, 1);
});

test("RunnerCaller.call() throws for a runner that is not there", async () => {
  for (const fun of ["trial.nope", "nope.x", "trial", "trial.constructor"]) {
    await assert.rejects(call(fun), { message: `'${fun}' is not available.` });
  }
});

test("runnerDocs() and runnerNames() list by module, function and glob", () => {
  const names = ["trial.also", "trial.broken", "trial.echo", "trial.refused", "trial.told"];
  assert.deepEqual(runnerNames([trial]), names);
  assert.deepEqual(Object.keys(runnerDocs([trial])), names);
  assert.deepEqual(Object.keys(runnerDocs([trial], "trial")), names);
  assert.deepEqual(Object.keys(runnerDocs([trial], "trial.echo")), ["trial.echo"]);
  assert.deepEqual(Object.keys(runnerDocs([trial], "tr*.*o*")), [
    "trial.also",
    "trial.broken",
    "trial.echo",
    "trial.told",
  ]);
  assert.deepEqual(runnerDocs([trial], "tri"), {});
});

test("innerData() unwraps only what has exactly outputter and data", () => {
  assert.deepEqual(innerData({ outputter: "txt", data: 1 }), { data: 1, outputter: "txt" });
  const other = { outputter: "txt", data: 1, retcode: 0 };
  assert.deepEqual(innerData(other), { data: other, outputter: undefined });
});
