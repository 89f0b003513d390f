/**
 * `runner` and `wheel`: functions that run in the master. (`salt/master.py:ClearFuncs.runner, wheel`)
 *
 * Both are answered while others are served: a runner's result comes as an event, long after its answer;
 * wheel functions are short, and their result is the answer.
 * @module
 */
import { openLocalClient } from "../../client/mod.ts";
import { RunnerCaller, runnerNames, type RunnerOutcome } from "../../client/runner.ts";
import { AuthorizationError, messageOf, SaltInvocationError } from "../../errors.ts";
import { type EventClient, eventStamp } from "../../event/mod.ts";
import type { RunnerModule } from "../../loader/runner_types.ts";
import { getLogger } from "../../logging/mod.ts";
import { isValidJid, makeJid } from "../../text/jid.ts";
import { type Data, type DataMap, isMap, type Jid } from "../../types/mod.ts";
import { allowsSpecial } from "../access/acl.ts";
import { type AccessParts, authenticate, type Operator } from "../access/authenticate.ts";
import type { WorkerParts } from "../worker_parts.ts";

const log = getLogger("saltx.master");

/** Functions that one worker runs at a time. */
const MAX_RUNNING = 25;

/** Fields of a load that are no arguments. */
const NO_ARGUMENTS = new Set([
  "cmd",
  "fun",
  "user",
  "jid",
  "arg",
  "kwarg",
  "client",
  "full_return",
]);

/** Results that are for who asked, not for every reader of the bus. */
const PRIVATE = new Set(["key.gen", "key.gen_accept", "config.values"]);

/** Which function with what. */
export interface FunctionCall {
  fun: string;
  args: Data[];
  kwargs: DataMap;
  user: string;
}

type Kind = "runner" | "wheel";

/** Runs a function to its end. What it throws is part of the outcome. */
export async function runFunction(
  parts: WorkerParts,
  kind: Kind,
  modules: readonly RunnerModule[],
  call: FunctionCall,
  jid: Jid,
): Promise<RunnerOutcome> {
  const { opts } = parts;
  const caller = new RunnerCaller({
    opts,
    modules,
    kind,
    openClient: () => openLocalClient(opts),
    openBus: () => Promise.resolve(busOf(parts, kind === "wheel" && PRIVATE.has(call.fun))),
    execute: (fun, args, kwargs) => executeHere(opts.conf_file, fun, args, kwargs),
  });
  try {
    return await caller.call({ ...call, jid });
  } finally {
    caller.close();
  }
}

/** Fires the way the worker does; `secret`: without results. */
function busOf({ fire, opts }: WorkerParts, secret: boolean): EventClient {
  return {
    fire: (tag, data) => {
      const { return: _, ...open } = data;
      fire(tag, secret && "return" in data ? open : data);
      return Promise.resolve();
    },
    subscribe: () => {
      throw new SaltInvocationError(`Functions here do not read the bus in ${opts.sock_dir}`);
    },
    close: () => {},
  };
}

/** Runs functions beside requests. */
export class MasterFunctions {
  readonly #parts: WorkerParts;
  readonly #access: AccessParts;
  #running = 0;
  #lastJid: Jid | undefined;

  constructor(parts: WorkerParts, access: AccessParts) {
    this.#parts = parts;
    this.#access = access;
  }

  /** The clear command `runner`: starts it and gives tag and jid. */
  async runner(load: DataMap): Promise<Data> {
    const operator = await authenticate(load, this.#access);
    const call = readCall(load, operator, false);
    const { runnersOf } = await import("../../plugins/runners/mod.ts");
    const modules = await runnersOf(this.#parts.opts);
    check(operator, "runner", call, modules);
    this.#checkRoom();
    const jid = this.#jid(load["jid"]);
    this.#run("runner", modules, call, jid).catch((error) =>
      log.error(`Runner ${call.fun} failed: ${messageOf(error)}`, error)
    );
    return { tag: `salt/run/${jid}`, jid };
  }

  /** The clear command `wheel`. */
  async wheel(load: DataMap): Promise<Data> {
    const operator = await authenticate(load, this.#access);
    const call = readCall(load, operator, true);
    const { WHEEL } = await import("../../plugins/wheel/mod.ts");
    check(operator, "wheel", call, WHEEL);
    const jid = this.#jid(undefined);
    const tag = `salt/wheel/${jid}`;
    const outcome = await this.#run("wheel", WHEEL, call, jid);
    return {
      tag,
      data: {
        fun: outcome.fun,
        jid,
        tag,
        user: operator.user,
        _stamp: eventStamp(new Date()),
        return: outcome.return,
        success: outcome.success,
      },
    };
  }

  async #run(kind: Kind, modules: readonly RunnerModule[], call: FunctionCall, jid: Jid) {
    this.#checkRoom();
    this.#running++;
    try {
      return await runFunction(this.#parts, kind, modules, call, jid);
    } finally {
      this.#running--;
    }
  }

  #checkRoom(): void {
    if (this.#running < MAX_RUNNING) return;
    throw new SaltInvocationError(`${MAX_RUNNING} functions run already; try again later`);
  }

  #jid(wanted: Data | undefined): Jid {
    if (wanted === undefined || wanted === null || wanted === "") {
      return this.#lastJid = makeJid(new Date(), this.#lastJid);
    }
    if (typeof wanted === "string" && isValidJid(wanted)) return wanted;
    throw new SaltInvocationError("'jid' must be 20 digits, or 20 digits, an underscore and more");
  }
}

/**
 * @param flat whether arguments may stand in the load itself, as for `wheel`.
 * @throws {SaltInvocationError}
 */
function readCall(load: DataMap, operator: Operator, flat: boolean): FunctionCall {
  const { fun, arg = [], kwarg = {} } = load;
  if (typeof fun !== "string" || fun.length > 200) {
    throw new SaltInvocationError("'fun' must be the name of a function");
  }
  if (!Array.isArray(arg)) throw new SaltInvocationError("'arg' must be a list");
  if (!isMap(kwarg)) throw new SaltInvocationError("'kwarg' must be a map");
  const own = Object.entries(load).filter(([name]) =>
    !NO_ARGUMENTS.has(name) && !name.startsWith("__")
  );
  const kwargs = { ...(flat ? Object.fromEntries(own) : {}), ...kwarg };
  return { fun, args: arg, kwargs, user: operator.user };
}

/** @throws {AuthorizationError} {@linkcode SaltInvocationError} when there is no such function. */
function check(
  operator: Operator,
  form: "runner" | "wheel",
  call: FunctionCall,
  modules: readonly RunnerModule[],
): void {
  if (operator.rules !== null) {
    const args = [...call.args, { __kwarg__: true, ...call.kwargs }];
    if (!allowsSpecial(operator.rules, form, call.fun, args)) {
      throw new AuthorizationError("Authorization error occurred.");
    }
  }
  if (!runnerNames(modules).includes(call.fun)) {
    throw new SaltInvocationError(`'${call.fun}' is not available.`);
  }
}

/** An execution function on this host, as `salt-call --local` would. */
async function executeHere(
  confFile: string,
  fun: string,
  args: readonly Data[],
  kwargs: DataMap,
): Promise<Data> {
  const [{ Caller }, { loadMinionConfig }, { conditionInput }, { dirname }] = await Promise.all([
    import("../../minion/caller.ts"),
    import("../../config/mod.ts"),
    import("../../loader/args.ts"),
    import("node:path"),
  ]);
  const caller = await Caller.open(
    loadMinionConfig({ configDir: dirname(confFile), overrides: { file_client: "local" } }),
  );
  try {
    if (!caller.registry.lookup(fun)) return `'${fun}' is not available.`;
    return (await caller.call(fun, conditionInput(args, kwargs))).return;
  } finally {
    await caller.close();
  }
}
