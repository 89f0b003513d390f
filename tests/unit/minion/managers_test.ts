import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { BeaconManager } from "../../../src/minion/beacon_manager.ts";
import { ScheduleManager } from "../../../src/minion/schedule/manager.ts";
import type { DataMap } from "../../../src/types/mod.ts";

function schedule(t: TestContext, configured: DataMap = {}, pillar: DataMap = {}) {
  const folder = mkdtempSync(join(tmpdir(), "schedule-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const fired: string[] = [];
  const made = new ScheduleManager({
    configured,
    folder,
    clock: {
      now: () => new Date(2026, 2, 2, 12),
      sleep: () => Promise.resolve(),
      random: () => 0,
    },
    pillar: () => ({ schedule: pillar }),
    grains: () => ({}),
    run: () => {},
    running: () => 0,
    fire: (tag) => fired.push(tag.replace("/salt/minion/minion_schedule_", "")),
  });
  const saved = () => readFileSync(join(folder, "_schedule.conf"), "utf8");
  return { made, fired, saved };
}

const job: DataMap = { function: "test.ping", seconds: 5 };

test("ScheduleManager keeps what is added, without what the scheduler notes and its own jobs", async (t) => {
  const { made, fired, saved } = schedule(t);
  made.setInternal("__mine_interval", job);
  const reply = await made.manage({ func: "add", schedule: { a: { ...job, _x: 1 } } });
  assert.deepEqual(Object.keys(reply["schedule"] as DataMap).sort(), ["__mine_interval", "a"]);
  assert.equal(
    saved(),
    "schedule:\n  a:\n    enabled: true\n    function: test.ping\n    seconds: 5\n",
  );
  await made.manage({ func: "disable_job", name: "a" });
  assert.match(saved(), /enabled: false/);
  await made.manage({ func: "disable" });
  assert.match(saved(), /^schedule:\n {2}a:[^]*\n {2}enabled: false\n$/);
  await made.manage({ func: "delete", name: "a", persist: false });
  assert.match(saved(), / a:/, "was not to be kept");
  assert.deepEqual(fired, [
    ...["add_complete", "disabled_job_complete", "disabled_complete", "delete_complete"],
  ]);
});

test("ScheduleManager does not touch jobs of the pillar", async (t) => {
  const { made } = schedule(t, {}, { p: job });
  await made.manage({ func: "add", schedule: { p: { ...job, seconds: 1 } } });
  await made.manage({ func: "delete", name: "p" });
  await made.manage({ func: "modify", name: "p", schedule: { ...job, seconds: 1 } });
  const listed = await made.manage({ func: "list", where: null });
  assert.deepEqual(listed["schedule"], { p: job });
  assert.deepEqual((await made.manage({ func: "list", where: "opts" }))["schedule"], {});
});

test("ScheduleManager postpones and skips, and answers what it is asked", async (t) => {
  const { made } = schedule(t, { a: job });
  const at = { time: "2026-03-02T12:00:05", new_time: "2026-03-02T12:30:00" };
  await made.manage({ func: "postpone_job", name: "a", ...at });
  const status = await made.manage({ func: "job_status", name: "a" });
  const { run_explicit, skip_explicit } = status["data"] as DataMap;
  const time_fmt = "%Y-%m-%dT%H:%M:%S";
  assert.deepEqual(run_explicit, [{ time: at.new_time, time_fmt }]);
  assert.deepEqual(skip_explicit, [{ time: at.time, time_fmt }]);
  const next = await made.manage({ func: "get_next_fire_time", name: "a" });
  assert.equal(next["next_fire_time"], "2026-03-02T12:00:05");
  assert.deepEqual(await made.manage({ func: "nothing" }), {});
});

test("BeaconManager adds, changes, switches and removes beacons, but none of the pillar", () => {
  const fired: string[] = [];
  const made = new BeaconManager({
    configured: { load: [{ interval: 10 }] },
    pillar: () => ({ beacons: { ps: [{ processes: {} }] } }),
    fire: (tag) => fired.push(tag.replace("/salt/minion/minion_", "")),
  });
  const comment = (request: DataMap) => made.manage(request)["comment"];
  const data = [{ interval: 5 }];
  assert.equal(
    comment({ func: "add", name: "wtmp", beacon_data: data }),
    "Added new beacon item: wtmp",
  );
  assert.equal(
    comment({ func: "add", name: "ps", beacon_data: data }),
    "Cannot update beacon item ps, because it is configured in pillar.",
  );
  made.manage({ func: "disable_beacon", name: "load" });
  made.manage({ func: "enable_beacon", name: "load" });
  made.manage({ func: "disable" });
  assert.equal(comment({ func: "delete", name: "wtmp" }), "Deleting beacon item: wtmp");
  assert.deepEqual(made.manage({ func: "list" })["beacons"], {
    ps: [{ processes: {} }],
    load: [{ interval: 10 }, { enabled: true }],
    enabled: false,
  });
  assert.equal(
    made.manage({ func: "validate_beacon", name: "x", beacon_data: {} })["valid"],
    false,
  );
  assert.equal(fired[0], "beacon_add_complete");
  assert.ok(fired.includes("beacons_disabled_complete"));
});
