import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { Job, JobKilled, MinionStopping } from "../../../src/minion/job.ts";
import { job } from "./fakes.ts";

test("Job.untilCut() gives what the work gives", async () => {
  assert.equal(await new Job(job("1", "a.b")).untilCut(Promise.resolve(5)), 5);
  await assert.rejects(new Job(job("1", "a.b")).untilCut(Promise.reject(new Error("no"))), /no/);
});

test("Job.abort() ends work that never does, once, with the first reason", async () => {
  const running = new Job(job("1", "a.b"));
  const never = running.untilCut(new Promise(() => {}));
  running.abort("Killed with signal 9");
  running.cut(new MinionStopping());
  await assert.rejects(
    never,
    (error) => error instanceof JobKilled && /signal 9/.test(error.message),
  );
  await assert.rejects(running.untilCut(new Promise(() => {})), JobKilled);
});

test("a cut job takes process groups with it that do not end by themselves", async () => {
  const child = spawn("sleep", ["3600"], { detached: true, stdio: "ignore" });
  const ended = spawn("true", [], { detached: true, stdio: "ignore" });
  const running = new Job(job("1", "a.b"), 1);
  running.trackProcess(child.pid!);
  running.trackProcess(ended.pid!);
  const forget = running.trackProcess(2 ** 30);
  assert.deepEqual([...running.children], [child.pid, ended.pid, 2 ** 30]);
  forget();
  const exit = once(child, "exit");
  running.abort("Killed");
  // The timer alone keeps no process alive.
  const alive = setInterval(() => {}, 1000);
  assert.deepEqual(await exit, [null, "SIGKILL"]);
  clearInterval(alive);
});
