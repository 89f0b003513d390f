import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import type { MinionServices, RunningJob } from "../../../../src/loader/mod.ts";
import { localServices } from "../../../../src/loader/services.ts";
import type { Data, DataMap, Jid } from "../../../../src/types/mod.ts";
import { testContext, testJob } from "../../../support/exec_context.ts";

const other = "20260101000000000001" as Jid;

function job(aborted: string[], children: number[] = []): RunningJob {
  return {
    jid: other,
    pid: 4711,
    load: { ...testJob("cmd.run", ["sleep 9"]), jid: other },
    children: new Set(children),
    abort: (reason) => void aborted.push(reason),
  };
}

async function context(jobs: RunningJob[], more: Partial<MinionServices> = {}) {
  const minion: MinionServices = { ...localServices, running: () => jobs, ...more };
  return await testContext({ minion, job: testJob("saltutil.running") });
}

test("saltutil.running and find_job show other jobs, not the one that asks", async () => {
  const own: RunningJob = { ...job([]), jid: testJob("x").jid };
  const ctx = await context([own, job([])]);
  const running = await ctx.salt("saltutil.running") as DataMap[];
  assert.equal(running.length, 1);
  assert.deepEqual(running[0], await ctx.salt("saltutil.find_job", [other]));
  assert.equal(running[0]!["pid"], 4711);
  assert.equal(running[0]!["fun"], "cmd.run");
  assert.deepEqual(await ctx.salt("saltutil.find_job", [testJob("x").jid]), {});
  assert.equal((await ctx.salt("saltutil.is_running", ["cmd.*"]) as Data[]).length, 1);
  assert.equal((await ctx.salt("saltutil.is_running", ["state.*"]) as Data[]).length, 0);
});

test("saltutil.kill_job ends the job and its processes", async () => {
  const child = spawn("sleep", ["300"], { detached: true });
  const aborted: string[] = [];
  const ctx = await context([job(aborted, [child.pid!])]);
  const ended = once(child, "exit");
  assert.equal(
    await ctx.salt("saltutil.kill_job", [other]),
    `Signal 9 sent to job ${other} at pid 4711`,
  );
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  assert.deepEqual(aborted, ["signal 9 (SIGKILL)"]);
  assert.equal(await ctx.salt("saltutil.kill_job", ["20260101000000000009"]), "");
});

test("saltutil.signal_job takes numbers and names, and does not end the job by harmless ones", async () => {
  const aborted: string[] = [];
  const ctx = await context([job(aborted)]);
  assert.match(String(await ctx.salt("saltutil.signal_job", [other, "usr1"])), /^Signal 10 sent/);
  assert.deepEqual(aborted, []);
  assert.match(String(await ctx.salt("saltutil.signal_job", [other, 15])), /^Signal 15 sent/);
  assert.equal(aborted.length, 1);
  await assert.rejects(
    async () => await ctx.salt("saltutil.signal_job", [other, "nonsense"]),
    /There is no signal "nonsense"/,
  );
  assert.deepEqual(await ctx.salt("saltutil.term_all_jobs"), [
    `Signal 15 sent to job ${other} at pid 4711`,
  ]);
});

test("saltutil.refresh_grains has grains and pillar made anew, and refuses unknown words", async () => {
  const calls: string[] = [];
  const note = (what: string) => () => Promise.resolve(calls.push(what) > 0);
  const ctx = await context([], { refreshGrains: note("grains"), refreshPillar: note("pillar") });
  assert.equal(await ctx.salt("saltutil.refresh_grains"), true);
  await ctx.salt("saltutil.refresh_grains", [], { refresh_pillar: false });
  assert.deepEqual(calls, ["grains", "pillar", "grains"]);
  await assert.rejects(
    async () => await ctx.salt("saltutil.refresh_grains", [], { bogus: 1, __pub_jid: "1" }),
    /not valid: bogus=1$/,
  );
});

test("saltutil.revoke_auth asks the master by the minion's own id", async () => {
  const loads: DataMap[] = [];
  const ctx = await context([], {
    request: (load) => {
      loads.push(load);
      return Promise.resolve(true);
    },
  });
  assert.equal(await ctx.salt("saltutil.revoke_auth"), true);
  assert.deepEqual(loads, [{ cmd: "revoke_auth", id: "tester", preserve_minion_cache: false }]);
});

test("saltutil.find_cached_job takes nothing but job ids", async () => {
  const ctx = await context([]);
  await assert.rejects(
    async () => await ctx.salt("saltutil.find_cached_job", ["../../etc/passwd"]),
    /is not a job id/,
  );
});
