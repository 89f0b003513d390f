/**
 * When a job of the schedule runs next. (`salt/utils/schedule.py:Schedule.eval`)
 * @module
 */
import { Cron } from "croner";
import { messageOf } from "../../errors.ts";
import { strptime } from "../../text/strptime.ts";
import { nextWhen, parseWhen } from "../../text/when.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** Salt's format of times in the schedule. */
export const TIME_FORMAT = "%Y-%m-%dT%H:%M:%S";

const UNITS: Readonly<Record<string, number>> = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
};

/** Something in a job is wrong; it never runs. */
export class ScheduleError extends Error {
  override name = "ScheduleError";
}

/** Names of times in `when`, from pillar and grains. */
export interface Whens {
  pillar: DataMap;
  grains: DataMap;
}

/**
 * Seconds between runs of a job that has them; null: it runs by `when`, `once` or `cron`.
 * @throws ScheduleError when options exclude each other.
 */
export function intervalOf(job: DataMap): number | null {
  const units = Object.keys(UNITS).filter((unit) => job[unit] !== undefined);
  const points = ["when", "cron", "once"].filter((name) => job[name] !== undefined);
  if (points.length > 1) {
    throw new ScheduleError(`Unable to use "when", "cron", "once" options together. Ignoring.`);
  }
  if (units.length > 0 && points.length > 0) {
    throw new ScheduleError(
      `Unable to use "${Object.keys(UNITS).join('", "')}" with "when", "cron", "once" options. ` +
        "Ignoring",
    );
  }
  if (units.length === 0) return null;
  const seconds = units.reduce(
    (sum, unit) => sum + Math.trunc(Number(job[unit])) * UNITS[unit]!,
    0,
  );
  if (Number.isFinite(seconds) && seconds > 0) return seconds;
  throw new ScheduleError(`Invalid interval of ${String(seconds)} seconds. Ignoring job.`);
}

/**
 * The next time, in ms since 1970, at which a job is to run; null: never again.
 * @param name for messages
 * @param from the job runs at this time or later; one with an interval runs an interval later
 * @param after the last run, which is not to be repeated
 * @throws ScheduleError in Salt's words.
 */
export function nextTime(
  name: string,
  job: DataMap,
  from: number,
  whens: Whens,
  after: number | null = null,
): number | null {
  const interval = intervalOf(job);
  if (interval !== null) return from + interval * 1000;
  if (job["once"] !== undefined) return onceTime(name, job, from, after);
  if (job["when"] !== undefined) {
    const start = after === null ? from : Math.max(from, after + 1000);
    const times = [job["when"]].flat().map((when) => whenTime(name, when, start, whens));
    const coming = times.filter((time) => time !== null);
    return coming.length > 0 ? Math.min(...coming) : null;
  }
  if (job["cron"] !== undefined) return cronTime(name, String(job["cron"]), from);
  return null;
}

function onceTime(name: string, job: DataMap, from: number, after: number | null): number | null {
  const format = String(job["once_fmt"] ?? TIME_FORMAT);
  const { once } = job;
  const time = once instanceof Date ? once.getTime() : strptime(String(once), format);
  if (time === null) {
    throw new ScheduleError(
      `Date string could not be parsed: ${String(once)}, ${format}. Ignoring job ${name}.`,
    );
  }
  return after !== null || time < from - 1000 ? null : time;
}

function whenTime(name: string, when: Data, from: number, whens: Whens): number | null {
  let text = when;
  for (const [what, source] of [["Pillar item", whens.pillar], ["Grain", whens.grains]] as const) {
    const named = source["whens"];
    if (named === undefined) continue;
    if (!isMap(named)) {
      throw new ScheduleError(`${what} "whens" must be a dict. Ignoring job ${name}.`);
    }
    if (!Object.hasOwn(named, String(when))) continue;
    text = named[String(when)]!;
    break;
  }
  if (text instanceof Date) return text.getTime() >= from ? text.getTime() : null;
  if (parseWhen(String(text), new Date(from)) === null) {
    throw new ScheduleError(`Invalid date string ${String(when)}. Ignoring job ${name}.`);
  }
  return nextWhen(String(text), new Date(from));
}

function cronTime(name: string, pattern: string, from: number): number | null {
  const fields = pattern.trim().split(/\s+/);
  // Salt's parser has the seconds last.
  const line = fields.length === 6 ? [fields[5], ...fields.slice(0, 5)].join(" ") : pattern;
  try {
    return new Cron(line, { paused: true }).nextRun(new Date(from))?.getTime() ?? null;
  } catch (error) {
    throw new ScheduleError(
      `Invalid cron string. Ignoring job ${name}. (${pattern}: ${messageOf(error)})`,
    );
  }
}

/**
 * Seconds to add at random.
 * @throws ScheduleError when it is no number and no range.
 */
export function splaySeconds(splay: Data, random: () => number): number {
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  if (!isMap(splay)) {
    const most = Math.trunc(Number(splay));
    if (Number.isFinite(most)) return most < 1 ? 0 : between(1, most);
    throw new ScheduleError("schedule.handle_func: Invalid Splay. Ignoring splay.");
  }
  const [start, end] = [Number(splay["start"]), Number(splay["end"])];
  if (end >= start) return between(start, end);
  throw new ScheduleError(
    "schedule.handle_func: Invalid Splay, end must be larger than start. Ignoring splay.",
  );
}
