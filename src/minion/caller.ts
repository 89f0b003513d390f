/**
 * Calls functions on this machine for `salt-call`: with the pillar and services of a master, or
 * without any master. (`salt/cli/caller.py:BaseCaller`, `salt/minion.py:SMinion`)
 * @module
 */
import type { MinionChannel } from "../channel/types.ts";
import type { MinionOpts } from "../config/mod.ts";
import {
  AuthenticationError,
  CommandExecutionError,
  messageOf,
  SaltClientError,
} from "../errors.ts";
import { type BusAddress, type EventClient, openEventClient } from "../event/mod.ts";
import { loadArguments } from "../loader/bind.ts";
import { createContext } from "../loader/context.ts";
import { updateMap } from "../loader/dict_update.ts";
import { retcodeOf } from "../loader/execute.ts";
import { callThrough, executorNames } from "../loader/executors/mod.ts";
import type { MinionServices, ModuleRegistry, PillarOptions, RunningJob } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import { makeJid } from "../text/jid.ts";
import type { Data, DataMap, Jid, PublishLoad } from "../types/mod.ts";
import { Job } from "./job.ts";
import { busAddresses } from "./bus_address.ts";
import { withFoundMaster } from "./master_func.ts";
import { listMasters, type NamedMaster, orderMasters, planConnections } from "./masters.ts";
import { type MinionParts, realParts } from "./parts.ts";
import { pillarRequest } from "./pillar_request.ts";
import { ProcFiles, readRunning } from "./proc_files.ts";
import { type SignedIn, signIn } from "./session.ts";
import { eventLoad } from "./start_event.ts";
import { World } from "./world.ts";

const log = getLogger("saltx.call");

/** What a call came to. */
export interface CallResult {
  jid: Jid;
  return: Data;
  retcode: number;
  /** The outputter that the function names. */
  out?: string;
}

/** How to call. */
export interface CallerOptions {
  /** In place of the real ones. */
  parts?: Partial<MinionParts>;
  /** Grains are left empty. */
  skipGrains?: boolean;
  /** Collects the grains also where `grains_cache` has some. */
  refreshGrains?: boolean;
  /** The master to use, in place of the configured ones. */
  only?: string;
}

/** How one function is called. */
export interface CallHow {
  /** Kept with the job. */
  metadata?: DataMap;
  /** Of the executors. */
  executorOptions?: DataMap;
}

/** Whether calls get by without a master. */
export function isLocal(opts: MinionOpts): boolean {
  return (opts.file_client === "local" && !opts.use_master_when_local) ||
    opts.master_type === "disable";
}

/** A minion for the time of a call. */
export class Caller {
  readonly #opts: MinionOpts;
  readonly #parts: MinionParts;
  readonly #world: World;
  readonly #channel: MinionChannel | null;
  readonly #pillar: DataMap;
  readonly #buses: BusAddress[];
  readonly #job = new AbortController();
  #events: Promise<(EventClient | null)[]> | null = null;

  private constructor(
    opts: MinionOpts,
    parts: MinionParts,
    world: World,
    channel: MinionChannel | null,
    pillar: DataMap,
    buses: BusAddress[],
  ) {
    this.#buses = buses;
    this.#opts = opts;
    this.#parts = parts;
    this.#world = world;
    this.#channel = channel;
    this.#pillar = pillar;
  }

  /**
   * Loads grains and modules, and fetches the pillar from the first master that answers.
   * @throws AuthenticationError when that master has not accepted this minion's key (exit code 2), or
   * refuses it; SaltClientError when none answers.
   */
  static async open(opts: MinionOpts, options: CallerOptions = {}): Promise<Caller> {
    const parts: MinionParts = { ...realParts(opts, true), ...options.parts };
    const loadGrains: MinionParts["loadGrains"] = options.skipGrains
      ? () => Promise.resolve({})
      : (opts, fresh) => parts.loadGrains(opts, fresh || options.refreshGrains === true);
    const world = new World(opts, { loadGrains, buildRegistry: parts.buildRegistry });
    if (isLocal(opts)) {
      await world.ready();
      const pillar = await localPillar(opts, world.grains);
      return new Caller(opts, parts, world, null, pillar, busesOf(opts));
    }
    const found = options.only === undefined
      ? await withFoundMaster(opts, world, parts.callBlocking)
      : opts;
    const master = await firstMaster(mastersFor(found, parts, options.only), opts, parts, world);
    try {
      await world.ready();
      const pillar = await master.channel.requestPillar(pillarRequest(opts, world.grains));
      return new Caller(master.opts, parts, world, master.channel, pillar, busesOf(opts));
    } catch (error) {
      master.channel.close();
      throw error;
    }
  }

  get registry(): ModuleRegistry {
    return this.#world.registry;
  }

  get grains(): DataMap {
    return this.#world.grains;
  }

  /**
   * Calls a function with words as they stand on a command line, already read.
   * @throws what the function throws; SaltInvocationError and InvalidArguments for arguments that do
   * not fit.
   */
  async call(fun: string, arg: Data[], how: CallHow = {}): Promise<CallResult> {
    const load = callLoad(fun, arg, makeJid(this.#parts.clock.now()), how.metadata);
    // Not `sudo_user`, which is for jobs: whoever calls here is the user they want to be.
    const executors = executorNames({}, this.#opts.module_executors);
    const job = new Job(load);
    this.#job.signal.addEventListener("abort", () => job.abort("The call was ended"), {
      once: true,
    });
    const procFiles = new ProcFiles(this.#opts.cachedir);
    const ctx = createContext({
      opts: this.#opts,
      grains: this.grains,
      pillar: this.#pillar,
      registry: this.registry,
      minion: this.#services(),
      job: load,
      signal: job.signal,
      trackProcess: job.trackProcess,
      callBlocking: this.#parts.callBlocking,
    });
    const found = this.registry.lookup(fun);
    const { metadata } = how;
    const about = { fun, pid: process.pid, jid: load.jid, tgt: load.tgt };
    const publication = { ...about, ...(metadata === undefined ? {} : { metadata }) };
    const { args, kwargs } = found ? loadArguments(found.fn, arg, publication) : noArguments;
    procFiles.add(load);
    try {
      const call = { fun, args, kwargs, options: how.executorOptions ?? {} };
      const value = await job.untilCut(callThrough(ctx, executors, call));
      const out = ctx.context["out"] ?? found?.fn.out;
      const result = { jid: load.jid, return: value, retcode: retcodeOf(ctx, value) };
      return typeof out === "string" ? { ...result, out } : result;
    } finally {
      procFiles.remove(load.jid);
    }
  }

  /** Ends the call that runs. */
  abort(): void {
    this.#job.abort();
  }

  /**
   * Tells the master of the call, which makes a job of it. Nothing without a master.
   * @param about `id`, `fun`, `fun_args` and what else is to be known.
   */
  async report(result: CallResult, about: DataMap): Promise<void> {
    if (!this.#channel) return;
    const success = result.retcode === 0;
    const load: DataMap = { cmd: "_return", ...about, ...result, jid: "req", success };
    try {
      await this.#channel.request(load);
    } catch (error) {
      log.warning(`The master was not told of the call: ${messageOf(error)}`);
    }
  }

  /**
   * Hands a result to returners. One whose server is away is tried for a moment; then the result is
   * kept for the minion of this host to bring.
   * @param about `id`, `fun`, `fun_args` and what else is to be known.
   */
  async toReturners(names: readonly string[], result: CallResult, about: DataMap): Promise<void> {
    const { handOver } = await import("./job_returners.ts");
    const sources = { opts: this.#opts, grains: () => this.grains, pillar: () => this.#pillar };
    const success = result.retcode === 0;
    await handOver(sources, this.#parts.clock, names, { ...about, ...result, success });
  }

  async close(): Promise<void> {
    this.#channel?.close();
    for (const client of await this.#events ?? []) client?.close();
  }

  #services(): MinionServices {
    return {
      running: () => readRunning(this.#opts.cachedir).map(runningElsewhere),
      refreshModules: () => this.#fireLocal("module_refresh", {}),
      refreshGrains: async (pillar) => {
        const { clearCachedGrains } = await import("../plugins/grains/mod.ts");
        clearCachedGrains(this.#opts);
        return await (pillar === "never"
          ? this.#fireLocal("module_refresh", {})
          : this.#fireLocal("grains_refresh", { force_refresh: pillar === "always" }));
      },
      refreshPillar: (cleanCache = false) =>
        this.#fireLocal("pillar_refresh", { clean_cache: cleanCache }),
      requestPillar: (options) =>
        this.#channel
          ? this.#channel.requestPillar(pillarRequest(this.#opts, this.grains, options))
          : localPillar(this.#opts, this.grains, options),
      request: (load, options) => this.#master().request(load, options),
      fireLocal: (tag, data) => this.#fireLocal(tag, data),
      fireMaster: async (tag, data) => {
        await this.#master().request(eventLoad(this.#opts.id, { tag, data }));
        return true;
      },
      manage: async (what, request) => {
        // All buses lead to the same minion.
        this.#events ??= Promise.all(this.#buses.map(openEvents));
        const events = (await this.#events).find((client) => client !== null);
        if (!events) return null;
        const { manageOverBus } = await import("./manage_replies.ts");
        return await manageOverBus(events, what, request);
      },
      onMaster: async (kind, call) =>
        await (await import("./on_master.ts")).onMaster(this.#opts, kind, call),
    };
  }

  #master(): MinionChannel {
    if (this.#channel) return this.#channel;
    throw new CommandExecutionError("This needs a master, and the call is a local one");
  }

  /** Fires on the buses of the minion that runs here. false: none does. */
  async #fireLocal(tag: string, data: DataMap): Promise<boolean> {
    this.#events ??= Promise.all(this.#buses.map(openEvents));
    const clients = (await this.#events).filter((client) => client !== null);
    await Promise.all(clients.map((client) => client.fire(tag, data)));
    return clients.length > 0;
  }
}

function openEvents(address: BusAddress): Promise<EventClient | null> {
  return openEventClient(address).catch((error) => {
    log.debug(`There is no minion to tell: ${messageOf(error)}`);
    return null;
  });
}

/** Where the minion that runs here with these options has its event buses. */
function busesOf(opts: MinionOpts): BusAddress[] {
  const single = opts.master_type === "disable" || opts.master_type === "func";
  const connections = single ? [[{ name: "" }]] : planConnections(opts, () => {}, Math.random);
  return busAddresses(opts, connections.map((masters) => masters[0]!.name));
}

const noArguments = { args: [], kwargs: {} };

function callLoad(fun: string, arg: Data[], jid: Jid, metadata?: DataMap): PublishLoad {
  const load: PublishLoad = { fun, arg, jid, tgt: "salt-call", tgt_type: "glob", ret: "" };
  return metadata === undefined ? load : { ...load, metadata };
}

async function localPillar(
  opts: MinionOpts,
  grains: DataMap,
  options: PillarOptions = {},
): Promise<DataMap> {
  const { PillarCompiler } = await import("../plugins/pillar/mod.ts");
  const { pillarenv = opts.pillarenv, override } = options;
  const pillar = new PillarCompiler(opts).compile({ id: opts.id, grains, pillarenv });
  return override ? updateMap(pillar, override) : pillar;
}

/**
 * The configured masters in the order in which to try them, or the one that is asked for; a configured
 * one keeps its key file.
 */
function mastersFor(
  opts: MinionOpts,
  parts: Pick<MinionParts, "clock">,
  only: string | undefined,
): NamedMaster[] {
  const warn = (message: string) => log.warning(message);
  if (only === undefined) {
    return orderMasters(listMasters(opts, warn), opts, () => parts.clock.random());
  }
  const configured = opts.master_type === "func" ? [] : listMasters(opts, warn);
  const known = configured.find(({ name }) => name === only);
  return known ? [known] : listMasters({ ...opts, master: only, master_type: "str" }, warn);
}

/**
 * A signed-in channel to the first master of the list that takes this minion.
 * @throws what the last one said.
 */
async function firstMaster(
  masters: NamedMaster[],
  opts: MinionOpts,
  parts: MinionParts,
  world: World,
): Promise<SignedIn> {
  const sessionParts = {
    ...parts,
    grains: async () => {
      await world.ready();
      return world.grains;
    },
  };
  const { signal } = new AbortController();
  const how = { signal, alternatives: masters.length > 1, waitWhilePending: false };
  const attempt = (master: NamedMaster) => signIn(opts, master, sessionParts, how);
  for (const master of masters.slice(0, -1)) {
    try {
      return await attempt(master);
    } catch (error) {
      if (!(error instanceof SaltClientError || error instanceof AuthenticationError)) throw error;
      log.warning(`Master ${master.name} cannot be used: ${messageOf(error)}`);
    }
  }
  return await attempt(masters.at(-1)!);
}

/** A job of the minion, or of another call, as this process sees it. */
function runningElsewhere(load: DataMap): RunningJob {
  const pid = Number(load["pid"]);
  const jid = load["jid"] as Jid;
  return {
    jid,
    pid,
    load: load as unknown as PublishLoad,
    children: new Set(),
    abort: () => {
      throw new CommandExecutionError(
        `Job ${jid} belongs to process ${pid}: have the master kill it`,
      );
    },
  };
}
