/**
 * Contracts of all plug-ins: one descriptor is the single source of a function's arguments, docs,
 * `sys.argspec`, `--help` and checks.
 * @module
 */
import type { Data, DataMap, Jid, MinionId, PublishLoad } from "../types/mod.ts";
import type { MinionOpts } from "../config/mod.ts";
import type { Logger } from "../logging/mod.ts";

/** What an argument may be. `any` takes whatever the YAML of the command line gave. */
export type ArgType = "any" | "string" | "int" | "float" | "bool" | "list" | "map";

/** One argument of a function. Order in the descriptor is positional order. */
export interface ArgSpec {
  type: ArgType;
  doc: string;
  /** Must be given. Otherwise `default` (null when left out) is used. */
  required?: boolean;
  default?: Data;
  /** What reference pages show for a `default` that depends on the environment. */
  usually?: Data;
  /** Python's `*args`: takes the remaining positional values as a list. */
  variadic?: boolean;
  /** Python's `**kwargs`: takes the remaining keyword values, `__pub_*` too, as a map. */
  keywords?: boolean;
}

/** What `run` gets for each declared argument. */
export type ArgValue<S extends ArgSpec> = S["variadic"] extends true ? Data[]
  : S["keywords"] extends true ? DataMap
  :
    | (S["type"] extends "string" ? string
      : S["type"] extends "int" | "float" ? number
      : S["type"] extends "bool" ? boolean
      : S["type"] extends "list" ? Data[]
      : S["type"] extends "map" ? DataMap
      : Data)
    | (S["required"] extends true ? never
      : S extends { default: infer D } ? (D extends null ? null : never)
      : null);

export type ArgValues<A extends Record<string, ArgSpec>> = { [K in keyof A]: ArgValue<A[K]> };

/** A function that users call as `module.name`. Build with {@linkcode fn}. */
export interface ExecutionFunction {
  doc: string;
  args: Record<string, ArgSpec>;
  /** CLI example(s), a line each, without indentation. */
  example?: string;
  /** Runs on a thread of its own that can be ended, because it computes without pause. */
  blocking?: boolean;
  /** The outputter that shows its result best. */
  out?: string;
  // deno-lint-ignore no-explicit-any
  run(ctx: ExecContext, args: any): Data | Promise<Data>;
}

/** A module: a file in `plugins/modules`, named as users call it. */
export interface ExecutionModule {
  name: string;
  /** The name it is called by when it serves a virtual one (`aptpkg` serves `pkg`). */
  virtualname?: string;
  doc: string;
  /** `true` to load, or why not. (Salt's `__virtual__`) */
  virtual?(ctx: LoadContext): true | string | Promise<true | string>;
  functions: Record<string, ExecutionFunction>;
  /** Other names of functions: Salt's `__func_alias__` and historic aliases, alias -> name. */
  aliases?: Record<string, string>;
}

/** What a module may look at when it decides whether it loads. */
export interface LoadContext {
  opts: MinionOpts;
  grains: DataMap;
}

/** What a function gets besides its arguments; Salt's dunders, handed in. */
export interface ExecContext {
  /** `__opts__` */
  readonly opts: MinionOpts;
  /** `__grains__` */
  readonly grains: DataMap;
  /** `__pillar__` */
  readonly pillar: DataMap;
  /** `__salt__["mod.fun"](*args, **kwargs)`. Throws SaltInvocationError, CommandExecutionError … */
  salt(fun: string, args?: Data[], kwargs?: DataMap): Promise<Data>;
  /** `__context__`: lives as long as the job. */
  readonly context: { retcode: number; [key: string]: unknown };
  /** The job this call belongs to; null for internal calls. */
  readonly job: PublishLoad | null;
  readonly jid: Jid | null;
  readonly id: MinionId;
  /** Aborts when the job is killed, its time is up or the minion stops. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** All modules, for `sys.*`. */
  readonly registry: ModuleRegistry;
  /** What the minion process offers to functions; null under `--local`-less tests. */
  readonly minion: MinionServices;
  /** Notes a child process so that `saltutil.kill_job` can signal its group. Returns a remover. */
  trackProcess(pid: number): () => void;
  /** Runs functions marked `blocking` elsewhere; absent where they run in place. */
  readonly callBlocking?: BlockingCaller;
}

/** A call that is to run on a thread of its own; all of it can be cloned. */
export interface BlockingCall {
  fun: string;
  args: Data[];
  kwargs: DataMap;
}

/** Runs a call on a thread that ends when `ctx.signal` aborts. */
export type BlockingCaller = (ctx: ExecContext, call: BlockingCall) => Promise<Data>;

/** A job that runs now, as `saltutil.running` shows it. */
export interface RunningJob {
  jid: Jid;
  pid: number;
  load: PublishLoad;
  /** Child process groups that belong to it. */
  children: ReadonlySet<number>;
  /** Aborts the job's signal. */
  abort(reason: string): void;
}

/** How {@linkcode MinionServices.requestPillar} asks. */
export interface PillarOptions {
  pillarenv?: string | null;
  saltenv?: string | null;
  override?: DataMap;
}

/** How {@linkcode MinionServices.request} asks. */
export interface AskOptions {
  /** Text in the answer, but not the keys of maps, is left as bytes: for contents of files. */
  raw?: boolean;
  /** For how long one answer is waited for; `request_channel_timeout` when left out. */
  timeoutMs?: number;
  /** How often it is asked; `request_channel_tries` when left out. */
  tries?: number;
}

/** The minion process as functions see it. Each may throw CommandExecutionError when there is none (`salt-call --local`). */
export interface MinionServices {
  running(): RunningJob[];
  refreshModules(): Promise<boolean>;
  /** `pillar`: when the pillar is to be fetched anew after it; when grains changed if not said. */
  refreshGrains(pillar?: "changed" | "always" | "never"): Promise<boolean>;
  /** `cleanCache`: the master is to forget what it has compiled. */
  refreshPillar(cleanCache?: boolean): Promise<boolean>;
  /**
   * A pillar compiled now, which leaves the minion's own as it is. `override`, from whoever calls, is
   * laid over it; `pillarenv` is that of the options when left out.
   */
  requestPillar(options?: PillarOptions): Promise<DataMap>;
  /** Encrypted request to the master. */
  request(load: DataMap, options?: AskOptions): Promise<Data>;
  /** Fires on the minion's own bus. */
  fireLocal(tag: string, data: DataMap): Promise<boolean>;
  /** Fires on the master's bus. */
  fireMaster(tag: string, data: DataMap): Promise<boolean>;
  /**
   * Asks for, or changes, the schedule or the beacons of the minion, as a `manage_schedule` or
   * `manage_beacons` event does. The data of the event that answers; null: no minion runs.
   */
  manage(what: "schedule" | "beacons", request: DataMap): Promise<DataMap | null>;
  /** Has the master of this host run a runner or wheel function, or command minions. */
  onMaster(kind: "runner" | "wheel" | "cmd", call: DataMap): Promise<Data>;
}

/** A function of a registry, with the module it belongs to. */
export interface RegisteredFunction {
  module: ExecutionModule;
  fn: ExecutionFunction;
  /** As called: `cmd.run`. */
  name: string;
}

/** The loaded modules by name. */
export interface ModuleRegistry {
  /** Names as called, sorted: `cmd.run`. */
  functionNames(): string[];
  moduleNames(): string[];
  /** A function that may be called from outside, by a job or a command line. */
  lookup(fun: string): RegisteredFunction | undefined;
  /** A function as other functions see it, whether `whitelist_modules` offers it or not. */
  within(fun: string): RegisteredFunction | undefined;
  /** Why a module did not load, by name. */
  unavailable(module: string): string | undefined;
  /** Names of the modules that did not load, sorted. */
  unavailableNames(): string[];
}

/** Gives `run` the types of its declared arguments. */
export function fn<const A extends Record<string, ArgSpec>>(
  descriptor: Omit<ExecutionFunction, "run" | "args"> & {
    args: A;
    run(ctx: ExecContext, args: ArgValues<A>): Data | Promise<Data>;
  },
): ExecutionFunction {
  return descriptor as unknown as ExecutionFunction;
}

/** Marks an object as an execution module (and lets the compiler check it). */
export function executionModule(module: ExecutionModule): ExecutionModule {
  return module;
}
