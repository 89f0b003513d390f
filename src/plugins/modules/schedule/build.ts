/** Making a job of keyword arguments. (`salt/modules/schedule.py:build_schedule_item`) @module */
import { parseWhen } from "../../../text/when.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import type { Result } from "./common.ts";

const UNITS = ["seconds", "minutes", "hours", "days"];

/** Keys that are taken as they are. */
const TAKEN = [
  ...["range", "when", "once", "once_fmt", "cron", "returner", "after", "return_config"],
  ...["return_kwargs", "until", "run_on_start", "skip_during_range", "run_after_skip_range"],
];

function refuse(comment: string): Result {
  return { comment, result: false };
}

/** What keeps times from being put together; null: nothing. */
export function timeConflict(kwargs: DataMap, units: string): Result | null {
  const hasUnits = UNITS.some((unit) => kwargs[unit] !== undefined);
  if (hasUnits && (kwargs["when"] !== undefined || kwargs["cron"] !== undefined)) {
    return refuse(units);
  }
  return kwargs["when"] !== undefined && kwargs["cron"] !== undefined
    ? refuse('Unable to use "when" and "cron" options together.  Ignoring.')
    : null;
}

/** The job, or a result that says what is wrong; that has a `result`. */
export function buildItem(name: string, kwargs: DataMap): DataMap {
  if (!name) return refuse("Job name is required.");
  const conflict = timeConflict(
    kwargs,
    'Unable to use "seconds", "minutes", "hours", or "days" with "when" or "cron" options.',
  );
  if (conflict) return conflict;
  if (kwargs["function"] === undefined) return refuse("A function is required.");
  const job: DataMap = { function: kwargs["function"] };
  const take = (key: string) => {
    if (kwargs[key] !== undefined) job[key] = kwargs[key];
  };
  UNITS.forEach(take);
  take("return_job");
  take("metadata");
  const { job_args: args, job_kwargs: named } = kwargs;
  if (args !== undefined) {
    if (!Array.isArray(args)) {
      return refuse("job_args is not a list. please correct and try again.");
    }
    job["args"] = args;
  }
  if (named !== undefined) {
    if (!isMap(named)) return refuse("job_kwargs is not a dict. please correct and try again.");
    job["kwargs"] = named;
  }
  job["maxrunning"] = kwargs["maxrunning"] ?? 1;
  job["name"] = kwargs["name"] ?? name;
  job["enabled"] = kwargs["enabled"] ?? true;
  job["jid_include"] = kwargs["jid_include"] ?? true;
  const { splay } = kwargs;
  if (splay !== undefined) {
    job["splay"] = isMap(splay)
      ? { start: splay["start"] ?? null, end: splay["end"] ?? null }
      : splay;
  }
  for (const when of [kwargs["when"] ?? []].flat()) {
    if (!isTime(when)) return refuse(`Schedule item ${String(when)} for "when" in invalid.`);
  }
  TAKEN.forEach(take);
  return job;
}

function isTime(when: Data): boolean {
  return when instanceof Date || parseWhen(String(when), new Date()) !== null;
}
