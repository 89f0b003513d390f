/**
 * Starts and stops a minion. (`salt/minion.py:MinionManager`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { hasOutbox } from "../cache/outbox_path.ts";
import { messageOf, SaltException } from "../errors.ts";
import { ensureDir } from "../fs/mod.ts";
import { getLogger } from "../logging/mod.ts";
import type { DataMap, MinionId } from "../types/mod.ts";
import { busAddresses } from "./bus_address.ts";
import { MasterConnection } from "./connection.ts";
import { interruptedReturn, returnerLoad, returnersOf } from "./job_return.ts";
import { JobRunner } from "./jobs.ts";
import { type JobJournal, noJournal } from "./journal.ts";
import { withFoundMaster } from "./master_func.ts";
import { planConnections } from "./masters.ts";
import type { ReturnerOutbox } from "../plugins/returners/outbox.ts";
import { type MinionParts, realParts } from "./parts.ts";
import { ProcFiles } from "./proc_files.ts";
import { startupJob } from "./startup_job.ts";
import { type Managed, Timed } from "./timed.ts";
import { World } from "./world.ts";

const log = getLogger("saltx.minion");

/** Of `drain_timeout`, the part that jobs get to end, and what their returns get to reach the master. */
const JOBS_PART = 0.75;
const RETURNS_PART = 0.2;

/** A minion that runs. */
export interface RunningMinion {
  /** Resolves when a master was reached for the first time; rejects when none will be. */
  readonly ready: Promise<void>;
  /** Resolves when the minion was stopped; rejects when all masters refuse it for good. */
  readonly ended: Promise<void>;
  /** Lets jobs end, sends returns, closes all. Safe to call twice. */
  stop(): Promise<void>;
  /** Loads grains and modules anew and fetches the pillar again. */
  reload(): Promise<void>;
}

/** How to start. */
export interface StartOptions {
  /** In place of the real ones. */
  parts?: Partial<MinionParts>;
}

/**
 * Starts a minion; it connects in the background, since a master may be away for long.
 * @throws SaltConfigurationError when no master is named, and what binding the event bus rejects with.
 */
export async function startMinion(
  opts: MinionOpts,
  options: StartOptions = {},
): Promise<RunningMinion> {
  const parts: MinionParts = { ...realParts(opts), ...options.parts };
  // What is wrong in the configuration is told before anything is touched.
  if (opts.master_type !== "func") plan(opts, parts);
  log.info(`Minion is starting as user '${opts.user}'`);
  ensureDir(opts.cachedir);
  ensureDir(opts.sock_dir, 0o750);
  const minion = new Minion(opts, parts);
  try {
    await minion.connect();
  } catch (error) {
    await minion.stop();
    throw error;
  }
  minion.run();
  return minion;
}

function plan(opts: MinionOpts, parts: Pick<MinionParts, "clock">) {
  const warnings = new Set<string>();
  const connections = planConnections(
    opts,
    (message) => warnings.add(message),
    () => parts.clock.random(),
  );
  const buses = busAddresses(opts, connections.map((masters) => masters[0]!.name));
  return { connections, buses, warnings };
}

class Minion implements RunningMinion {
  readonly shared;
  readonly #opts: MinionOpts;
  readonly #parts: MinionParts;
  readonly #world: World;
  readonly #jobs: JobRunner;
  readonly #timed: Timed;
  readonly #connections: MasterConnection[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #journal: JobJournal = noJournal;
  #isReady = false;
  #opening: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;
  readonly #stop = new AbortController();
  #returners: Promise<ReturnerOutbox> | null = null;

  constructor(opts: MinionOpts, parts: MinionParts) {
    this.#opts = opts;
    this.#parts = parts;
    const procFiles = new ProcFiles(opts.cachedir);
    procFiles.prepare();
    this.#world = new World(opts, parts);
    const journal = () => this.#journal;
    const { clock, callBlocking } = parts;
    this.#jobs = new JobRunner({
      opts,
      world: this.#world,
      manyMasters: () => this.#connections.length > 1,
      journal,
      procFiles,
      clock,
      callBlocking,
      toReturners: (names, ret) => void this.#toReturners(names, ret),
    });
    this.#timed = new Timed({
      opts,
      clock,
      world: this.#world,
      jobs: this.#jobs,
      journal,
      origin: () =>
        (this.#connections.find(({ connected }) => connected) ?? this.#connections[0])?.origin ??
          null,
      fire: (tag, data) => {
        for (const connection of this.#connections) connection.fireLocal(tag, data);
      },
    });
    this.shared = {
      ...parts,
      manage: (what: Managed, request: DataMap) => this.#timed.manage(what, request),
      pillarChanged: () => this.#timed.pillarChanged(),
      opts,
      world: this.#world,
      jobs: this.#jobs,
      journal,
      opened: () => this.#opening,
      grains: async () => {
        await this.#world.ready();
        return this.#world.grains;
      },
      environment: {
        setEnvironment: (name: string, value: string | null) => {
          if (value === null) delete process.env[name];
          else process.env[name] = value;
        },
        environment: () => Object.keys(process.env),
      },
    };
    for (const promise of [this.#ready.promise, this.#ended.promise]) promise.catch(() => {});
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Opens the event buses of the connections to all masters. */
  async connect(): Promise<void> {
    const opts = await withFoundMaster(this.#opts, this.#world, this.#parts.callBlocking);
    const { connections, buses, warnings } = plan(opts, this.#parts);
    for (const warning of warnings) log.warning(warning);
    if (opts.master_type === "disable") {
      log.warning("Master is set to disable, skipping connection");
    }
    for (const [index, masters] of connections.entries()) {
      this.#connections.push(await MasterConnection.open(masters, buses[index]!, this.shared));
    }
  }

  /** Starts to connect. */
  run(): void {
    // Without modules it can do nothing, whatever masters say.
    this.#world.ready().catch((error) => {
      log.critical(`Grains and modules cannot be loaded: ${messageOf(error)}`, error);
      this.#fail(error);
    });
    if (this.#connections.length === 0) return this.#ready.resolve();
    for (const connection of this.#connections) {
      connection.ready.then(() => this.#firstReady(connection), () => {});
    }
    const runs = this.#connections.map((connection) => this.#run(connection));
    void Promise.allSettled(runs).then((results) => this.#allEnded(results));
    // Reading the disk goes on while the masters think about the sign-in.
    this.#opening = this.#openJournal();
    // What an earlier process could not bring away.
    if (hasOutbox(this.#opts.cachedir)) {
      this.#openReturners().then((returners) => returners.wake(), (error) => {
        log.error(`What waits for returners cannot be sent: ${messageOf(error)}`, error);
      });
    }
  }

  stop(): Promise<void> {
    return this.#stopping ??= this.#doStop();
  }

  async reload(): Promise<void> {
    await this.#world.refreshGrains();
    await Promise.all(
      this.#connections.filter((connection) => connection.connected)
        .map((connection) => connection.refreshPillar()),
    );
  }

  #openReturners(): Promise<ReturnerOutbox> {
    return this.#returners ??= import("./job_returners.ts").then(({ openJobReturners }) =>
      openJobReturners({
        opts: this.#opts,
        grains: () => this.#world.grains,
        pillar: () => this.#connections[0]?.pillar ?? {},
      }, this.#parts.clock)
    );
  }

  async #toReturners(names: readonly string[], ret: DataMap): Promise<void> {
    try {
      await (await this.#openReturners()).deliver(names, "returner", ret);
    } catch (error) {
      log.error(`The return of job ${ret["jid"]} reaches no returner: ${messageOf(error)}`, error);
    }
  }

  #firstReady(connection: MasterConnection): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#ready.resolve();
    const job = startupJob(this.#opts);
    if (job) this.#jobs.submit(job, connection.origin);
    this.#timed.start();
  }

  async #run(connection: MasterConnection): Promise<void> {
    const delay = this.#opts.random_startup_delay * 1000 * this.#parts.clock.random();
    if (delay > 0) await this.#parts.clock.sleep(delay, this.#stop.signal).catch(() => {});
    try {
      await connection.run();
    } catch (error) {
      log.critical(`Master ${connection.name} is given up: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Nothing is left to do when every master has refused this minion. */
  #allEnded(results: PromiseSettledResult<void>[]): void {
    const refused = results.filter((result) => result.status === "rejected");
    if (refused.length < results.length) return;
    const first: unknown = refused[0]?.reason;
    const exitCode = first instanceof SaltException ? { exitCode: first.exitCode } : {};
    this.#fail(new SaltException(messageOf(first), { cause: first, ...exitCode }));
  }

  #fail(error: unknown): void {
    this.#ready.reject(error);
    this.#ended.reject(error);
  }

  async #openJournal(): Promise<void> {
    try {
      this.#journal = await this.#parts.openJournal(this.#opts);
    } catch (error) {
      log.error(`Jobs are not kept in a journal: ${messageOf(error)}`, error);
      return;
    }
    const id = this.#opts.id as MinionId;
    const cut = this.#journal.recover(({ load, startedAt }) => {
      log.warning(
        `Job ${load.jid} was cut by the end of an earlier minion; it is returned as such`,
      );
      const when =
        `the minion ended while this job ran; it had begun at ${startedAt.toISOString()}`;
      const ret = interruptedReturn(id, load, when);
      const names = returnersOf(load, this.#opts);
      if (names.length > 0) void this.#toReturners(names, returnerLoad(load, ret));
      return ret;
    });
    if (cut > 0) log.info(`${cut} jobs of an earlier minion were interrupted`);
    this.#jobs.remember([...this.#journal.done(), ...this.#journal.jids()]);
  }

  async #doStop(): Promise<void> {
    log.info("The minion stops");
    this.#stop.abort(new Error("The minion stops"));
    this.#timed.stop();
    for (const connection of this.#connections) connection.quiesce();
    await this.#opening;
    const ms = this.#opts.drain_timeout * 1000;
    await this.#jobs.stop(ms * JOBS_PART);
    await Promise.allSettled([
      ...this.#connections.map((connection) => connection.close(ms * RETURNS_PART)),
      this.#returners?.then((returners) => returners.close(ms * RETURNS_PART)),
    ]);
    this.#journal.close();
    this.#ended.resolve();
  }
}
