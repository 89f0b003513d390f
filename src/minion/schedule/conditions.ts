/**
 * Whether a job whose time has come may run. (`salt/utils/schedule.py:Schedule.eval`, its
 * `_handle_range`, `_handle_skip_during_range`, `_handle_skip_explicit`, `_handle_until`,
 * `_handle_after`)
 * @module
 */
import { strptime } from "../../text/strptime.ts";
import { parseWhen } from "../../text/when.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { ScheduleError, TIME_FORMAT } from "./plan.ts";

/** What is decided. `instead`: the function of `skip_function` runs in place of the job's. */
export type Verdict = { run: true; instead?: string } | { run: false; reason: string };

/** What holds for all jobs. */
export interface Globals {
  skipFunction: string | null;
  skipDuringRange: Data;
}

/** ms by which explicit times are matched, Salt's `loop_interval`. */
const TOLERANCE = 1000;

const run: Verdict = { run: true };

/** @throws ScheduleError in Salt's words. */
export function mayRun(name: string, job: DataMap, now: number, globals: Globals): Verdict {
  const skip = (reason: string): Verdict =>
    globals.skipFunction === null
      ? { run: false, reason }
      : { run: true, instead: globals.skipFunction };
  const checks = [
    () => job["range"] === undefined ? run : inRange(name, job["range"], now, skip),
    () => outOfRange(name, job["skip_during_range"] ?? globals.skipDuringRange, now, skip),
    () => isSkipped(job["skip_explicit"], now) ? skip("skip_explicit") : run,
    () =>
      job["until"] !== undefined && momentOf(name, "until", job["until"], now) <= now
        ? { run: false, reason: "until_passed" } as const
        : run,
    () =>
      job["after"] !== undefined && momentOf(name, "after", job["after"], now) >= now
        ? { run: false, reason: "after_not_passed" } as const
        : run,
  ];
  let verdict: Verdict = run;
  for (const check of checks) {
    const found = check();
    if (!found.run) return found;
    if (found.instead !== undefined) verdict = found;
  }
  return verdict;
}

/** The end of the range in which a job does not run, where it is to run right after; null otherwise. */
export function afterSkipRange(
  name: string,
  job: DataMap,
  globals: Globals,
  now: number,
): number | null {
  const range = job["skip_during_range"] ?? globals.skipDuringRange;
  if (job["run_after_skip_range"] !== true || !isMap(range)) return null;
  return momentOf(name, "end in skip_during_range", range["end"] ?? null, now) + TOLERANCE;
}

/** The explicit times of a list, `{time, time_fmt}` each, in ms. Those that cannot be read are left out. */
export function explicitTimes(list: Data | undefined): number[] {
  return (Array.isArray(list) ? list : []).flatMap((item) => {
    if (item instanceof Date) return [item.getTime()];
    if (!isMap(item)) return [];
    const format = String(item["time_fmt"] ?? TIME_FORMAT);
    const { time } = item;
    const found = time instanceof Date ? time.getTime() : strptime(String(time), format);
    return found === null ? [] : [found];
  });
}

function isSkipped(list: Data | undefined, now: number): boolean {
  return explicitTimes(list).some((time) => time <= now && now <= time + TOLERANCE);
}

function inRange(
  name: string,
  range: Data,
  now: number,
  skip: (reason: string) => Verdict,
): Verdict {
  const { start, end } = bounds(name, "", range, now);
  if (isMap(range) && range["invert"] === true) {
    return now <= start || now >= end ? run : { run: false, reason: "in_skip_range" };
  }
  return start <= now && now <= end ? run : skip("not_in_range");
}

function outOfRange(
  name: string,
  range: Data | undefined,
  now: number,
  skip: (reason: string) => Verdict,
): Verdict {
  if (range === undefined || range === null) return run;
  const { start, end } = bounds(name, " in skip_during_range", range, now);
  return start <= now && now <= end ? skip("in_skip_range") : run;
}

function bounds(name: string, where: string, range: Data, now: number) {
  if (!isMap(range)) {
    throw new ScheduleError(
      "schedule.handle_func: Invalid, range must be specified as a dictionary. " +
        `Ignoring job ${name}.`,
    );
  }
  const start = momentOf(name, `start${where}`, range["start"] ?? null, now);
  const end = momentOf(name, `end${where}`, range["end"] ?? null, now);
  if (end > start) return { start, end };
  throw new ScheduleError(
    "schedule.handle_func: Invalid range, end must be larger than start. " +
      `Ignoring job ${name}.`,
  );
}

function momentOf(name: string, what: string, value: Data, now: number): number {
  if (value instanceof Date) return value.getTime();
  const found = parseWhen(String(value), new Date(now));
  if (found) return found.time;
  throw new ScheduleError(`Invalid date string for ${what}. Ignoring job ${name}.`);
}
