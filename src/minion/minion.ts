/**
 * Starts and stops a minion. (`salt/minion.py:MinionManager`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { messageOf, SaltException } from "../errors.ts";
import { type BusAddress, minionIdHash } from "../event/mod.ts";
import { ensureDir } from "../fs/mod.ts";
import { getLogger } from "../logging/mod.ts";
import type { MinionId } from "../types/mod.ts";
import { MasterConnection } from "./connection.ts";
import { interruptedReturn } from "./job_return.ts";
import { JobRunner } from "./jobs.ts";
import { type JobJournal, noJournal } from "./journal.ts";
import { listMasters } from "./masters.ts";
import { type MinionParts, realParts } from "./parts.ts";
import { ProcFiles } from "./proc_files.ts";
import { startupJob } from "./startup_job.ts";
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
  const masters = listMasters(opts, (message) => log.warning(message));
  const parts: MinionParts = { ...realParts(opts), ...options.parts };
  log.info(`Minion is starting as user '${opts.user}'`);
  ensureDir(opts.cachedir);
  ensureDir(opts.sock_dir, 0o750);
  const minion = new Minion(opts, parts);
  try {
    for (const [index, master] of masters.entries()) {
      await minion.add(() =>
        MasterConnection.open(master, busAddress(opts, master.name, index), minion.shared)
      );
    }
  } catch (error) {
    await minion.stop();
    throw error;
  }
  minion.run();
  return minion;
}

/**
 * Where the event bus of the minion's `index`th master is: each has its own. The first one has Salt's
 * name and ports.
 */
export function busAddress(opts: MinionOpts, master: string, index: number): BusAddress {
  if (opts.ipc_mode === "tcp") {
    return { pubPort: opts.tcp_pub_port + 2 * index, pullPort: opts.tcp_pull_port + 2 * index };
  }
  const name = index === 0 ? opts.id : `${opts.id}_${master}`;
  return { node: "minion", sockDir: opts.sock_dir, idHash: minionIdHash(name, opts.hash_type) };
}

class Minion implements RunningMinion {
  readonly shared;
  readonly #opts: MinionOpts;
  readonly #parts: MinionParts;
  readonly #world: World;
  readonly #jobs: JobRunner;
  readonly #connections: MasterConnection[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #journal: JobJournal = noJournal;
  #isReady = false;
  #opening: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;
  readonly #stop = new AbortController();

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
      journal,
      procFiles,
      clock,
      callBlocking,
    });
    this.shared = {
      ...parts,
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

  async add(open: () => Promise<MasterConnection>): Promise<void> {
    this.#connections.push(await open());
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

  #firstReady(connection: MasterConnection): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#ready.resolve();
    const job = startupJob(this.#opts);
    if (job) this.#jobs.submit(job, connection);
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
      return interruptedReturn(id, load, when);
    });
    if (cut > 0) log.info(`${cut} jobs of an earlier minion were interrupted`);
    this.#jobs.remember(this.#journal.jids());
  }

  async #doStop(): Promise<void> {
    log.info("The minion stops");
    this.#stop.abort(new Error("The minion stops"));
    for (const connection of this.#connections) connection.quiesce();
    await this.#opening;
    const ms = this.#opts.drain_timeout * 1000;
    await this.#jobs.stop(ms * JOBS_PART);
    await Promise.allSettled(
      this.#connections.map((connection) => connection.close(ms * RETURNS_PART)),
    );
    this.#journal.close();
    this.#ended.resolve();
  }
}
