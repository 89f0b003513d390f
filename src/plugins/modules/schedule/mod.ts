/** Jobs that run by the clock. (`salt/modules/schedule.py`) @module */
import { readFileSync } from "node:fs";
import { messageOf } from "../../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { dumpYaml } from "../../../serializers/yaml_dump.ts";
import { parseYaml } from "../../../serializers/yaml.ts";
import { strptime } from "../../../text/strptime.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { changeFunctions } from "./change.ts";
import {
  ask,
  current,
  HIDDEN,
  isSet,
  own,
  persists,
  placeOf,
  type Result,
  savedPath,
  savedSchedule,
} from "./common.ts";

const name = { type: "string", required: true, doc: "Name of the job." } as const;
const kwargs = {
  type: "map",
  keywords: true,
  doc: "`persist=False` keeps nothing over a restart, `test=True` changes nothing.",
} as const;
const TIME_FORMAT = "%Y-%m-%dT%H:%M:%S";

async function list(
  ctx: ExecContext,
  args: {
    show_all: boolean;
    show_disabled: boolean;
    where: string | null;
    return_yaml: boolean;
    offline: boolean;
  },
): Promise<Data> {
  const { show_all: all, show_disabled: disabled, where, offline } = args;
  const schedule = await current(ctx, { all, disabled, where, offline });
  if (!args.return_yaml) return schedule;
  const saved = savedSchedule(ctx);
  for (const [name, job] of Object.entries(schedule)) {
    if (isMap(job)) schedule[name] = { ...job, saved: Object.hasOwn(saved, name) };
  }
  return dumpYaml({ schedule });
}

/** `enable`, `disable`: of the whole schedule. */
async function switchAll(ctx: ExecContext, enabled: boolean, given: DataMap): Promise<Result> {
  const what = enabled ? "enable" : "disable";
  const past = enabled ? "enabled" : "disabled";
  if (isSet(given, "test")) {
    return { comment: `Schedule would be ${past}.`, changes: {}, result: true };
  }
  const reply = await ask(ctx, what, { persist: persists(given) });
  const schedule = reply?.["schedule"];
  if (isMap(schedule) && schedule["enabled"] === enabled) {
    const comment = `${enabled ? "Enabled" : "Disabled"} schedule on minion.`;
    return { comment, changes: { schedule: past }, result: true };
  }
  return { comment: `Failed to ${what} schedule on minion.`, changes: {}, result: false };
}

/** `enable_job`, `disable_job`. */
async function switchJob(
  ctx: ExecContext,
  name: string,
  enabled: boolean,
  given: DataMap,
): Promise<Result> {
  const what = enabled ? "enable" : "disable";
  const past = enabled ? "enabled" : "disabled";
  if (isSet(given, "test")) {
    return { comment: `Job: ${name} would be ${past} in schedule.`, changes: {}, result: true };
  }
  const where = await placeOf(ctx, name);
  if (where === null) {
    return { comment: `Job ${name} does not exist.`, changes: {}, result: false };
  }
  const request = where === "pillar"
    ? { name, where, persist: false }
    : { name, persist: persists(given) };
  const schedule = (await ask(ctx, `${what}_job`, request))?.["schedule"];
  const job = isMap(schedule) ? schedule[name] : undefined;
  if (isMap(job) && (job["enabled"] ?? true) === enabled) {
    const comment = `${enabled ? "Enabled" : "Disabled"} Job ${name} in schedule.`;
    return { comment, changes: { [name]: past }, result: true };
  }
  return { comment: `Failed to ${what} job ${name} in schedule.`, changes: {}, result: false };
}

/** `postpone_job`, `skip_job`. */
async function explicit(
  ctx: ExecContext,
  func: "postpone_job" | "skip_job",
  name: string,
  times: { time: string; new_time?: string },
  given: DataMap,
): Promise<Result> {
  const time_fmt = String(given["time_fmt"] ?? TIME_FORMAT);
  if (!name) return { comment: "Job name is required.", result: false };
  for (const time of Object.values(times)) {
    if (strptime(time, time_fmt) === null) {
      return { comment: "Date string could not be parsed.", result: false };
    }
  }
  const where = await placeOf(ctx, name);
  if (where === null) return { comment: `Job ${name} does not exist.`, result: false };
  const reply = await ask(ctx, func, { name, ...times, time_fmt, where });
  const schedule = reply?.["schedule"];
  const done = func === "postpone_job" ? "Postponed Job" : "Added Skip Job";
  const known = isMap(schedule) && isMap(schedule[name]) && where === "opts";
  return known ? { comment: `${done} ${name} in schedule.`, result: true } : {
    comment: `Failed to ${func === "postpone_job" ? "postpone" : "skip"} job ${name} in schedule.`,
    result: false,
  };
}

/** From the pillar, and from `schedule.conf` beside what is kept. */
async function reload(ctx: ExecContext): Promise<Result> {
  const comment: string[] = [];
  let result = true;
  if (ctx.pillar["schedule"] !== undefined) {
    await ctx.minion.refreshPillar();
    comment.push("Reloaded schedule from pillar on minion.");
  }
  const path = savedPath(ctx, "schedule.conf");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { comment, result };
  }
  try {
    const content = parseYaml(text, { file: path });
    const schedule = isMap(content) ? content["schedule"] : undefined;
    if (isMap(schedule) && Object.keys(schedule).length > 0) {
      await ask(ctx, "reload", { schedule: { schedule } });
      comment.push("Reloaded schedule on minion from schedule.conf.");
    } else {
      comment.push("Failed to reload schedule on minion.  Saved file is empty or invalid.");
      result = false;
    }
  } catch (error) {
    comment.push(`Unable to read existing schedule file: ${messageOf(error)}`);
    result = false;
  }
  return { comment, result };
}

async function runJob(ctx: ExecContext, name: string, force: boolean): Promise<Result> {
  const job = (await current(ctx))[name];
  if (!isMap(job)) return { comment: `Job ${name} does not exist.`, result: false };
  if (job["enabled"] === false && !force) {
    return { comment: `Job ${name} is disabled.`, result: true };
  }
  return await ask(ctx, "run_job", { name }) !== null
    ? { comment: `Scheduling Job ${name} on minion.`, result: true }
    : { comment: `Failed to run job ${name} on minion.`, result: false };
}

/** The module `schedule`. */
export const schedule = executionModule({
  name: "schedule",
  doc: "Jobs that run by the clock.",
  functions: {
    ...changeFunctions,
    list: fn({
      doc: "Lists the jobs of the schedule.",
      args: {
        show_all: { type: "bool", default: false, doc: "The minion's own jobs too." },
        show_disabled: { type: "bool", default: true, doc: "Disabled jobs too." },
        where: { type: "string", default: null, doc: "`pillar` or `opts`; both when left out." },
        return_yaml: { type: "bool", default: true, doc: "As a text in YAML." },
        offline: { type: "bool", default: false, doc: "What is saved, whatever the minion does." },
      },
      example: "salt '*' schedule.list\nsalt '*' schedule.list show_all=True",
      run: list,
    }),
    is_enabled: fn({
      doc: "Returns a job that there is, or whether the schedule is enabled.",
      args: { name: { type: "string", default: null, doc: "Name of the job." } },
      example: "salt '*' schedule.is_enabled name=job_name\nsalt '*' schedule.is_enabled",
      async run(ctx, { name }) {
        const schedule = await current(ctx, { all: false });
        if (!name) return schedule["enabled"] ?? true;
        return HIDDEN.includes(name) ? {} : schedule[name] ?? {};
      },
    }),
    enable: fn({
      doc: "Enables the schedule as a whole.",
      args: { kwargs },
      example: "salt '*' schedule.enable",
      run: (ctx, args) => switchAll(ctx, true, own(args.kwargs)),
    }),
    disable: fn({
      doc: "Disables the schedule as a whole.",
      args: { kwargs },
      example: "salt '*' schedule.disable",
      run: (ctx, args) => switchAll(ctx, false, own(args.kwargs)),
    }),
    enable_job: fn({
      doc: "Enables a job.",
      args: { name, kwargs },
      example: "salt '*' schedule.enable_job job1",
      run: (ctx, args) => switchJob(ctx, args.name, true, own(args.kwargs)),
    }),
    disable_job: fn({
      doc: "Disables a job.",
      args: { name, kwargs },
      example: "salt '*' schedule.disable_job job1",
      run: (ctx, args) => switchJob(ctx, args.name, false, own(args.kwargs)),
    }),
    run_job: fn({
      doc: "Runs a job now.",
      args: { name, force: { type: "bool", default: false, doc: "Also one that is disabled." } },
      example: "salt '*' schedule.run_job job1\nsalt '*' schedule.run_job job1 force=True",
      run: (ctx, args) => runJob(ctx, args.name, args.force),
    }),
    save: fn({
      doc: "Keeps the schedule, without what the pillar has, over restarts.",
      args: { kwargs },
      example: "salt '*' schedule.save",
      async run(ctx, args) {
        if (isSet(own(args.kwargs), "test")) {
          return { comment: "Schedule would be saved.", result: true };
        }
        return await ask(ctx, "save_schedule") === null
          ? { comment: "Failed to save schedule.", result: false }
          : { comment: "Schedule (non-pillar items) saved.", result: true };
      },
    }),
    reload: fn({
      doc: "Reads the schedule anew from the pillar and from `minion.d/schedule.conf`.",
      args: {},
      example: "salt '*' schedule.reload",
      run: (ctx) => reload(ctx),
    }),
    postpone_job: fn({
      doc: "Has a job run at another time than the one that is next.",
      args: {
        name,
        current_time: { type: "string", required: true, doc: "When it would run." },
        new_time: { type: "string", required: true, doc: "When it is to run." },
        kwargs: { type: "map", keywords: true, doc: "`time_fmt`: format of the times." },
      },
      example: "salt '*' schedule.postpone_job job current_time new_time",
      run: (ctx, args) => {
        const times = { time: args.current_time, new_time: args.new_time };
        return explicit(ctx, "postpone_job", args.name, times, own(args.kwargs));
      },
    }),
    skip_job: fn({
      doc: "Has a job not run at a time.",
      args: {
        name,
        current_time: { type: "string", required: true, doc: "When it would run." },
        kwargs: { type: "map", keywords: true, doc: "`time_fmt`: format of the time." },
      },
      example: "salt '*' schedule.skip_job job time",
      run: (ctx, args) =>
        explicit(ctx, "skip_job", args.name, { time: args.current_time }, own(args.kwargs)),
    }),
    show_next_fire_time: fn({
      doc: "Says when a job runs next.",
      args: { name, kwargs: { type: "map", keywords: true, doc: "" } },
      example: "salt '*' schedule.show_next_fire_time job_name",
      async run(ctx, args) {
        const reply = await ask(ctx, "get_next_fire_time", { name: args.name });
        return reply && "next_fire_time" in reply
          ? { result: true, next_fire_time: reply["next_fire_time"]! }
          : { result: true, comment: "next fire time not available." };
      },
    }),
    job_status: fn({
      doc: "Returns all that is known of a job.",
      args: {
        name,
        time_fmt: { type: "string", default: TIME_FORMAT, doc: "Format of the times." },
      },
      example: "salt '*' schedule.job_status job_name",
      async run(ctx, args) {
        const reply = await ask(ctx, "job_status", {
          name: args.name,
          time_fmt: args.time_fmt,
          fire_event: true,
        });
        return reply?.["data"] ?? {};
      },
    }),
  },
});
