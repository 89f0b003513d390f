/**
 * Which entry of a table is meant, and what it is to become.
 * (`salt/modules/cron.py`: `_cron_matched`, `_needs_change`, `set_job`, `set_special`)
 * @module
 */
import { randomInt } from "node:crypto";
import { SaltInvocationError } from "../../../errors.ts";
import { type CronJob, type SpecialJob, timeKeys, type Times } from "./tab.ts";

/** What an entry has that nobody gave an identifier. */
const NO_ID = "NO ID SET";

/** Whether an entry is the one of this identifier, or without one of this command. */
export function isMeant(
  entry: CronJob | SpecialJob,
  cmd: string,
  identifier: string | null,
): boolean {
  const known = entry.identifier || NO_ID;
  const wanted = identifier || NO_ID;
  if (known === NO_ID && entry.cmd === cmd) return true;
  if (known === NO_ID && wanted === NO_ID) return false;
  return known === wanted;
}

/** A time that is already there does for `random`; what is not given stays. */
function needsChange(old: string | boolean | null, wanted: string | boolean | null): boolean {
  if (old === wanted || wanted === null) return false;
  return wanted === "random" ? old === "*" : true;
}

function kept<T extends string | boolean | null>(old: T | undefined, wanted: T): T {
  return old !== undefined && !needsChange(old, wanted) ? old : wanted;
}

/** An entry before its times are drawn. */
export type Wanted = Omit<CronJob, keyof Times> & Partial<Times> & { spec?: string };

/** Whether an entry differs from what is wanted. */
export function differs(entry: CronJob | SpecialJob, wanted: Wanted): boolean {
  if (("spec" in entry) !== (wanted.spec !== undefined)) return true;
  const before: Wanted = entry;
  const times = ["spec", ...timeKeys] as const;
  return times.some((key) => needsChange(before[key] ?? null, wanted[key] ?? null)) ||
    needsChange(entry.comment, wanted.comment) || entry.commented !== wanted.commented ||
    entry.cmd !== wanted.cmd || (entry.identifier || null) !== (wanted.identifier || null);
}

/** What is wanted, with what it leaves open taken from an entry that is there. */
export function merged(entry: CronJob | SpecialJob, wanted: Wanted): Wanted {
  const before: Wanted = entry;
  const result: Wanted = {
    ...wanted,
    comment: kept(entry.comment, wanted.comment),
    identifier: wanted.identifier ?? entry.identifier,
  };
  for (const key of timeKeys) {
    const time = wanted[key];
    if (time !== undefined) result[key] = kept(before[key], time);
  }
  return result;
}

const ranges: Record<"minute" | "hour" | "month" | "dayweek", readonly [number, number]> = {
  minute: [0, 59],
  hour: [0, 23],
  month: [1, 12],
  dayweek: [0, 6],
};

function between(low: number, high: number): string {
  return String(randomInt(low, high + 1));
}

function drawn(value: string, [low, high]: readonly [number, number]): string {
  if (value === "random") return between(low, high);
  const range = /^(\d+):(\d+)$/.exec(value);
  if (!range) return value;
  const ends = [Number(range[1]), Number(range[2])];
  return between(Math.min(...ends), Math.max(...ends));
}

function lastDay(month: string): number {
  if (["1", "3", "5", "7", "8", "10", "12"].includes(month)) return 31;
  return ["4", "6", "9", "11"].includes(month) ? 30 : 28;
}

/** Times with `random` and ranges such as `10:20` made numbers. */
export function drawTimes(times: Times): Times {
  for (const key of timeKeys) {
    if (times[key] === "" || /\s/.test(times[key])) {
      throw new SaltInvocationError(`"${times[key]}" cannot be the ${key} of a cron job`);
    }
  }
  const month = drawn(times.month, ranges.month);
  return {
    minute: drawn(times.minute, ranges.minute),
    hour: drawn(times.hour, ranges.hour),
    daymonth: times.daymonth === "random" ? between(1, lastDay(month)) : times.daymonth,
    month,
    dayweek: drawn(times.dayweek, ranges.dayweek),
  };
}
