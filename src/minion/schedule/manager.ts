/**
 * The schedule of a minion and what changes it: options, pillar, and the functions of the module
 * `schedule`. What was changed is kept in `minion.d/_schedule.conf`.
 * (`salt/utils/schedule.py:Schedule`, `salt/minion.py:Minion.manage_schedule`)
 * @module
 */
import { join } from "node:path";
import { messageOf } from "../../errors.ts";
import { atomicWrite, ensureDir } from "../../fs/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { dumpYaml } from "../../serializers/yaml_dump.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { copyMap } from "../copy_data.ts";
import { TIME_FORMAT } from "./plan.ts";
import { GLOBALS, Scheduler, type SchedulerParts } from "./scheduler.ts";

const log = getLogger("saltx.schedule");

/** Where Salt tells of what was done. */
const TAG = "/salt/minion/minion_schedule_";

/** What it works with. */
export interface ManagerParts extends Omit<SchedulerParts, "schedules"> {
  /** The option `schedule`. */
  configured: DataMap;
  /** The folder with `_schedule.conf`. */
  folder: string;
  /** Fires on the minion's bus. */
  fire(tag: string, data: DataMap): void;
}

/** The event that answers a request. */
interface Reply {
  tag: string;
  data: DataMap;
}

/** A schedule that runs. */
export class ScheduleManager {
  readonly scheduler: Scheduler;
  readonly #parts: ManagerParts;
  #opts: DataMap;

  constructor(parts: ManagerParts) {
    this.#parts = parts;
    this.#opts = copyMap(parts.configured);
    this.scheduler = new Scheduler({
      ...parts,
      schedules: () => ({ pillar: this.#pillar(), opts: this.#opts }),
    });
  }

  /** Adds a job of the minion's own, which is not kept; null takes it away. */
  setInternal(name: string, job: DataMap | null): void {
    delete this.#opts[name];
    if (job !== null) this.#opts[name] = job;
    this.scheduler.wake();
  }

  /**
   * Does what a request of the module `schedule` says, and tells the bus.
   * @returns the data of the event; empty where Salt fires none.
   */
  async manage(request: DataMap): Promise<DataMap> {
    const reply = await this.#do(request);
    this.scheduler.wake();
    if (reply === null) return {};
    this.#parts.fire(reply.tag, reply.data);
    return reply.data;
  }

  async #do(request: DataMap): Promise<Reply | null> {
    const name = String(request["name"] ?? "");
    const persist = request["persist"] !== false && request["persist"] !== null;
    switch (request["func"]) {
      case "add":
        return await this.#add(request["schedule"], persist);
      case "delete":
        return await this.#delete(name, persist);
      case "modify":
        return await this.#modify(name, request["schedule"], persist);
      case "enable":
      case "disable": {
        const enabled = request["func"] === "enable";
        this.#opts["enabled"] = enabled;
        await this.#persistIf(persist);
        return this.#reply(enabled ? "enabled_complete" : "disabled_complete");
      }
      case "enable_job":
      case "disable_job": {
        const enabled = request["func"] === "enable_job";
        this.#change(name, (job) => ({ ...job, enabled }));
        await this.#persistIf(persist);
        return this.#reply(enabled ? "enabled_job_complete" : "disabled_job_complete");
      }
      case "postpone_job":
        this.#skip(name, request);
        this.#change(name, (job) => withTime(job, "run_explicit", request["new_time"], request));
        return this.#reply("postpone_job_complete");
      case "skip_job":
        this.#skip(name, request);
        return this.#reply("skip_job_complete");
      case "run_job":
        this.scheduler.runNow(name);
        return null;
      case "reload":
        this.#reload(request["schedule"]);
        return null;
      case "list":
        return this.#reply("list_complete", { schedule: this.#listed(request["where"]) });
      case "save_schedule":
        await this.#persist();
        return { tag: `${TAG}saved`, data: { complete: true } };
      case "get_next_fire_time":
        return this.#reply("next_fire_time_complete", {
          next_fire_time: this.scheduler.nextFireTime(name),
        });
      case "job_status":
        return this.#reply("job_status_complete", {
          data: this.scheduler.status(name, textOr(request["time_fmt"], TIME_FORMAT)),
        });
      default:
        log.error(`Function "${String(request["func"])}" is unavailable in salt.utils.scheduler`);
        return null;
    }
  }

  #reply(what: string, data: DataMap = { schedule: this.#listed(null) }): Reply {
    return { tag: TAG + what, data: { complete: true, ...data } };
  }

  #pillar(): DataMap {
    const found = this.#parts.pillar()["schedule"];
    return isMap(found) ? found : {};
  }

  #listed(where: Data | undefined): DataMap {
    if (where === "pillar") return copyMap(this.#pillar());
    return copyMap(where === "opts" ? this.#opts : { ...this.#pillar(), ...this.#opts });
  }

  async #add(schedule: Data | undefined, persist: boolean): Promise<Reply> {
    if (isMap(schedule)) {
      for (const [name, job] of Object.entries(schedule)) {
        if (!isMap(job)) log.error("Scheduled jobs have to be of type dict.");
        else if (this.#isInPillar(name)) {
          log.warning(`Cannot update job ${name}, it's in the pillar!`);
        } else {
          const known = Object.hasOwn(this.#opts, name);
          log.info(
            known
              ? `Updating job settings for scheduled job: ${name}`
              : `Added new job ${name} to scheduler`,
          );
          this.#opts[name] = { ...job, enabled: job["enabled"] ?? true };
        }
      }
      await this.#persistIf(persist);
    }
    return this.#reply("add_complete");
  }

  async #delete(name: string, persist: boolean): Promise<Reply> {
    if (Object.hasOwn(this.#opts, name)) delete this.#opts[name];
    else if (this.#isInPillar(name)) log.warning(`Cannot delete job ${name}, it's in the pillar!`);
    this.scheduler.forget(name);
    await this.#persistIf(persist);
    return this.#reply("delete_complete");
  }

  async #modify(name: string, job: Data | undefined, persist: boolean): Promise<Reply | null> {
    const own = Object.hasOwn(this.#opts, name);
    if (!own && this.#isInPillar(name)) {
      log.warning(`Cannot modify job ${name}, it's in the pillar!`);
      return null;
    }
    if (isMap(job)) this.#opts[name] = job;
    this.scheduler.forget(name);
    await this.#persistIf(persist);
    return own ? this.#reply("delete_complete") : null;
  }

  #skip(name: string, request: DataMap): void {
    this.#change(name, (job) => withTime(job, "skip_explicit", request["time"], request));
  }

  #change(name: string, change: (job: DataMap) => DataMap): void {
    const job = this.#opts[name];
    if (isMap(job)) this.#opts[name] = change(job);
    else if (this.#isInPillar(name)) log.warning(`Cannot modify job ${name}, it's in the pillar!`);
  }

  #reload(given: Data | undefined): void {
    if (!isMap(given)) return;
    const schedule = isMap(given["schedule"]) ? given["schedule"] : given;
    this.#opts = { ...this.#opts, ...copyMap(schedule) };
    for (const name of Object.keys(schedule)) this.scheduler.forget(name);
  }

  #isInPillar(name: string): boolean {
    return Object.hasOwn(this.#pillar(), name);
  }

  async #persistIf(persist: boolean): Promise<void> {
    if (persist) await this.#persist();
  }

  /** The minion's own jobs, which Salt's minions keep there too, are made anew at each start. */
  async #persist(): Promise<void> {
    const kept = Object.entries(this.#opts).filter(([name]) => !name.startsWith("__"))
      .map(([name, job]) => [name, GLOBALS.has(name) || !isMap(job) ? job : visible(job)]);
    const path = join(this.#parts.folder, "_schedule.conf");
    try {
      ensureDir(this.#parts.folder, 0o750);
      const text = dumpYaml({ schedule: Object.fromEntries(kept) });
      await atomicWrite(path, text, { mode: 0o600 });
    } catch (error) {
      log.error(`Failed to persist the updated schedule: ${path}: ${messageOf(error)}`);
    }
  }
}

/** Adds a time to a list of explicit ones. */
function withTime(
  job: DataMap,
  key: string,
  time: Data | undefined,
  { time_fmt = "%Y-%m-%dT%H:%M:%S" }: DataMap,
): DataMap {
  const known = Array.isArray(job[key]) ? job[key] : [];
  return { ...job, [key]: [...known, { time: time ?? null, time_fmt }] };
}

function textOr(value: Data | undefined, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function visible(job: DataMap): DataMap {
  return Object.fromEntries(Object.entries(job).filter(([key]) => !key.startsWith("_")));
}
