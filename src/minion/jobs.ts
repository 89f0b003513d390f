/**
 * Runs jobs side by side: takes each once, bounds how many run, and brings their results away.
 * (`salt/minion.py:Minion._handle_decoded_payload, _thread_return`)
 * @module
 */
import { EX, messageOf } from "../errors.ts";
import { createContext } from "../loader/context.ts";
import { executeJob, type JobResult } from "../loader/execute.ts";
import { DIRECT } from "../loader/executors/mod.ts";
import type { BlockingCaller, MinionServices, RunningJob } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import type { MinionOpts } from "../config/mod.ts";
import type { DataMap, MinionId, PublishLoad, ReturnLoad } from "../types/mod.ts";
import { isMap } from "../types/mod.ts";
import type { Clock } from "../channel/clock.ts";
import { cacheReturn } from "./cached_returns.ts";
import { JidMemory } from "./jid_memory.ts";
import { interruptedReturn, returnerLoad, returnersOf, returnLoad } from "./job_return.ts";
import { Job, JobKilled, MinionStopping } from "./job.ts";
import type { JobJournal, JournalEntry } from "./journal.ts";
import { LastReturns } from "./last_returns.ts";
import type { ProcFiles } from "./proc_files.ts";
import type { World } from "./world.ts";

const log = getLogger("saltx.minion");

/** Where a job came from and its return goes to. */
export interface JobOrigin {
  /** Of the master, as it is configured. */
  readonly name: string;
  /** What the job's functions see of this master. */
  readonly opts: MinionOpts;
  readonly pillar: DataMap;
  readonly services: MinionServices;
  deliver(load: ReturnLoad, entry: JournalEntry | null, keep: boolean): void;
}

/** Functions that look after jobs: they never wait behind them, and their returns are of no use later. */
const CONTROL = new Set([
  "saltutil.find_job",
  "saltutil.running",
  "saltutil.is_running",
  "saltutil.kill_job",
  "saltutil.kill_all_jobs",
  "saltutil.term_job",
  "saltutil.term_all_jobs",
  "saltutil.signal_job",
]);

/** Jobs that run at once when `process_count_max` sets no bound. */
const DEFAULT_MOST = 200;

/** Jobs that wait for their turn. */
const MOST_WAITING = 10_000;

/** Control functions that run at once; more is a flood. */
const MOST_CONTROL = 1_000;

/** What a runner works with. */
export interface JobRunnerParts {
  opts: MinionOpts;
  world: World;
  /** Whether jobs may come by several masters. */
  manyMasters?: () => boolean;
  /** Asked for when the first job comes, since it is opened while the minion signs in. */
  journal: () => JobJournal;
  procFiles: ProcFiles;
  clock: Clock;
  callBlocking?: BlockingCaller;
  /** Takes a return to places besides the master. */
  toReturners(names: readonly string[], ret: DataMap): void;
}

interface Waiting {
  job: Job;
  origin: JobOrigin;
}

/** All jobs of a minion, of whichever master. */
export class JobRunner {
  readonly #parts: JobRunnerParts;
  readonly #seen: JidMemory;
  readonly #most: number;
  readonly #jobs = new Map<Job, JobOrigin>();
  readonly #controls = new Set<Job>();
  readonly #waiting: Waiting[] = [];
  /** Who besides its origin wants the return of a job. */
  readonly #others = new Map<Job, JobOrigin[]>();
  readonly #returned = new LastReturns();
  readonly #runs = new Set<Promise<void>>();
  #running = 0;
  #stopping = false;

  constructor(parts: JobRunnerParts) {
    const { process_count_max: most, minion_jid_queue_hwm: memory } = parts.opts;
    this.#parts = parts;
    this.#seen = new JidMemory(memory);
    this.#most = most > 0 ? most : DEFAULT_MOST;
  }

  /** Notes job ids of an earlier process, which are not to run again. */
  remember(jids: string[]): void {
    for (const jid of jids) this.#seen.add(jid);
  }

  /** Runs a job that is for this minion, or lets it wait. A job id that is known already does nothing. */
  submit(load: PublishLoad, origin: JobOrigin): void {
    const by = typeof load.user === "string" ? `User ${load.user} ` : "";
    log.info(`${by}Executing command ${funText(load)} with jid ${load.jid}`);
    if (this.#stopping) return;
    if (load.jid !== "req" && !this.#seen.add(load.jid)) {
      return this.#again(load, origin);
    }
    const job = new Job(load);
    if (typeof load.fun === "string" && CONTROL.has(load.fun)) {
      if (this.#controls.size < MOST_CONTROL) this.#track(this.#runControl(job, origin));
      else log.warning(`Job ${load.jid} was dropped: too many jobs look after jobs`);
      return;
    }
    if (this.#running < this.#most) return this.#begin(job, origin);
    if (this.#waiting.length >= MOST_WAITING) {
      log.error(`Job ${load.jid} was refused: ${MOST_WAITING} jobs wait already`);
      const text = `ERROR: The minion has ${MOST_WAITING} jobs waiting and takes no more`;
      this.#answer(job, origin, failure(text), null, true);
      return;
    }
    log.warning(
      `Maximum number of processes reached while executing jid ${load.jid}, queuing... ` +
        `(Running: ${this.#running}, Max: ${this.#most})`,
    );
    this.#waiting.push({ job, origin });
    this.#jobs.set(job, origin);
    this.#parts.procFiles.add(load);
  }

  /** A job that is known: by another master, it is not run again, but both get its return. */
  #again(load: PublishLoad, origin: JobOrigin): void {
    for (const [job, first] of this.#jobs) {
      if (job.jid !== load.jid) continue;
      const others = this.#others.get(job) ?? [];
      if ([first, ...others].some(({ name }) => name === origin.name)) break;
      log.info(`Job ${load.jid} came by master ${origin.name} too; it gets the return as well`);
      this.#others.set(job, [...others, origin]);
      return;
    }
    const ret = this.#returned.for(load.jid, origin.name);
    if (ret === null) return void log.debug(`Job ${load.jid} is known already; not run again`);
    log.info(`Job ${load.jid} came by master ${origin.name} too, after it had run`);
    origin.deliver(ret, this.#parts.journal().start(origin.name, load), true);
  }

  /** Jobs that run or wait for their turn. */
  running(): RunningJob[] {
    return [...this.#jobs.keys(), ...this.#controls];
  }

  /**
   * Takes no more jobs, lets those that run end, and cuts what is left after `ms`; these and the
   * ones that still waited are returned as interrupted.
   */
  async stop(ms: number): Promise<void> {
    this.#stopping = true;
    for (const { job } of this.#waiting) job.cut(new MinionStopping());
    for (const { job, origin } of this.#waiting.splice(0)) this.#interrupt(job, origin, null);
    if (this.#runs.size === 0) return;
    if (this.#jobs.size > 0) log.info(`Waiting for ${this.#jobs.size} jobs to end`);
    const over = new AbortController();
    const late = this.#parts.clock.sleep(ms, over.signal).catch(() => {});
    await Promise.race([this.#ended(), late]);
    over.abort();
    for (const job of this.running()) (job as Job).cut(new MinionStopping());
    await this.#ended();
  }

  async #ended(): Promise<void> {
    while (this.#runs.size > 0) await Promise.allSettled(this.#runs);
  }

  #track(run: Promise<void>): void {
    const guarded = run.catch((error) => {
      log.critical("A job ended in a way that was not foreseen", error);
    });
    this.#runs.add(guarded);
    void guarded.then(() => this.#runs.delete(guarded));
  }

  #begin(job: Job, origin: JobOrigin): void {
    this.#running += 1;
    this.#jobs.set(job, origin);
    this.#parts.procFiles.add(job.load);
    this.#track(
      this.#run(job, origin).finally(() => {
        this.#running -= 1;
        const next = this.#waiting.shift();
        if (next) this.#begin(next.job, next.origin);
      }),
    );
  }

  async #runControl(job: Job, origin: JobOrigin): Promise<void> {
    this.#controls.add(job);
    try {
      this.#answer(job, origin, await this.#execute(job, origin, true), null, false);
    } catch (error) {
      log.info(`Job ${job.jid} was cut: ${messageOf(error)}`);
    } finally {
      this.#controls.delete(job);
    }
  }

  async #run(job: Job, origin: JobOrigin): Promise<void> {
    if (job.signal.aborted) return this.#cut(job, origin, null, job.signal.reason);
    const entry = this.#parts.journal().start(origin.name, job.load);
    log.info(`Starting a new job ${job.jid} with PID ${job.pid}`);
    try {
      const result = await this.#execute(job, origin);
      this.#forget(job);
      this.#answer(job, origin, result, entry, true);
    } catch (error) {
      this.#cut(job, origin, entry, error);
    }
  }

  /** @param direct Past all executors: a splay would hold it back, another user sees no jobs. */
  async #execute(job: Job, origin: JobOrigin, direct = false): Promise<JobResult> {
    const { world, callBlocking } = this.#parts;
    const { load } = job;
    await world.ready();
    if (!direct && origin.opts.grains_refresh_pre_exec) await world.refreshGrains();
    const ctx = createContext({
      opts: direct ? { ...origin.opts, sudo_user: "" } : origin.opts,
      grains: world.grains,
      pillar: origin.pillar,
      registry: world.registry,
      minion: origin.services,
      job: load,
      signal: job.signal,
      log: getLogger(`saltx.modules.${moduleOf(load)}`),
      trackProcess: job.trackProcess,
      ...(callBlocking ? { callBlocking } : {}),
    });
    const request = direct ? { ...load, module_executors: DIRECT } : load;
    return await job.untilCut(executeJob(ctx, request));
  }

  #answer(
    job: Job,
    origin: JobOrigin,
    result: JobResult,
    entry: JournalEntry | null,
    keep: boolean,
  ): void {
    const { load } = job;
    if (isMap(result.return) && result.return["__no_return__"]) {
      log.debug(`The return of job ${load.jid} is held back, as it asks`);
      this.#others.delete(job);
      if (entry !== null) this.#parts.journal().remove(entry);
      return;
    }
    const { opts, clock } = this.#parts;
    const ret = returnLoad(opts.id as MinionId, load, result);
    this.#toReturners(load, ret);
    if (opts.cache_jobs && keep) cacheReturn(opts.cachedir, ret, clock.now());
    this.#deliver(job, origin, ret, entry, keep);
  }

  #deliver(
    job: Job,
    origin: JobOrigin,
    ret: ReturnLoad,
    entry: JournalEntry | null,
    keep: boolean,
  ): void {
    origin.deliver(ret, entry, keep);
    const others = this.#others.get(job) ?? [];
    this.#others.delete(job);
    for (const other of others) {
      other.deliver(ret, this.#parts.journal().start(other.name, job.load), keep);
    }
    if (keep && this.#parts.manyMasters?.()) {
      this.#returned.note(ret, [origin, ...others].map(({ name }) => name));
    }
  }

  /** What becomes of a job that was ended from outside: killed ones return nothing, as Salt's. */
  #cut(job: Job, origin: JobOrigin, entry: JournalEntry | null, reason: unknown): void {
    this.#forget(job);
    if (reason instanceof MinionStopping) return this.#interrupt(job, origin, entry);
    this.#others.delete(job);
    if (entry !== null) this.#parts.journal().remove(entry);
    if (!(reason instanceof JobKilled)) throw reason;
    log.info(`Job ${job.jid} was killed: ${messageOf(reason)}`);
  }

  #interrupt(job: Job, origin: JobOrigin, entry: JournalEntry | null): void {
    const begun = entry !== null;
    this.#forget(job);
    log.warning(`Job ${job.jid} is interrupted: the minion stops`);
    const when = begun
      ? "the minion was stopped while this job ran"
      : "the minion was stopped before this job ran";
    const { opts, journal } = this.#parts;
    const load = interruptedReturn(opts.id as MinionId, job.load, when);
    this.#toReturners(job.load, load);
    this.#deliver(job, origin, load, entry ?? journal().start(origin.name, job.load), true);
  }

  #forget(job: Job): void {
    this.#jobs.delete(job);
    this.#parts.procFiles.remove(job.jid);
  }

  #toReturners(load: PublishLoad, ret: ReturnLoad): void {
    const names = returnersOf(load, this.#parts.opts);
    if (names.length > 0) this.#parts.toReturners(names, returnerLoad(load, ret));
  }
}

function failure(text: string): JobResult {
  return { return: text, retcode: EX.GENERIC, success: false, out: "nested" };
}

function funText(load: PublishLoad): string {
  return Array.isArray(load.fun) ? load.fun.join(",") : load.fun;
}

function moduleOf(load: PublishLoad): string {
  const fun = Array.isArray(load.fun) ? load.fun[0] ?? "" : load.fun;
  return fun.split(".")[0] ?? fun;
}
