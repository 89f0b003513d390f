/**
 * Makes a job of the minion of what the schedule says, and brings its return where it is to go.
 * (`salt/utils/schedule.py:Schedule.handle_func`)
 * @module
 */
import type { MinionOpts } from "../../config/mod.ts";
import { strftime } from "../../logging/strftime.ts";
import { currentJid } from "../../text/jid.ts";
import {
  type Data,
  type DataMap,
  isMap,
  type PublishLoad,
  type ReturnLoad,
} from "../../types/mod.ts";
import type { JobOrigin } from "../jobs.ts";
import type { JobJournal, JournalEntry } from "../journal.ts";
import { asctime } from "../start_event.ts";
import type { ScheduledRun } from "./scheduler.ts";

/** The publication that a run stands for. */
export function scheduledLoad(opts: MinionOpts, { name, fun, job }: ScheduledRun): PublishLoad {
  const args: Data[] = Array.isArray(job["args"]) ? [...job["args"]] : [];
  if (isMap(job["kwargs"])) args.push({ __kwarg__: true, ...job["kwargs"] });
  const load: PublishLoad = {
    fun,
    arg: args,
    tgt: opts.id,
    tgt_type: "glob",
    jid: currentJid(),
    ret: returnersOf(opts, job).join(","),
    schedule: String(job["name"] ?? name),
  };
  if (typeof job["return_config"] === "string") load.ret_config = job["return_config"];
  if (isMap(job["return_kwargs"])) load.ret_kwargs = job["return_kwargs"];
  if (isMap(job["metadata"])) load.metadata = withTimes(job["metadata"]);
  return load;
}

/** The returners of the job and of the option `schedule_returner`. */
function returnersOf(opts: MinionOpts, job: DataMap): string[] {
  const named = [job["returner"], opts["schedule_returner"]].flat();
  return [...new Set(named.filter((name) => typeof name === "string" && name !== ""))] as string[];
}

function withTimes(metadata: DataMap): DataMap {
  const now = new Date();
  const utc = new Date(now.getTime() + now.getTimezoneOffset() * 60_000);
  return {
    ...metadata,
    _TOS: -now.getTimezoneOffset() * 60,
    _TS: asctime(now),
    _TT: strftime("%Y %B %d %a %H %m", utc),
  };
}

/** Where a scheduled job came from: its return goes to a master as one that nobody asked for. */
export function scheduledOrigin(
  base: JobOrigin,
  job: DataMap,
  journal: () => JobJournal,
  withReturners: boolean,
): JobOrigin {
  return {
    get name() {
      return base.name;
    },
    get opts() {
      return base.opts;
    },
    get pillar() {
      return base.pillar;
    },
    services: base.services,
    deliver(load: ReturnLoad, entry: JournalEntry | null, keep: boolean) {
      if (job["return_job"] === false) {
        if (entry !== null) journal().remove(entry);
        return;
      }
      const nocache = job["return_job"] === "nocache" && !withReturners;
      base.deliver(
        forMaster(load, nocache ? "nocache" : withReturners ? null : "req"),
        entry,
        keep,
      );
    },
  };
}

/** The master gives the job an id, unless returners know it by its own. */
function forMaster(load: ReturnLoad, jid: string | null): ReturnLoad {
  if (jid === null) return load;
  const more = jid === "req" ? { tgt: load.id, tgt_type: "glob", arg: load.fun_args } : {};
  return { ...load, jid: jid as ReturnLoad["jid"], ...more };
}
