/**
 * Calls runners: binds their arguments, tells the event bus, and keeps the result as a job.
 * (`salt/runner.py:RunnerClient`, `salt/client/mixins.py:SyncClientMixin.low`)
 * @module
 */
import { type JobCache, openMineStore, openMinionDataCache, openQueueStore } from "../cache/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import { CommandNotFoundError, messageOf, SaltException } from "../errors.ts";
import type { EventClient } from "../event/types.ts";
import { EstateKeyStore } from "../key/mod.ts";
import { bindArguments, InvalidArguments } from "../loader/bind.ts";
import { docText } from "../loader/docs.ts";
import type { RunnerContext, RunnerFunction, RunnerModule } from "../loader/runner_types.ts";
import type { ExecutionFunction } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import { globMatch } from "../text/glob.ts";
import { openMasterJobs } from "../plugins/returners/job_copies.ts";
import { masterOption } from "../plugins/returners/master_option.ts";
import type { Returners } from "../plugins/returners/mod.ts";
import { type Data, type DataMap, isMap, type Jid, type MinionId } from "../types/mod.ts";
import type { LocalClient } from "./local_client.ts";

const log = getLogger("saltx.runner");

/** One call of a runner. */
export interface RunnerCall {
  readonly fun: string;
  readonly args: readonly Data[];
  readonly kwargs: DataMap;
  readonly jid: Jid;
  readonly user: string;
}

/** What came of it: the data of the `salt/run/<jid>/ret` event. */
export interface RunnerOutcome {
  readonly fun: string;
  readonly jid: Jid;
  readonly user: string;
  readonly fun_args: Data[];
  readonly return: Data;
  readonly success: boolean;
  readonly retcode: number;
}

/** Names and tags of the two kinds: `runner.jobs.active` under `salt/run/…`, `wheel.key.list` under `salt/wheel/…`. */
const KINDS = {
  runner: { prefix: "runner", tag: "salt/run" },
  wheel: { prefix: "wheel", tag: "salt/wheel" },
} as const;

/** What runners work with. Clients and bus are opened when a runner asks for them. */
export interface RunnerParts {
  readonly opts: MasterOpts;
  readonly modules: readonly RunnerModule[];
  /** `runner` when absent. What a wheel function gives is not kept as a job: it may be a private key. */
  readonly kind?: keyof typeof KINDS;
  openClient(): Promise<LocalClient>;
  /** null: there is no bus, because no master runs. */
  openBus(): Promise<EventClient | null>;
  /** Gets what a runner says of its progress. */
  onProgress?(event: DataMap): void;
  /** Gets what a runner prints. */
  print?(text: string): void;
  /** Calls an execution function on this host. */
  execute?(fun: string, args: readonly Data[], kwargs: DataMap): Promise<Data>;
}

interface FoundRunner {
  readonly name: string;
  readonly fn: RunnerFunction;
}

/** Functions by the name that users call, aliases too, sorted. */
export function runnerNames(modules: readonly RunnerModule[]): string[] {
  return modules.flatMap(({ name, functions, aliases = {} }) =>
    [...Object.keys(functions), ...Object.keys(aliases)].map((fun) => `${name}.${fun}`)
  ).sort();
}

function find(modules: readonly RunnerModule[], fun: string): FoundRunner | undefined {
  const dot = fun.indexOf(".");
  const module = modules.find(({ name }) => name === fun.slice(0, dot));
  const word = fun.slice(dot + 1);
  const name = module?.aliases?.[word] ?? word;
  const fn = module && Object.hasOwn(module.functions, name) ? module.functions[name] : undefined;
  return fn && { name: fun, fn };
}

/** Binding and docs are those of execution functions. */
function asExecution(fn: RunnerFunction): ExecutionFunction {
  return fn as unknown as ExecutionFunction;
}

/** Docs by function: of a module, a function or a glob; of all without one. */
export function runnerDocs(modules: readonly RunnerModule[], word = ""): Record<string, string> {
  const wanted = (name: string) =>
    word === "" || name === word || name.startsWith(`${word}.`) || globMatch(word, name);
  const names = runnerNames(modules).filter(wanted);
  return Object.fromEntries(names.flatMap((name) => {
    const found = find(modules, name);
    return found ? [[name, docText(asExecution(found.fn))]] : [];
  }));
}

/** Some results carry data for the command line tool: `{outputter, data}` (`state.orchestrate` and others). */
export function innerData(value: Data): { data: Data; outputter: string | undefined } {
  const wrapped = isMap(value) && Object.keys(value).sort().join() === "data,outputter";
  if (!wrapped) return { data: value, outputter: undefined };
  const { outputter } = value;
  return {
    data: value["data"] ?? null,
    outputter: typeof outputter === "string" ? outputter : undefined,
  };
}

/** Runs runners one after the other; close it when done. */
export class RunnerCaller {
  readonly #parts: RunnerParts;
  readonly #jobs: JobCache;
  readonly #queue: ReturnType<typeof openQueueStore>;
  readonly #mine: ReturnType<typeof openMineStore>;
  readonly #minionData: ReturnType<typeof openMinionDataCache>;
  readonly #stop = new AbortController();
  #returners: Promise<Returners> | undefined;
  #client: Promise<LocalClient> | undefined;
  #bus: Promise<EventClient | null> | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#jobs = openMasterJobs(parts.opts);
    this.#queue = openQueueStore({ cachedir: parts.opts.cachedir });
    this.#mine = openMineStore(parts.opts);
    this.#minionData = openMinionDataCache(parts.opts);
  }

  /**
   * Calls a runner. What it throws, and arguments that do not fit, are part of the outcome.
   * @throws CommandNotFoundError when there is no such runner.
   */
  async call(call: RunnerCall): Promise<RunnerOutcome> {
    const found = find(this.#parts.modules, call.fun);
    if (!found) throw new CommandNotFoundError(`'${call.fun}' is not available.`);
    const { jid, user } = call;
    const fun_args = [...call.args, ...(Object.keys(call.kwargs).length > 0 ? [call.kwargs] : [])];
    const { prefix, tag } = KINDS[this.#kind];
    const head = { fun: `${prefix}.${call.fun}`, jid, user, fun_args };
    await this.#fire(`${tag}/${jid}/new`, head);
    const outcome: RunnerOutcome = { ...head, ...await this.#run(found, call) };
    if (this.#parts.opts.job_cache && this.#kind === "runner") this.#store(outcome);
    await this.#fire(`${tag}/${jid}/ret`, { ...outcome });
    return outcome;
  }

  get #kind(): keyof typeof KINDS {
    return this.#parts.kind ?? "runner";
  }

  async #run(
    { name, fn }: FoundRunner,
    call: RunnerCall,
  ): Promise<Pick<RunnerOutcome, "return" | "success" | "retcode">> {
    try {
      const bound = bindArguments(name, asExecution(fn), call.args, call.kwargs);
      const value = await fn.run(this.#context(call.jid), bound);
      const retcode = retcodeOf(value);
      return { return: value, success: retcode === 0, retcode };
    } catch (error) {
      if (error instanceof InvalidArguments) {
        const usage = docText(asExecution(fn));
        const text = `\nPassed invalid arguments: ${error.message}\n\nUsage:\n${usage}`;
        return { return: text, success: false, retcode: 1 };
      }
      const known = error instanceof SaltException;
      if (!known) log.error(`A defect in runner ${name}`, error);
      const stack = !known && error instanceof Error ? error.stack : undefined;
      const text = `Exception occurred in ${this.#kind} ${name}: ${stack ?? messageOf(error)}`;
      return { return: text, success: false, retcode: 1 };
    }
  }

  #context(jid: Jid): RunnerContext {
    const { opts } = this.#parts;
    return {
      opts,
      jobs: this.#jobs,
      queue: this.#queue,
      mine: this.#mine,
      keys: new EstateKeyStore(opts),
      minionData: this.#minionData,
      client: {
        cmd: async (target, fun, arg, options = {}) => {
          const client = await this.#openClient();
          return [...(await client.collect({ target, fun, arg, ...options })).values()];
        },
      },
      returner: async (name) => (await this.#openReturners()).get(name),
      connected: async () => await (await this.#openClient()).connected(),
      log,
      fireEvent: (tag, data) => this.#fire(tag, data),
      docs: () => runnerDocs(this.#parts.modules),
      runner: async (fun, args, kwargs) => {
        const found = find(this.#parts.modules, fun);
        if (!found) throw new CommandNotFoundError(`'${fun}' is not available.`);
        const bound = bindArguments(fun, asExecution(found.fn), args, kwargs);
        return await found.fn.run(this.#context(jid), bound);
      },
      execute: (fun, args, kwargs) => {
        if (this.#parts.execute) return this.#parts.execute(fun, args, kwargs);
        throw new SaltException(`Execution functions such as '${fun}' cannot be called from here`);
      },
      print: (text) => this.#parts.print?.(text),
      signal: this.#stop.signal,
      progress: async (message) => {
        const event = { message };
        this.#parts.onProgress?.(event);
        await this.#fire(`${KINDS[this.#kind].tag}/${jid}/progress`, event);
      },
    };
  }

  #store({ jid, user, ...rest }: RunnerOutcome): void {
    const id = this.#parts.opts.id as MinionId;
    const load = { fun: rest.fun, arg: rest.fun_args, tgt: id, tgt_type: "list", jid, ret: "" };
    try {
      this.#jobs.saveLoad({ ...load, tgt_type: "list", user }, [id]);
      const { fun, fun_args, retcode, success } = rest;
      const whole: DataMap = { jid, user, ...rest };
      this.#jobs.saveReturn({
        cmd: "_return",
        id,
        jid,
        fun,
        fun_args,
        return: whole,
        retcode,
        success,
      });
    } catch (error) {
      log.error(`Could not store job cache info of this run: ${messageOf(error)}`);
    }
  }

  async #fire(tag: string, data: DataMap): Promise<boolean> {
    this.#bus ??= this.#parts.openBus().catch((error) => {
      log.debug(`No events are fired: ${messageOf(error)}`);
      return null;
    });
    const bus = await this.#bus;
    await bus?.fire(tag, data);
    return bus !== null;
  }

  #openReturners(): Promise<Returners> {
    return this.#returners ??= import("../plugins/returners/mod.ts").then(({ Returners }) => {
      const { opts } = this.#parts;
      return new Returners({ opts: opts as unknown as DataMap, option: masterOption(opts) });
    });
  }

  #openClient(): Promise<LocalClient> {
    this.#client ??= this.#parts.openClient();
    return this.#client;
  }

  close(): void {
    this.#stop.abort();
    this.#jobs.close();
    this.#queue.close();
    this.#mine.close();
    this.#minionData.close();
    this.#returners?.then((returners) => returners.reset(), () => {});
    this.#client?.then((client) => client.close(), () => {});
    this.#bus?.then((bus) => bus?.close(), () => {});
  }
}

/** Runners may say in their result that they failed. (`salt/cli/run.py`) */
function retcodeOf(value: Data): number {
  if (!isMap(value)) return 0;
  const inner = isMap(value["data"]) ? value["data"] : {};
  const retcode = value["retcode"] ?? inner["retcode"];
  return typeof retcode === "number" ? retcode : 0;
}
