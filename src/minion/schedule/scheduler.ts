/**
 * Runs jobs by the clock. It sleeps until the next one is due; Salt looks once a second.
 * (`salt/utils/schedule.py:Schedule`)
 * @module
 */
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { strftime } from "../../logging/strftime.ts";
import { dumpJson } from "../../serializers/json_dump.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import type { Clock } from "../../channel/clock.ts";
import { aborted } from "../aborted.ts";
import { afterSkipRange, explicitTimes, type Globals, mayRun } from "./conditions.ts";
import { intervalOf, nextTime, ScheduleError, splaySeconds, TIME_FORMAT } from "./plan.ts";

const log = getLogger("saltx.schedule");

/** Keys of a schedule that are no jobs. */
export const GLOBALS: ReadonlySet<string> = new Set([
  "enabled",
  "skip_function",
  "skip_during_range",
  "splay",
]);

/** ms that it sleeps at most: the clock of the host may be set meanwhile. */
const MOST_SLEEP = 30_000;

/** A job that is to run now. */
export interface ScheduledRun {
  name: string;
  fun: string;
  job: DataMap;
}

/** What a scheduler works with. */
export interface SchedulerParts {
  clock: Clock;
  /** The schedules that there are now; the later win. */
  schedules(): { pillar: DataMap; opts: DataMap };
  grains(): DataMap;
  pillar(): DataMap;
  run(run: ScheduledRun): void;
  /** How many jobs of this name run. */
  running(name: string): number;
}

/** What is known of a job. Times are in ms since 1970. */
interface JobState {
  /** What it was planned by. */
  source: string;
  interval: number | null;
  next: number | null;
  splay: number | null;
  lastRun: number | null;
  startPending: boolean;
  /** Explicit times that are still to come. */
  explicit: Set<number>;
  skipped: { reason: string; time: number } | null;
  error: string | null;
}

/** Evaluates a schedule. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #states = new Map<string, JobState>();
  readonly #stop = new AbortController();
  #nap: AbortController | null = null;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Runs until stopped. */
  async run(): Promise<void> {
    const { clock } = this.#parts;
    while (!this.#stop.signal.aborted) {
      const next = this.tick();
      this.#nap = new AbortController();
      const signal = AbortSignal.any([this.#nap.signal, this.#stop.signal]);
      if (next === null) await aborted(signal);
      else {
        const wait = Math.min(Math.max(next - clock.now().getTime(), 1), MOST_SLEEP);
        await clock.sleep(wait, signal).catch(() => {});
      }
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  /** The schedule has changed: looks at it now. */
  wake(): void {
    this.#nap?.abort();
  }

  /** Forgets when a job is due: it is planned anew. */
  forget(name: string): void {
    this.#states.delete(name);
    this.wake();
  }

  /** Runs what is due. The time at which something is due next; null: nothing is. */
  tick(): number | null {
    const now = this.#parts.clock.now().getTime();
    const schedule = this.schedule();
    for (const name of this.#states.keys()) if (!isMap(schedule[name])) this.#states.delete(name);
    let next: number | null = null;
    for (const [name, job] of Object.entries(schedule)) {
      if (GLOBALS.has(name)) continue;
      if (!isMap(job)) {
        log.error(`Scheduled job "${name}" should have a dict value`);
        continue;
      }
      const due = this.#look(name, job, now, schedule);
      if (due !== null && (next === null || due < next)) next = due;
    }
    return next;
  }

  /** Pillar and options together. */
  schedule(): DataMap {
    const { pillar, opts } = this.#parts.schedules();
    return { ...pillar, ...opts };
  }

  /** Runs a job now, whatever its time is. */
  runNow(name: string): void {
    const job = this.schedule()[name];
    if (isMap(job)) this.#start(name, job, functionOf(job), this.#stateOf(name, job));
    else log.info(`There is no scheduled job ${name}`);
  }

  /** The next time of a job, as text; null: it has none. */
  nextFireTime(name: string, format = TIME_FORMAT): string | null {
    const job = this.schedule()[name];
    const next = isMap(job) ? this.#stateOf(name, job).next : null;
    return next === null ? null : strftime(format, new Date(next));
  }

  /** All that is known of a job; empty when there is none. */
  status(name: string, format = TIME_FORMAT): DataMap {
    const job = this.schedule()[name];
    if (!isMap(job)) return {};
    const state = this.#stateOf(name, job);
    const text = (time: number | null) => time === null ? null : strftime(format, new Date(time));
    return {
      ...job,
      name: job["name"] ?? name,
      ...(state.interval === null ? {} : { _seconds: state.interval }),
      _next_fire_time: text(state.next),
      _next_scheduled_fire_time: text(state.next),
      _splay: text(state.splay),
      ...(state.lastRun === null ? {} : { _last_run: text(state.lastRun) }),
      ...(state.error === null ? {} : { _error: state.error }),
      ...(state.skipped === null ? {} : {
        _skipped: true,
        _skip_reason: state.skipped.reason,
        _skipped_time: text(state.skipped.time),
      }),
    };
  }

  /** Looks at one job, and runs it when it is due. When it is due next. */
  #look(name: string, job: DataMap, now: number, schedule: DataMap): number | null {
    const state = this.#stateOf(name, job);
    try {
      if (state.error !== null) return null;
      if (state.startPending) {
        state.startPending = false;
        this.#tryRun(name, job, state, now, schedule, false);
      }
      for (const time of state.explicit) {
        if (time > now) continue;
        state.explicit.delete(time);
        this.#tryRun(name, job, state, now, schedule, true);
      }
      if (state.next !== null && state.splay === null) this.#addSplay(job, state, schedule);
      const due = state.splay ?? state.next;
      if (due !== null && due <= now) {
        this.#tryRun(name, job, state, now, schedule, true);
        state.next = nextTime(name, job, now, this.#whens(), state.lastRun ?? now);
        state.splay = null;
        if (state.next !== null) this.#addSplay(job, state, schedule);
      }
      const times = [state.splay ?? state.next, ...state.explicit].filter((time) => time !== null);
      return times.length > 0 ? Math.min(...times) : null;
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      state.error = messageOf(error);
      log.error(state.error);
      return null;
    }
  }

  #addSplay(job: DataMap, state: JobState, schedule: DataMap): void {
    const splay = job["splay"] ?? schedule["splay"] ?? null;
    if (splay === null || splay === 0 || state.next === null) return;
    try {
      const seconds = splaySeconds(splay, () => this.#parts.clock.random());
      if (seconds > 0) state.splay = state.next + seconds * 1000;
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      log.error(error.message);
    }
  }

  /** @param checked whether ranges and the like count; a run at the start passes them by. */
  #tryRun(
    name: string,
    job: DataMap,
    state: JobState,
    now: number,
    schedule: DataMap,
    checked: boolean,
  ): void {
    state.skipped = null;
    const skip = (reason: string) => {
      state.skipped = { reason, time: now };
      log.debug(`Scheduled job ${name} is skipped: ${reason}`);
    };
    if (schedule["enabled"] === false || job["enabled"] === false) return skip("disabled");
    const globals: Globals = {
      skipFunction: typeof schedule["skip_function"] === "string"
        ? schedule["skip_function"]
        : null,
      skipDuringRange: schedule["skip_during_range"] ?? null,
    };
    let fun = functionOf(job);
    if (checked) {
      const verdict = mayRun(name, job, now, globals);
      if (!verdict.run) {
        if (verdict.reason === "in_skip_range") {
          const later = afterSkipRange(name, job, globals, now);
          if (later !== null) state.explicit.add(later);
        }
        return skip(verdict.reason);
      }
      fun = verdict.instead ?? fun;
    }
    if (!this.#start(name, job, fun, state)) skip("maxrunning");
  }

  /** False: as many of it run already as may. */
  #start(name: string, job: DataMap, fun: string, state: JobState): boolean {
    if (job["jid_include"] !== false) {
      const most = Number(job["maxrunning"] ?? 1);
      if (this.#parts.running(name) >= most) {
        log.debug(
          `schedule.handle_func: The scheduled job ${name} was not started, ${most} already running`,
        );
        return false;
      }
    }
    state.lastRun = this.#parts.clock.now().getTime();
    if (job["dry_run"] === true) {
      log.debug(`Job ${name} has 'dry_run' set to True. Not running it.`);
      return true;
    }
    log.info(`Running scheduled job: ${name}`);
    this.#parts.run({ name, fun, job });
    return true;
  }

  /** What is known of a job; one that was changed is planned anew. */
  #stateOf(name: string, job: DataMap): JobState {
    const source = dumpJson(job, { sortKeys: true });
    const known = this.#states.get(name);
    if (known?.source === source) return known;
    const now = this.#parts.clock.now().getTime();
    const state: JobState = {
      source,
      interval: null,
      next: null,
      splay: null,
      lastRun: known?.lastRun ?? null,
      startPending: job["run_on_start"] === true && known === undefined,
      explicit: new Set(explicitTimes(job["run_explicit"]).filter((time) => time >= now - 1000)),
      skipped: null,
      error: null,
    };
    try {
      state.interval = intervalOf(job);
      state.next = nextTime(name, job, now, this.#whens());
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      state.error = error.message;
      log.error(state.error);
    }
    this.#states.set(name, state);
    return state;
  }

  #whens() {
    return { pillar: this.#parts.pillar(), grains: this.#parts.grains() };
  }
}

function functionOf(job: DataMap): string {
  const fun: Data | undefined = job["function"] ?? job["func"] ?? job["fun"];
  return String(fun ?? "");
}
