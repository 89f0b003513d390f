/**
 * `saltx run`: runs a runner in this process and shows what it gives.
 * (`salt/cli/run.py:SaltRun`, `salt/runner.py:Runner.run`)
 * @module
 */
import { localUser, openLocalClient } from "../client/mod.ts";
import {
  innerData,
  RunnerCaller,
  runnerDocs,
  runnerNames,
  type RunnerOutcome,
} from "../client/runner.ts";
import type { MasterOpts } from "../config/mod.ts";
import { CommandNotFoundError, EX, SaltClientError } from "../errors.ts";
import { openEventClient } from "../event/mod.ts";
import { conditionInput, splitInput } from "../loader/args.ts";
import type { RunnerModule } from "../loader/runner_types.ts";
import { runnersOf } from "../plugins/runners/mod.ts";
import { currentJid, isValidJid } from "../text/jid.ts";
import { type Data, type DataMap, isMap, type Jid } from "../types/mod.ts";
import { toolHelp } from "./help.ts";
import { flagOption, type Invocation, type RunTool, textOption } from "./invocation.ts";
import { signIn } from "./login.ts";
import { nearMiss } from "./near_miss.ts";
import { Output } from "./output.ts";
import { exitCodeOf } from "./salt_batch.ts";
import { loadToolConfig } from "./tool_config.ts";
import { UsageError } from "./usage_error.ts";

/** The program of `saltx run`. */
export const run: RunTool = async (call) => {
  const opts = loadToolConfig(call);
  if (flagOption(call, "config_dump")) {
    const { dumpConfig } = await import("../config/mod.ts");
    call.io.out(dumpConfig(opts));
    return EX.OK;
  }
  if (flagOption(call, "doc")) return await showDocs(call, opts);
  const [fun] = call.args;
  if (fun === undefined) {
    call.io.out(toolHelp(call.tool, call.program, call.io.columns - 2));
    throw new UsageError("Requires a function, or --doc");
  }
  const modules = await runnersOf(opts);
  checkFunction(modules, fun);
  const jid = textOption(call, "jid");
  if (jid !== undefined && !isValidJid(jid)) throw new UsageError(`'${jid}' is not a valid JID`);
  const local = textOption(call, "eauth") === undefined && !flagOption(call, "async");
  const job = { fun, jid: (jid ?? currentJid()) as Jid, ...argumentsOf(call) };
  return local ? await runHere(call, opts, modules, job) : await runOnMaster(call, opts, job);
};

interface RunnerJob {
  readonly fun: string;
  readonly jid: Jid;
  readonly args: Parameters<typeof splitInput>[0];
  readonly kwargs: DataMap;
}

function argumentsOf(call: Invocation): Pick<RunnerJob, "args" | "kwargs"> {
  const noParse = (textOption(call, "no_parse") ?? "").split(",").map((name) => name.trim());
  return splitInput(call.args.slice(1), { noParse });
}

async function showDocs(call: Invocation, opts: MasterOpts): Promise<number> {
  if (call.args.length > 1) {
    throw new UsageError("You can only get documentation for one method at one time");
  }
  const output = new Output(call, opts);
  const modules = await runnersOf(opts);
  const docs = runnerDocs(modules, call.args[0]);
  const names = Object.keys(docs);
  if (names.length === 0) throw notAvailable(modules, call.args[0] ?? "");
  for (const name of names) output.note(`${name}:\n${docs[name]}`);
  return EX.OK;
}

function checkFunction(modules: readonly RunnerModule[], fun: string): void {
  if (!runnerNames(modules).includes(fun)) throw notAvailable(modules, fun);
}

function notAvailable(modules: readonly RunnerModule[], fun: string): CommandNotFoundError {
  const near = nearMiss(fun, runnerNames(modules));
  return new CommandNotFoundError(
    `'${fun}' is not available.${near ? ` Did you mean '${near}'?` : ""}`,
  );
}

async function runHere(
  call: Invocation,
  opts: MasterOpts,
  modules: readonly RunnerModule[],
  job: RunnerJob,
): Promise<number> {
  const output = new Output(call, opts, { fun: job.fun });
  const quiet = flagOption(call, "quiet");
  const caller = new RunnerCaller({
    opts,
    modules,
    openClient: () => openLocalClient(opts),
    openBus: () => openEventClient({ node: "master", sockDir: opts.sock_dir }),
    onProgress: (event) => {
      if (!quiet) output.show({ suffix: "progress", event });
    },
    print: (text) => call.io.out(text),
    execute: (fun, args, kwargs) => execute(call, fun, args, kwargs),
  });
  try {
    return show(call, output, await caller.call({ ...job, user: localUser(call.io.env) }));
  } finally {
    caller.close();
  }
}

/** As `salt-call --local` would, with the minion's configuration beside the master's. */
async function execute(
  call: Invocation,
  fun: string,
  args: readonly Data[],
  kwargs: DataMap,
): Promise<Data> {
  const [{ Caller }, { loadMinionConfig }] = await Promise.all([
    import("../minion/caller.ts"),
    import("../config/mod.ts"),
  ]);
  const configDir = textOption(call, "config_dir");
  const caller = await Caller.open(loadMinionConfig({
    ...(configDir === undefined ? {} : { configDir }),
    overrides: { file_client: "local" },
    env: call.io.env,
  }));
  try {
    if (!caller.registry.lookup(fun)) return `'${fun}' is not available.`;
    return (await caller.call(fun, conditionInput(args, kwargs))).return;
  } finally {
    await caller.close();
  }
}

/** @returns the exit code. */
function show(
  call: Invocation,
  output: Output,
  outcome: Pick<RunnerOutcome, "return" | "retcode" | "success">,
): number {
  const { data, outputter } = innerData(outcome.return);
  if (!flagOption(call, "quiet")) output.show(data, { out: outputter, retcode: outcome.retcode });
  if (outcome.retcode !== 0) return exitCodeOf(outcome.retcode);
  return outcome.success ? EX.OK : EX.GENERIC;
}

/** Has the master run it: the way of `--async`, and of those who sign in. */
async function runOnMaster(call: Invocation, opts: MasterOpts, job: RunnerJob): Promise<number> {
  const output = new Output(call, opts, { fun: job.fun });
  const client = await openLocalClient(opts);
  try {
    const credentials = await signIn(call, opts, client);
    const load = {
      fun: job.fun,
      arg: [...job.args],
      kwarg: job.kwargs,
      jid: job.jid,
    };
    if (flagOption(call, "async")) {
      const reply = await client.command("runner", load, credentials);
      const jid = String(reply["jid"] ?? job.jid);
      call.io.err(
        "Running in asynchronous mode. Results of this execution may be collected by attaching to " +
          "the master event bus or by examining the master job cache, if configured. This " +
          `execution is running under tag salt/run/${jid}\n`,
      );
      output.note(`Executed command with job ID: ${jid}`);
      return EX.OK;
    }
    const bus = await client.events();
    const subscription = bus.subscribe("salt/run/");
    await subscription.ready;
    const reply = await client.command("runner", load, credentials);
    const tag = `salt/run/${reply["jid"] ?? job.jid}/ret`;
    for await (const event of subscription) {
      if (event.tag === tag) return show(call, output, outcomeOf(event.data));
    }
    throw new SaltClientError("The event bus of the master went away");
  } finally {
    client.close();
  }
}

function outcomeOf(data: DataMap): Pick<RunnerOutcome, "return" | "retcode" | "success"> {
  const retcode = data["retcode"];
  const value = data["return"] ?? null;
  const inner = isMap(value) && typeof value["retcode"] === "number" ? value["retcode"] : 0;
  return {
    return: value,
    retcode: typeof retcode === "number" ? retcode : inner,
    success: data["success"] !== false,
  };
}
