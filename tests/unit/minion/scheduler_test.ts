import assert from "node:assert/strict";
import { test } from "node:test";
import { type ScheduledRun, Scheduler } from "../../../src/minion/schedule/scheduler.ts";
import type { DataMap } from "../../../src/types/mod.ts";

/** 2026-03-02 was a Monday. Local time, as schedules are. */
const START = new Date(2026, 2, 2, 12, 0, 0).getTime();

interface Setup {
  opts?: DataMap;
  pillar?: DataMap;
  grains?: DataMap;
  random?: number;
}

/** A scheduler on a clock that the test moves. */
function scheduler({ opts = {}, pillar = {}, grains = {}, random = 0 }: Setup) {
  let now = START;
  const runs: [seconds: number, name: string, fun: string][] = [];
  const busy = new Map<string, number>();
  const made = new Scheduler({
    clock: {
      now: () => new Date(now),
      sleep: () => Promise.reject(new Error("not here")),
      random: () => random,
    },
    schedules: () => ({ pillar: (pillar["schedule"] ?? {}) as DataMap, opts }),
    grains: () => grains,
    pillar: () => pillar,
    run: ({ name, fun }: ScheduledRun) => {
      runs.push([(now - START) / 1000, name, fun]);
    },
    running: (name) => busy.get(name) ?? 0,
  });
  return {
    made,
    runs,
    busy,
    /** Lets so many seconds pass, waking the scheduler when it wants to be. */
    pass(seconds: number) {
      const end = now + seconds * 1000;
      for (let next = made.tick(); next !== null && next <= end; next = made.tick()) {
        now = Math.max(now + 1, next);
      }
      now = end;
      made.tick();
    },
    at: (time: number) => (now = time),
    /** When the job has run, in s since the start. */
    times: (name = "job") => runs.filter(([, job]) => job === name).map(([time]) => time),
  };
}

const job = (more: DataMap): { opts: DataMap } => ({
  opts: { job: { function: "test.ping", ...more } },
});
const local = (hours: number, minutes = 0, day = 2) =>
  new Date(2026, 2, day, hours, minutes).getTime();
const iso = (time: number) => {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19);
};

test("seconds, minutes, hours and days add up to an interval", () => {
  const clock = scheduler(job({ seconds: 30, minutes: 1 }));
  clock.pass(300);
  assert.deepEqual(clock.times(), [90, 180, 270]);
});

test("run_on_start runs at once, and then at its interval", () => {
  const clock = scheduler(job({ hours: 1, run_on_start: true }));
  clock.pass(3600);
  assert.deepEqual(clock.times(), [0, 3600]);
});

test("once runs at its time, and never when that has passed", () => {
  const clock = scheduler({
    opts: {
      job: { function: "a", once: iso(START + 60_000) },
      past: { function: "a", once: iso(START - 60_000) },
      other: { function: "a", once: "02.03.2026 12:02", once_fmt: "%d.%m.%Y %H:%M" },
    },
  });
  clock.pass(7200);
  assert.deepEqual([clock.times(), clock.times("past"), clock.times("other")], [[60], [], [120]]);
});

test("when takes a time of the day, a weekday, dates, a list and names from pillar and grains", () => {
  const clock = scheduler({
    opts: {
      daily: { function: "a", when: "1:00pm" },
      weekly: { function: "a", when: "Tuesday 5:00am" },
      dated: { function: "a", when: "March 2 2026 14:30" },
      list: { function: "a", when: ["12:10", "12:20", "11:00"] },
      named: { function: "a", when: ["lunch", "tea"] },
    },
    pillar: { whens: { lunch: "12:30pm" } },
    grains: { whens: { tea: "17:00" } },
  });
  clock.pass(86_400);
  assert.deepEqual(clock.times("daily"), [3600]);
  assert.deepEqual(clock.times("weekly"), [17 * 3600]);
  assert.deepEqual(clock.times("dated"), [2.5 * 3600]);
  assert.deepEqual(clock.times("list"), [600, 1200, 23 * 3600]);
  assert.deepEqual(clock.times("named"), [1800, 5 * 3600]);
  clock.pass(7 * 86_400);
  assert.equal(clock.times("daily").length, 8);
  assert.equal(clock.times("weekly").length, 2);
  assert.equal(clock.times("dated").length, 1);
});

test("cron lines run as cron runs them, with seconds last", () => {
  const clock = scheduler({
    opts: {
      job: { function: "a", cron: "*/15 12 * * 1" },
      seconds: { function: "a", cron: "0 12 * * * */20" },
    },
  });
  clock.pass(3600);
  assert.deepEqual(clock.times(), [900, 1800, 2700]);
  assert.deepEqual(clock.times("seconds"), [20, 40]);
});

test("splay adds a random time, a number or a range, of the job or of all", () => {
  const low = scheduler({ ...job({ seconds: 100, splay: 10 }), random: 0 });
  low.pass(100);
  assert.deepEqual(low.times(), []);
  low.pass(1);
  assert.deepEqual(low.times(), [101]);
  const high = scheduler({ ...job({ seconds: 100, splay: { start: 5, end: 8 } }), random: 0.999 });
  high.pass(200);
  assert.deepEqual(high.times(), [108]);
  const all = scheduler({ opts: { splay: 3, job: { function: "a", seconds: 10 } }, random: 0.5 });
  all.pass(12);
  assert.deepEqual(all.times(), [12]);
});

test("range keeps a job to a time, and inverted out of it", () => {
  const range = { start: "12:10", end: "12:20" };
  const inside = scheduler(job({ minutes: 5, range }));
  inside.pass(3600);
  assert.deepEqual(inside.times(), [600, 900, 1200]);
  assert.equal(inside.made.status("job")["_skip_reason"], "not_in_range");
  const outside = scheduler(job({ minutes: 5, range: { ...range, invert: true } }));
  outside.pass(1800);
  assert.deepEqual(outside.times(), [300, 600, 1200, 1500, 1800]);
});

test("skip_during_range skips, runs after the range where that is wanted, or something else", () => {
  const range = { start: "12:04", end: "12:12" };
  const skipped = scheduler(job({ minutes: 5, skip_during_range: range }));
  skipped.pass(1200);
  assert.deepEqual(skipped.times(), [900, 1200]);
  const after = scheduler(
    job({ minutes: 5, skip_during_range: range, run_after_skip_range: true }),
  );
  after.pass(1000);
  assert.deepEqual(after.times(), [721, 900]);
  const instead = scheduler({
    opts: { skip_function: "test.other", ...job({ minutes: 5, skip_during_range: range }).opts },
  });
  instead.pass(900);
  assert.deepEqual(instead.runs, [
    [300, "job", "test.other"],
    [600, "job", "test.other"],
    [900, "job", "test.ping"],
  ]);
});

test("until and after bound the days of a job", () => {
  const clock = scheduler({
    opts: {
      until: { function: "a", minutes: 5, until: "2026-03-02 12:11" },
      after: { function: "a", minutes: 5, after: iso(local(12, 11)) },
    },
  });
  clock.pass(1200);
  assert.deepEqual(clock.times("until"), [300, 600]);
  assert.deepEqual(clock.times("after"), [900, 1200]);
  assert.equal(clock.made.status("until")["_skip_reason"], "until_passed");
});

test("maxrunning bounds how many run at once, unless jid_include is off", () => {
  const clock = scheduler({
    opts: {
      one: { function: "a", seconds: 10 },
      two: { function: "a", seconds: 10, maxrunning: 2 },
      any: { function: "a", seconds: 10, jid_include: false },
    },
  });
  for (const name of ["one", "two", "any"]) clock.busy.set(name, 1);
  clock.pass(10);
  assert.deepEqual(clock.runs.map(([, name]) => name), ["two", "any"]);
  assert.equal(clock.made.status("one")["_skip_reason"], "maxrunning");
  clock.busy.clear();
  clock.pass(10);
  assert.deepEqual(clock.times("one"), [20]);
});

test("disabled jobs, a disabled schedule and dry_run run nothing", () => {
  const clock = scheduler({
    opts: {
      off: { function: "a", seconds: 10, enabled: false },
      dry: { function: "a", seconds: 10, dry_run: true },
    },
  });
  clock.pass(10);
  assert.deepEqual(clock.runs, []);
  assert.equal(clock.made.status("off")["_skip_reason"], "disabled");
  const all = scheduler({ opts: { enabled: false, ...job({ seconds: 10 }).opts } });
  all.pass(10);
  assert.deepEqual(all.runs, []);
});

test("explicit times are run, and skipped", () => {
  const at = (
    seconds: number,
  ) => [{ time: iso(START + seconds * 1000), time_fmt: "%Y-%m-%dT%H:%M:%S" }];
  const clock = scheduler(job({ seconds: 100, skip_explicit: at(100), run_explicit: at(150) }));
  clock.pass(250);
  assert.deepEqual(clock.times(), [150, 200]);
});

test("a job that is late runs once, however much was missed", () => {
  const clock = scheduler({ opts: { job: { function: "a", cron: "* * * * *" } } });
  clock.made.tick();
  clock.at(START + 3_600_500);
  clock.made.tick();
  clock.made.tick();
  assert.deepEqual(clock.times(), [3600.5]);
});

test("options win over the pillar; what changes is planned anew", () => {
  const opts: DataMap = { both: { function: "opts", seconds: 10 } };
  const pillar = {
    schedule: { both: { function: "pillar", seconds: 10 }, own: { function: "p", seconds: 10 } },
  };
  const clock = scheduler({ opts, pillar });
  clock.pass(10);
  assert.deepEqual(clock.runs, [[10, "both", "opts"], [10, "own", "p"]]);
  opts["both"] = { function: "opts", seconds: 25 };
  clock.pass(30);
  assert.deepEqual(clock.times("both"), [10, 35]);
});

test("what cannot be read is told in Salt's words and never runs", () => {
  const broken: [DataMap, RegExp][] = [
    [{ when: "soonish" }, /^Invalid date string soonish. Ignoring job job.$/],
    [{ cron: "61 * * * *" }, /^Invalid cron string. Ignoring job job/],
    [
      { once: "now" },
      /^Date string could not be parsed: now, %Y-%m-%dT%H:%M:%S. Ignoring job job.$/,
    ],
    [{ once: "now", cron: "* * * * *" }, /^Unable to use "when", "cron", "once" options together/],
    [{ seconds: 5, when: "5pm" }, /^Unable to use "seconds", "minutes", "hours", "days" with/],
    [{ seconds: 1, range: "all" }, /range must be specified as a dictionary/],
    [{ seconds: 1, range: { start: "5pm", end: "4pm" } }, /end must be larger than start/],
  ];
  for (const [more, expected] of broken) {
    const clock = scheduler(job(more));
    clock.pass(5);
    assert.match(String(clock.made.status("job")["_error"]), expected);
    assert.deepEqual(clock.runs, []);
  }
});

test("nextFireTime() and status() say what comes", () => {
  const clock = scheduler(job({ minutes: 5 }));
  clock.made.tick();
  assert.equal(clock.made.nextFireTime("job"), iso(local(12, 5)));
  assert.equal(clock.made.nextFireTime("none"), null);
  const { _seconds, _next_fire_time, name } = clock.made.status("job");
  assert.deepEqual([_seconds, _next_fire_time, name], [300, iso(local(12, 5)), "job"]);
});

test("run() sleeps until the next job is due, and no longer than half a minute", async () => {
  let now = START;
  const sleeps: number[] = [];
  const made = new Scheduler({
    clock: {
      now: () => new Date(now),
      random: () => 0,
      sleep: (ms) => {
        sleeps.push(ms);
        now += ms;
        if (now > START + 75_000) made.stop();
        return Promise.resolve();
      },
    },
    schedules: () => ({ pillar: {}, opts: { job: { function: "a", seconds: 70 } } }),
    grains: () => ({}),
    pillar: () => ({}),
    run: () => {},
    running: () => 0,
  });
  await made.run();
  assert.deepEqual(sleeps, [30_000, 30_000, 10_000, 30_000]);
});
