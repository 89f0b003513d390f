/**
 * What a minion does by the clock: its schedule and the mine; and the beacons that are configured.
 * @module
 */
import { dirname, join } from "node:path";
import type { Clock } from "../channel/clock.ts";
import type { MinionOpts } from "../config/mod.ts";
import { getLogger } from "../logging/mod.ts";
import { type DataMap, isMap } from "../types/mod.ts";
import { BeaconManager } from "./beacon_manager.ts";
import type { JobOrigin, JobRunner } from "./jobs.ts";
import type { JobJournal } from "./journal.ts";
import { ScheduleManager } from "./schedule/manager.ts";
import { scheduledLoad, scheduledOrigin } from "./schedule/run.ts";
import type { World } from "./world.ts";

const log = getLogger("saltx.minion");

/** The job of Salt's minions that brings the mine up to date. */
const MINE_JOB = "__mine_interval";

/** What it works with. */
export interface TimedParts {
  opts: MinionOpts;
  clock: Clock;
  world: World;
  jobs: JobRunner;
  journal: () => JobJournal;
  /** The connection whose master gets returns; null: there is none. */
  origin(): JobOrigin | null;
  /** Fires on the minion's buses. */
  fire(tag: string, data: DataMap): void;
}

/** What can be managed from the modules `schedule` and `beacons`. */
export type Managed = "schedule" | "beacons";

/** The clock of a minion. */
export class Timed {
  readonly #parts: TimedParts;
  readonly #schedule: ScheduleManager;
  readonly #beacons: BeaconManager;
  #started = false;

  constructor(parts: TimedParts) {
    this.#parts = parts;
    const { opts, clock, world, jobs } = parts;
    const pillar = () => parts.origin()?.pillar ?? {};
    const fire = (tag: string, data: DataMap) => parts.fire(tag, data);
    const configured = { ...mapOf(opts["schedule"]) };
    // Files of Salt's minions have it; this one makes its own.
    delete configured[MINE_JOB];
    this.#schedule = new ScheduleManager({
      configured,
      folder: join(dirname(opts.conf_file), dirname(String(opts.default_include))),
      clock,
      pillar,
      grains: () => world.grains,
      fire,
      running: (name) => jobs.running().filter(({ load }) => load["schedule"] === name).length,
      run: ({ name, fun, job }) => {
        const origin = parts.origin();
        if (name === MINE_JOB && !hasMine(opts, pillar())) return;
        if (origin === null) return log.warning(`Scheduled job ${name} has no master; not run`);
        const load = scheduledLoad(opts, { name, fun, job });
        const from = scheduledOrigin(origin, job, parts.journal, load.ret !== "");
        jobs.submit(load, from);
      },
    });
    this.#beacons = new BeaconManager({ configured: mapOf(opts["beacons"]), pillar, fire });
  }

  /** Begins to run jobs. Safe to call twice. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    const { mine_enabled, mine_interval, mine_return_job } = this.#parts.opts;
    const known = this.#parts.world.registry.lookup("mine.update") !== undefined;
    if (mine_enabled && mine_interval > 0 && known) {
      this.#schedule.setInternal(MINE_JOB, {
        function: "mine.update",
        minutes: mine_interval,
        jid_include: true,
        maxrunning: 2,
        run_on_start: true,
        return_job: mine_return_job,
      });
    }
    this.#schedule.scheduler.run().catch((error) => log.critical("The schedule has ended", error));
  }

  /** Runs nothing any more. */
  stop(): void {
    this.#schedule.scheduler.stop();
  }

  /** The pillar has changed, and with it perhaps the schedule. */
  pillarChanged(): void {
    this.#schedule.scheduler.wake();
  }

  /** Does what the modules `schedule` and `beacons` ask. The data of the event that says so. */
  async manage(what: Managed, request: DataMap): Promise<DataMap> {
    return what === "schedule"
      ? await this.#schedule.manage(request)
      : this.#beacons.manage(request);
  }
}

/** Whether there is anything to mine. */
function hasMine(opts: MinionOpts, pillar: DataMap): boolean {
  const functions = [
    opts.mine_functions,
    pillar["mine_functions"],
    mapOf(pillar["master"])["mine_functions"],
  ];
  return functions.some((some) => isMap(some) ? Object.keys(some).length > 0 : Array.isArray(some));
}

function mapOf(value: unknown): DataMap {
  return isMap(value) ? value : {};
}
