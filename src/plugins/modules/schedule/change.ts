/** Adding, changing and removing jobs. (`salt/modules/schedule.py`) @module */
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyEqual } from "../../../text/py_equal.ts";
import { type DataMap, isMap } from "../../../types/mod.ts";
import { buildItem, timeConflict } from "./build.ts";
import {
  ask,
  current,
  HIDDEN,
  isSet,
  own,
  persists,
  placeOf,
  type Result,
  savedSchedule,
  saveOffline,
} from "./common.ts";

const name = { type: "string", required: true, doc: "Name of the job." } as const;
const settings = {
  type: "map",
  keywords: true,
  doc: "`function`, `seconds`, `minutes`, `hours`, `days`, `when`, `cron`, `once`, `job_args`, " +
    "`job_kwargs` and all else that a job has. `persist=False` keeps nothing over a restart, " +
    "`offline=True` is for a minion that does not run, `test=True` changes nothing.",
} as const;

function failed(comment: string, more: DataMap = {}): Result {
  return { comment, result: false, ...more };
}

async function add(ctx: ExecContext, name: string, kwargs: DataMap): Promise<Result> {
  const changes: DataMap = {};
  const offline = isSet(kwargs, "offline");
  if (Object.hasOwn(await current(ctx, { offline }), name)) {
    return failed(`Job ${name} already exists in schedule.`, { changes });
  }
  const conflict = timeConflict(
    kwargs,
    'Error: Unable to use "seconds", "minutes", "hours", or "days" with "when" or "cron" options.',
  );
  if (conflict) return { ...conflict, changes };
  const job = buildItem(name, kwargs);
  if (job["result"] === false) return job as Result;
  if (isSet(kwargs, "test")) {
    return { comment: `Job: ${name} would be added to schedule.`, result: true, changes };
  }
  if (offline) await saveOffline(ctx, { ...savedSchedule(ctx), [name]: job });
  else {
    const persist = persists(kwargs);
    const reply = await ask(ctx, "add", { name, schedule: { [name]: job }, persist });
    const schedule = reply?.["schedule"];
    if (!isMap(schedule) || !Object.hasOwn(schedule, name)) {
      return failed(`Failed to add job ${name} to schedule.`, { changes });
    }
  }
  return {
    comment: `Added job: ${name} to schedule.`,
    result: true,
    changes: { [name]: "added" },
  };
}

async function modify(ctx: ExecContext, name: string, given: DataMap): Promise<Result> {
  const conflict = timeConflict(
    given,
    'Error: Unable to use "seconds", "minutes", "hours", or "days" with "when" option.',
  );
  if (conflict) return { ...conflict, changes: {} };
  const offline = isSet(given, "offline");
  const old = (await current(ctx, { offline }))[name];
  if (!isMap(old)) return failed(`Job ${name} does not exist in schedule.`, { changes: {} });
  const job = buildItem(name, { ...given, function: given["function"] ?? old["function"] ?? null });
  if (job["result"] === false) return job as Result;
  if (pyEqual(job, old)) {
    return { comment: `Job ${name} in correct state`, changes: {}, result: true };
  }
  const result: Result = { comment: "", changes: { [name]: { old, new: job } }, result: true };
  if (isSet(given, "test")) {
    return { ...result, comment: `Job: ${name} would be modified in schedule.` };
  }
  const done = { ...result, comment: `Modified job: ${name} in schedule.` };
  if (offline) {
    const saved = savedSchedule(ctx);
    const before = saved[name];
    await saveOffline(ctx, { ...saved, [name]: { ...isMap(before) ? before : {}, ...job } });
    return done;
  }
  const where = await placeOf(ctx, name);
  const request = where === "pillar"
    ? { name, schedule: job, where, persist: false }
    : { name, schedule: job, persist: persists(given) };
  if (await ask(ctx, "modify", request) !== null) return done;
  return { ...result, comment: `Failed to modify job ${name} in schedule.`, result: false };
}

async function remove(ctx: ExecContext, name: string, kwargs: DataMap): Promise<Result> {
  const bad = failed(`Failed to delete job ${name} from schedule.`, { changes: {} });
  if (!name) return { ...bad, comment: "Job name is required." };
  if (isSet(kwargs, "test")) {
    const comment = `Job: ${name} would be deleted from schedule.`;
    return { comment, result: true, changes: {} };
  }
  const good: Result = {
    comment: `Deleted Job ${name} from schedule.`,
    result: true,
    changes: { [name]: "removed" },
  };
  if (isSet(kwargs, "offline")) {
    const saved = savedSchedule(ctx);
    if (!Object.hasOwn(saved, name)) return { ...bad, comment: `Job ${name} does not exist.` };
    delete saved[name];
    await saveOffline(ctx, saved);
    return good;
  }
  const where = await placeOf(ctx, name);
  if (where === null) return { ...bad, comment: `Job ${name} does not exist.` };
  const request = where === "pillar"
    ? { name, where, persist: false }
    : { name, persist: persists(kwargs) };
  const schedule = (await ask(ctx, "delete", request))?.["schedule"];
  return isMap(schedule) && !Object.hasOwn(schedule, name) ? good : bad;
}

async function purge(ctx: ExecContext, kwargs: DataMap): Promise<Result> {
  const offline = isSet(kwargs, "offline");
  const comment: string[] = [];
  const changes: DataMap = {};
  const left: DataMap = offline ? savedSchedule(ctx) : {};
  for (const name of Object.keys(await current(ctx, { offline }))) {
    if (HIDDEN.includes(name) || name.startsWith("__")) continue;
    if (isSet(kwargs, "test")) {
      comment.push(`Job: ${name} would be deleted from schedule.`);
      continue;
    }
    let gone = true;
    if (offline) delete left[name];
    else {
      const reply = await ask(ctx, "delete", { name, persist: persists(kwargs) });
      const schedule = reply?.["schedule"];
      gone = isMap(schedule) && !Object.hasOwn(schedule, name);
    }
    comment.push(
      gone ? `Deleted job: ${name} from schedule.` : `Failed to delete job ${name} from schedule.`,
    );
    if (gone) changes[name] = "removed";
  }
  if (offline && !isSet(kwargs, "test")) await saveOffline(ctx, left);
  return { comment, changes, result: true };
}

/** Moves or copies a job to other minions, by the master. */
async function send(
  ctx: ExecContext,
  name: string,
  target: string,
  kwargs: DataMap,
  how: "moved" | "copied",
): Promise<Result> {
  if (!name) return failed("Job name is required.");
  if (isSet(kwargs, "test")) {
    return { comment: `Job: ${name} would be ${how} from schedule.`, result: true };
  }
  const where = await placeOf(ctx, name);
  const job = where === null ? undefined : (await current(ctx, { where }))[name];
  if (!isMap(job)) return failed(`Job ${name} does not exist.`);
  const { args, kwargs: named, ...rest } = job;
  const words = {
    ...rest,
    ...(args === undefined ? {} : { job_args: args }),
    ...(named === undefined ? {} : { job_kwargs: named }),
  };
  const response = await ctx.salt("publish.publish", [
    target,
    "schedule.add",
    [name, { __kwarg__: true, ...words }],
  ]);
  const minions = isMap(response) ? Object.keys(response) : [];
  const errors = minions.filter((id) => !answeredWell((response as DataMap)[id]));
  if (minions.length === 0) {
    const comment = "no servers answered the published schedule.add command";
    return { comment, result: true };
  }
  if (errors.length > 0) {
    return { comment: "the following minions return False", minions: errors, result: true };
  }
  if (how === "copied") {
    return { comment: `Copied Job ${name} from schedule to minion(s).`, minions, result: true };
  }
  await remove(ctx, name, {});
  return { comment: `Moved Job ${name} from schedule.`, minions, result: true };
}

function answeredWell(answer: unknown): boolean {
  return isMap(answer) ? answer["result"] !== false : Boolean(answer);
}

const target = { type: "string", required: true, doc: "Which minions, a glob." } as const;

/** Functions that change jobs. */
export const changeFunctions = {
  add: fn({
    doc: "Adds a job to the schedule.",
    args: { name, kwargs: settings },
    example: "salt '*' schedule.add job1 function='test.ping' seconds=3600\n" +
      `salt '*' schedule.add job2 function='cmd.run' job_args="['date >> /tmp/date.log']" seconds=60`,
    run: (ctx, args) => add(ctx, args.name, own(args.kwargs)),
  }),
  modify: fn({
    doc: "Replaces the settings of a job.",
    args: { name, kwargs: settings },
    example: "salt '*' schedule.modify job1 function='test.ping' seconds=3600",
    run: (ctx, args) => modify(ctx, args.name, own(args.kwargs)),
  }),
  delete: fn({
    doc: "Takes a job out of the schedule.",
    args: { name, kwargs: settings },
    example: "salt '*' schedule.delete job1",
    run: (ctx, args) => remove(ctx, args.name, own(args.kwargs)),
  }),
  purge: fn({
    doc: "Takes all jobs out of the schedule.",
    args: { kwargs: settings },
    example: "salt '*' schedule.purge",
    run: (ctx, args) => purge(ctx, own(args.kwargs)),
  }),
  build_schedule_item: fn({
    doc: "Returns a job as it stands in the schedule, without adding it.",
    args: { name, kwargs: settings },
    example: "salt '*' schedule.build_schedule_item job1 function='test.ping' seconds=3600",
    run: (_ctx, args) => buildItem(args.name, own(args.kwargs)),
  }),
  move: fn({
    doc: "Gives a job to other minions, through the master, and takes it out here.",
    args: { name, target, kwargs: settings },
    example: "salt '*' schedule.move jobname target",
    run: (ctx, args) => send(ctx, args.name, args.target, own(args.kwargs), "moved"),
  }),
  copy: fn({
    doc: "Gives a job to other minions, through the master.",
    args: { name, target, kwargs: settings },
    example: "salt '*' schedule.copy jobname target",
    run: (ctx, args) => send(ctx, args.name, args.target, own(args.kwargs), "copied"),
  }),
};
