/** What the functions of the module share. @module */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { atomicWrite, ensureDir } from "../../../fs/mod.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { dumpYaml } from "../../../serializers/yaml_dump.ts";
import { parseYaml } from "../../../serializers/yaml.ts";
import { pyTruthy } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";

/** What functions return. */
export type Result = DataMap & { result: boolean; comment: Data };

/** Keys of a schedule that are no jobs. */
export const HIDDEN = ["enabled", "skip_function", "skip_during_range"];

/** Keys of a job that are shown. (`SCHEDULE_CONF`) */
const SHOWN = new Set([
  ...["name", "maxrunning", "function", "splay", "range", "when", "once", "once_fmt", "returner"],
  ...[
    "jid_include",
    "args",
    "kwargs",
    "_seconds",
    "seconds",
    "minutes",
    "hours",
    "days",
    "enabled",
  ],
  ...["return_job", "metadata", "cron", "until", "after", "return_config", "return_kwargs"],
  ...["run_on_start", "skip_during_range", "run_after_skip_range"],
]);

/** Asks the minion's scheduler. null: there is none. */
export function ask(ctx: ExecContext, func: string, more: DataMap = {}): Promise<DataMap | null> {
  return ctx.minion.manage("schedule", { func, ...more });
}

/** The file in which changes are kept. */
export function savedPath(ctx: ExecContext, name = "_schedule.conf"): string {
  const { conf_file, default_include } = ctx.opts;
  return join(dirname(conf_file), dirname(String(default_include)), name);
}

/** What is in that file. */
export function savedSchedule(ctx: ExecContext): DataMap {
  let text: string;
  try {
    text = readFileSync(savedPath(ctx), "utf8");
  } catch {
    return {};
  }
  const content = parseYaml(text);
  return isMap(content) && isMap(content["schedule"]) ? content["schedule"] : {};
}

/** Writes that file, for a minion that does not run. */
export async function saveOffline(ctx: ExecContext, schedule: DataMap): Promise<void> {
  const path = savedPath(ctx);
  ensureDir(dirname(path), 0o750);
  await atomicWrite(path, dumpYaml({ schedule }), { mode: 0o600 });
}

/** Which jobs to look at. */
export interface Wanted {
  all?: boolean;
  disabled?: boolean;
  where?: string | null;
  offline?: boolean;
}

/** The schedule as users see it: without what the scheduler notes in it. null: no minion runs. */
export async function current(ctx: ExecContext, wanted: Wanted = {}): Promise<DataMap> {
  const { all = true, disabled = true, where = null, offline = false } = wanted;
  const reply = offline ? null : await ask(ctx, "list", { where });
  const found = offline ? savedSchedule(ctx) : reply?.["schedule"];
  const schedule: DataMap = {};
  for (const [name, job] of Object.entries(isMap(found) ? found : {})) {
    if (HIDDEN.includes(name) || !isMap(job)) schedule[name] = job;
    else if (name.startsWith("__") && !all) continue;
    else {
      const shown = shownJob(job);
      if (disabled || pyTruthy(shown["enabled"] ?? true)) schedule[name] = shown;
    }
  }
  return schedule;
}

function shownJob(job: DataMap): DataMap {
  const shown: DataMap = {};
  for (const [key, value] of Object.entries({ ...job, enabled: job["enabled"] ?? true })) {
    if (!SHOWN.has(key) || value === null || key === "_seconds") continue;
    shown[key] = value === "true" ? true : value === "false" ? false : value;
  }
  return shown;
}

/** Where a job is: `opts`, `pillar`, or nowhere. */
export async function placeOf(ctx: ExecContext, name: string): Promise<"opts" | "pillar" | null> {
  for (const where of ["opts", "pillar"] as const) {
    if (Object.hasOwn(await current(ctx, { where }), name)) return where;
  }
  return null;
}

/** Whether a keyword argument is set to something true. */
export function isSet(kwargs: DataMap, name: string): boolean {
  return pyTruthy(kwargs[name] ?? false);
}

/** Whether a change is to be kept. */
export function persists(kwargs: DataMap): boolean {
  return kwargs["persist"] === undefined || isSet(kwargs, "persist");
}

/** Keyword arguments without those that the publication adds. */
export function own(kwargs: DataMap): DataMap {
  return Object.fromEntries(Object.entries(kwargs).filter(([key]) => !key.startsWith("__")));
}
