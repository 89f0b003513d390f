/**
 * `saltx salt`: runs functions on minions and shows what they return. (`salt/cli/salt.py:SaltCMD`)
 * @module
 */
import {
  type Credentials,
  type Job,
  type JobRequest,
  type LocalClient,
  type MinionResult,
  NoMinionsError,
} from "../client/mod.ts";
import type { MasterOpts } from "../config/mod.ts";
import { AuthenticationError, AuthorizationError, EX, SaltException } from "../errors.ts";
import { yamlifyArg } from "../loader/args.ts";
import { parseDuration } from "../text/duration.ts";
import { cameBack, type Data, type DataMap, isMap } from "../types/mod.ts";
import { toolHelp } from "./help.ts";
import { onInterrupt } from "./interrupt.ts";
import {
  flagOption,
  type Invocation,
  numberOption,
  type RunTool,
  textOption,
} from "./invocation.ts";
import { signIn } from "./login.ts";
import { Output } from "./output.ts";
import { ProgressLine } from "./progress_line.ts";
import { IncompleteCommand, readSaltCommand, type SaltCommand } from "./salt_args.ts";
import { Summary } from "./salt_summary.ts";
import { effectiveOption, loadToolConfig } from "./tool_config.ts";
import { UsageError } from "./usage_error.ts";

/** What the tool reaches out with; tests hand in their own. */
export interface SaltParts {
  loadConfig(call: Invocation): MasterOpts;
  openClient(opts: MasterOpts): Promise<LocalClient>;
  /** Ids that a target is expected to match, without asking a master. */
  preview(opts: MasterOpts, command: SaltCommand): Promise<readonly string[]>;
  onInterrupt(listener: () => void): () => void;
}

/** One command under way. */
export interface SaltRun {
  readonly call: Invocation;
  readonly opts: MasterOpts;
  readonly client: LocalClient;
  readonly command: SaltCommand;
  readonly request: JobRequest;
  readonly output: Output;
  readonly parts: SaltParts;
}

const PARTS: SaltParts = {
  loadConfig: loadToolConfig,
  openClient: async (opts) => (await import("../client/mod.ts")).openLocalClient(opts),
  preview: async (opts, { target }) => (await import("./preview.ts")).previewTarget(opts, target),
  onInterrupt,
};

/** The program of `saltx salt`. */
export const run: RunTool = (call) => runSalt(call, PARTS);

/** The exit code of a run that got nothing, for which Salt says so on standard error. */
const NOTHING = 2;

/** Runs a `salt` command. */
export async function runSalt(call: Invocation, parts: SaltParts): Promise<number> {
  const opts = parts.loadConfig(call);
  if (flagOption(call, "config_dump")) {
    const { dumpConfig } = await import("../config/mod.ts");
    call.io.out(dumpConfig(opts));
    return EX.OK;
  }
  const command = readCommand(call);
  const output = new Output(call, opts, { fun: command.fun, arg: command.arg });
  if (flagOption(call, "preview_target")) {
    const ids = await parts.preview(opts, command);
    if (ids.length === 0) return nothing(call);
    output.show([...ids].sort());
    return EX.OK;
  }
  const client = await parts.openClient(opts);
  try {
    const credentials = await signIn(call, opts, client);
    const request = requestOf(call, opts, command, credentials);
    return await dispatch({ call, opts, client, command, request, output, parts });
  } catch (error) {
    if (!(error instanceof NoMinionsError)) throw refusal(error);
    output.note(error.message);
    return nothing(call);
  } finally {
    client.close();
  }
}

/** What the master refused ends with Salt's code for "could not be done". */
function refusal(error: unknown): unknown {
  const refused = error instanceof AuthenticationError || error instanceof AuthorizationError;
  if (!refused || error.exitCode !== EX.GENERIC) return error;
  return new SaltException(error.message, { cause: error, exitCode: NOTHING });
}

function readCommand(call: Invocation): SaltCommand {
  try {
    return readSaltCommand(call);
  } catch (error) {
    if (error instanceof IncompleteCommand && call.args.length <= 1) {
      call.io.out(toolHelp(call.tool, call.program, call.io.columns - 2));
    }
    throw error;
  }
}

function nothing(call: Invocation): number {
  call.io.err("ERROR: No return received\n");
  return NOTHING;
}

/** What travels with the publication, in the order in which Salt's CLI sends it. */
function extrasOf(call: Invocation): DataMap {
  const extras: DataMap = {
    show_timeout: flagOption(call, "show_timeout"),
    show_jid: flagOption(call, "show_jid"),
    delimiter: textOption(call, "delimiter") ?? ":",
  };
  const config = textOption(call, "return_config");
  if (config !== undefined) extras["ret_config"] = config;
  const parsed: readonly (readonly [string, string])[] = [
    ["return_kwargs", "ret_kwargs"],
    ["module_executors", "module_executors"],
    ["executor_opts", "executor_opts"],
    ["metadata", "metadata"],
  ];
  for (const [dest, field] of parsed) {
    const text = textOption(call, dest);
    if (text !== undefined) extras[field] = yamlifyArg(text);
  }
  return { ...extras, ...queueExtras(call) };
}

/** What `--queue` adds; nothing without it, so that the master's `queue_offline` decides. */
function queueExtras(call: Invocation): DataMap {
  const expires = textOption(call, "expires");
  if (!flagOption(call, "queue")) {
    if (expires === undefined) return {};
    throw new UsageError("--expires goes with --queue");
  }
  if (textOption(call, "batch") !== undefined) {
    throw new UsageError("--queue and --batch exclude each other: a batch asks who is there first");
  }
  if (expires !== undefined && parseDuration(expires) === null) {
    throw new UsageError(`--expires: '${expires}' is no length of time; write 90s, 30m, 12h or 7d`);
  }
  return { queue: true, ...(expires === undefined ? {} : { expires }) };
}

function requestOf(
  call: Invocation,
  opts: MasterOpts,
  command: SaltCommand,
  credentials: Credentials | undefined,
): JobRequest {
  const timeout = call.explicit.has("timeout") ? numberOption(call, "timeout", 0) : 0;
  const jid = textOption(call, "jid");
  return {
    ...command,
    ret: textOption(call, "return") ?? "",
    timeout: timeout > 0 ? timeout : opts.timeout,
    kwargs: extrasOf(call),
    ...(jid === undefined ? {} : { jid }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

async function dispatch(run: SaltRun): Promise<number> {
  const { call, opts, client, request, output } = run;
  if (flagOption(call, "async")) {
    const { jid } = await client.publish(request);
    output.note(`Executed command with job ID: ${jid}`);
    return EX.OK;
  }
  const size = await batchSize(run);
  if (size !== undefined) {
    const { runInBatches } = await import("./salt_batch.ts");
    return await runInBatches(run, size);
  }
  const subset = numberOption(call, "subset", 0);
  const chosen = subset > 0 ? await chooseSubset(run, subset) : request;
  if (flagOption(call, "static")) return await runStatic(run, chosen);
  if (run.command.fun === "sys.doc") return await runDocs(run, chosen);
  return await runLive(
    { ...run, request: chosen },
    Boolean(effectiveOption(call, opts, "cli_summary")),
  );
}

/** The size of batches to work in; undefined for all at once. */
async function batchSize(run: SaltRun): Promise<string | undefined> {
  const { call, opts, output, parts, command } = run;
  const asked = textOption(call, "batch");
  if (asked !== undefined) return asked;
  const limit = Number(effectiveOption(call, opts, "batch_safe_limit"));
  if (!(limit > 1)) return undefined;
  const ids = await parts.preview(opts, command);
  if (ids.length < limit) return undefined;
  output.note("\nNOTICE: Too many minions targeted, switching to batch execution.");
  return String(effectiveOption(call, opts, "batch_safe_size"));
}

/** Some of the minions that have the function. (`salt/client/__init__.py:LocalClient.cmd_subset`) */
async function chooseSubset(run: SaltRun, count: number): Promise<JobRequest> {
  const { client, request, command } = run;
  const { jid: _jid, ...asking } = request;
  const answers = await client.collect({ ...asking, fun: "sys.list_functions", arg: [], ret: "" });
  const funs = [command.fun].flat();
  const able = [...answers.values()]
    .filter(({ ret }) => Array.isArray(ret) && funs.every((fun) => ret.includes(fun)))
    .map(({ id }) => id);
  for (let at = able.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1));
    [able[at], able[other]] = [able[other] as string, able[at] as string];
  }
  if (able.length === 0) throw new NoMinionsError();
  return { ...request, target: { tgt: able.slice(0, count), tgt_type: "list" } };
}

/** Ctrl-C: says how to find what is not there yet. */
export function interruptText(jid: string): string {
  return `\nThis job's jid is: ${jid}\nExiting gracefully on Ctrl-c\n` +
    "The minions may not have all finished running and any remaining minions will return upon " +
    "completion. To look up the return data for this job later, run the following command:\n\n" +
    `saltx run jobs.lookup_jid ${jid}\n`;
}

/** Starts a job and gives its results until Ctrl-C, which makes `interrupted` true. */
export class WatchedJob {
  readonly job: Job;
  interrupted = false;
  readonly #run: SaltRun;
  readonly #line: ProgressLine;

  constructor(run: SaltRun, job: Job) {
    this.#run = run;
    this.job = job;
    this.#line = new ProgressLine(run.call.io, () => job.progress);
  }

  static async start(run: SaltRun, request: JobRequest): Promise<WatchedJob> {
    const watched = new WatchedJob(run, await run.client.start(request));
    watched.#announce();
    return watched;
  }

  #announce(): void {
    const { call, output } = this.#run;
    const { jid } = this.job;
    if (flagOption(call, "verbose")) {
      const text = `Executing job with jid ${jid}`;
      output.note(`${text}\n${"-".repeat(text.length)}\n`);
      this.job.onRunning((id) => {
        this.#line.clear();
        output.note(`Execution is still running on ${id}`);
      });
    } else if (flagOption(call, "show_jid")) {
      output.note(`jid: ${jid}`);
    }
  }

  async *results(): AsyncGenerator<MinionResult> {
    const stop = new AbortController();
    const forget = this.#run.parts.onInterrupt(() => {
      this.interrupted = true;
      stop.abort();
    });
    try {
      for await (const result of this.job.results(stop.signal)) {
        if (this.interrupted) break;
        this.#line.clear();
        yield result;
      }
    } finally {
      forget();
      this.#line.close();
      if (this.interrupted) this.#run.call.io.err(interruptText(this.job.jid));
    }
  }
}

/** The exit code of a run, with what Salt says of failures. */
export function closing(call: Invocation, summary: Summary, interrupted: boolean): number {
  if (interrupted) return EX.GENERIC;
  if (summary.total === 0) return nothing(call);
  if (!summary.failed) return EX.OK;
  call.io.err("ERROR: Minions returned with non-zero exit code\n");
  return EX.GENERIC;
}

function hidden(call: Invocation, { end }: MinionResult): boolean {
  return !cameBack(end) && end !== "queued" &&
    !flagOption(call, "show_timeout") &&
    !flagOption(call, "verbose");
}

async function runLive(run: SaltRun, wantsSummary: boolean): Promise<number> {
  const { call, output, request } = run;
  const watched = await WatchedJob.start(run, request);
  const summary = new Summary();
  const quiet = flagOption(call, "progress") || textOption(call, "output") === "progress";
  for await (const result of watched.results()) {
    summary.add(result);
    if (!quiet && !hidden(call, result)) {
      output.show({ [result.id]: result.ret }, { out: result.out, retcode: result.retcode });
    }
  }
  const summarise = quiet || (wantsSummary && textOption(call, "output") === undefined);
  if (summarise && !watched.interrupted) call.io.out(summary.text(flagOption(call, "verbose")));
  return closing(call, summary, watched.interrupted);
}

async function runStatic(run: SaltRun, request: JobRequest): Promise<number> {
  const watched = await WatchedJob.start(run, request);
  const summary = new Summary();
  const all: DataMap = {};
  for await (const result of watched.results()) {
    summary.add(result);
    if (!hidden(run.call, result)) all[result.id] = result.ret;
  }
  if (!watched.interrupted) run.output.show(all);
  return closing(run.call, summary, watched.interrupted);
}

/** Documentation: that of each function once, from whichever minion has it. */
async function runDocs(run: SaltRun, request: JobRequest): Promise<number> {
  const { call, output } = run;
  const watched = await WatchedJob.start(run, request);
  const summary = new Summary();
  const docs: Record<string, Data> = {};
  for await (const result of watched.results()) {
    summary.add(result);
    if (typeof result.ret === "string") call.io.err(`${result.id}: ${result.ret}\n`);
    if (!isMap(result.ret)) continue;
    for (const [fun, doc] of Object.entries(result.ret)) if (doc) docs[fun] ??= doc;
  }
  if (watched.interrupted) return EX.GENERIC;
  const funs = Object.keys(docs).sort();
  if (funs.length === 0) {
    call.io.err("No minions found to gather docs from\n");
    return NOTHING;
  }
  for (const fun of funs) {
    const doc = docs[fun] ?? null;
    if (textOption(call, "output") !== undefined) output.show({ [fun]: doc }, { out: "nested" });
    else output.note(`${fun}:\n${typeof doc === "string" ? doc : String(doc)}\n`);
  }
  return closing(call, summary, false);
}
