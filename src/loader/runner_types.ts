/**
 * Contract of runners: functions that `saltx run` calls on the master's host. Described as execution
 * functions are, so that argument binding and docs are the same.
 * @module
 */
import type { JobCache, MineStore, MinionDataCache, QueueStore } from "../cache/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import type { KeyStore } from "../key/mod.ts";
import type { Logger } from "../logging/mod.ts";
import type { Data, DataMap, Target } from "../types/mod.ts";
import type { OpenReturner } from "./returner_types.ts";
import type { ArgSpec, ArgValues } from "./types.ts";

/** A function that users call as `runner.name`. Build with {@linkcode runnerFn}. */
export interface RunnerFunction {
  doc: string;
  args: Record<string, ArgSpec>;
  /** CLI example(s), a line each, without indentation. */
  example?: string;
  // deno-lint-ignore no-explicit-any -- `runnerFn` gives `args` their types
  run(ctx: RunnerContext, args: any): Data | Promise<Data>;
}

/** A runner module: a file in `plugins/runners`, named as users call it. */
export interface RunnerModule {
  name: string;
  doc: string;
  functions: Record<string, RunnerFunction>;
  /** Other names of functions, alias -> name. */
  aliases?: Record<string, string>;
}

/** How a job ended on one minion. */
export interface RunnerResult {
  readonly id: string;
  /** `returned` and `failed` came back; anything else says why nothing did. */
  readonly end: string;
  readonly ret: Data;
  readonly retcode: number;
}

/** What runners ask of minions. */
export interface RunnerClient {
  /**
   * Publishes a job and waits until all expected have answered or cannot. One result for each that was
   * expected; none when the target matches nobody. Times in seconds.
   * @throws SaltClientError when there is no master.
   */
  cmd(
    target: Target,
    fun: string,
    arg: readonly Data[],
    options?: { timeout?: number; gatherJobTimeout?: number },
  ): Promise<readonly RunnerResult[]>;
}

/** What a runner gets besides its arguments. */
export interface RunnerContext {
  /** `__opts__` */
  readonly opts: MasterOpts;
  readonly jobs: JobCache;
  /** Jobs that wait for minions. */
  readonly queue: QueueStore;
  /** What minions tell each other. */
  readonly mine: MineStore;
  readonly keys: KeyStore;
  readonly minionData: MinionDataCache;
  readonly client: RunnerClient;
  /** A returner by its name. @throws LoaderError when there is none. */
  returner(name: string): Promise<OpenReturner>;
  /** Ids with a live connection to this master, each with its address where that is known. */
  connected(): Promise<ReadonlyMap<string, string | null>>;
  readonly log: Logger;
  /** Fires on the master's bus. False: no master runs, so there is none. */
  fireEvent(tag: string, data: DataMap): Promise<boolean>;
  /** Docs of all runner functions. */
  docs(): Record<string, string>;
  /**
   * Calls another runner.
   * @throws CommandNotFoundError when there is none of that name, and what it throws.
   */
  runner(fun: string, args: readonly Data[], kwargs: DataMap): Promise<Data>;
  /** Calls an execution function on this host, as its minion would without a master. */
  execute(fun: string, args: readonly Data[], kwargs: DataMap): Promise<Data>;
  /** Prints at once, beside the result. */
  print(text: string): void;
  /** Aborts when the run is ended. */
  readonly signal: AbortSignal;
  /** Tells whoever watches how far it is. (`__jid_event__.fire_event(…, "progress")`) */
  progress(message: string): Promise<void>;
}

/** Gives `run` the types of its declared arguments. */
export function runnerFn<const A extends Record<string, ArgSpec>>(
  descriptor: Omit<RunnerFunction, "run" | "args"> & {
    args: A;
    run(ctx: RunnerContext, args: ArgValues<A>): Data | Promise<Data>;
  },
): RunnerFunction {
  return descriptor as unknown as RunnerFunction;
}

/** Marks an object as a runner module (and lets the compiler check it). */
export function runnerModule(module: RunnerModule): RunnerModule {
  return module;
}
