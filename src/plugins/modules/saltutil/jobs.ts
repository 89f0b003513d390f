/** Jobs of this minion. (`salt/modules/saltutil.py`) @module */
import { constants } from "node:os";
import { join } from "node:path";
import { SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn, type RunningJob } from "../../../loader/types.ts";
import { killGroup } from "../../../process/mod.ts";
import { globMatch } from "../../../text/glob.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";

const jid = { type: "string", required: true, doc: "The job's id." } as const;

/** Signals that end a job; others only reach the programs that it runs. */
const ending = new Set(["SIGTERM", "SIGKILL", "SIGINT", "SIGQUIT", "SIGHUP", "SIGABRT"]);

/** Jobs other than the one that asks. */
function otherJobs(ctx: ExecContext): RunningJob[] {
  return ctx.minion.running().filter((job) => job.jid !== ctx.jid);
}

function describe(job: RunningJob): DataMap {
  const children = [...job.children];
  return {
    ...job.load as unknown as DataMap,
    pid: job.pid,
    ...(children.length > 0 ? { child_pids: children } : {}),
  };
}

function signalName(given: Data): NodeJS.Signals {
  const text = pyStr(given).toUpperCase();
  const names = Object.entries(constants.signals);
  const found = names.find(([name, number]) =>
    name === text || name === `SIG${text}` || String(number) === text
  );
  if (!found) throw new SaltInvocationError(`There is no signal "${pyStr(given)}"`);
  return found[0] as NodeJS.Signals;
}

/** Sends a signal to all processes of a job; one that ends them ends the job. */
function signalJob(ctx: ExecContext, id: string, signal: NodeJS.Signals): string {
  const job = otherJobs(ctx).find((other) => other.jid === id);
  if (!job) return "";
  for (const pid of job.children) killGroup(pid, signal);
  const number = constants.signals[signal];
  if (ending.has(signal)) job.abort(`signal ${number} (${signal})`);
  return `Signal ${number} sent to job ${id} at pid ${job.pid}`;
}

function signalAll(ctx: ExecContext, signal: NodeJS.Signals): string[] {
  return otherJobs(ctx).map((job) => signalJob(ctx, job.jid, signal));
}

async function readCachedJob(ctx: ExecContext, id: string): Promise<Data> {
  if (!/^\d{20}(_\d+)?$/.test(id)) throw new SaltInvocationError(`"${id}" is not a job id`);
  const folder = join(ctx.opts.cachedir, "minion_jobs", id);
  const { readFileSync } = await import("node:fs");
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(join(folder, "return.p"));
  } catch {
    return ctx.opts.cache_jobs
      ? `Local jobs cache directory ${folder} not found`
      : "Local jobs cache directory not found; you may need to enable cache_jobs on this minion";
  }
  const { unpack } = await import("../../../serializers/msgpack.ts");
  const value = unpack(bytes);
  return isMap(value) ? value : null;
}

/** Functions about jobs. */
export const jobFunctions = {
  running: fn({
    doc: "Returns the jobs that run on this minion, without this one.",
    args: {},
    example: "salt '*' saltutil.running",
    run: (ctx) => otherJobs(ctx).map(describe),
  }),
  is_running: fn({
    doc: "Returns the jobs that run functions of this name.",
    args: { fun: { type: "string", required: true, doc: "Name or glob." } },
    example: "salt '*' saltutil.is_running state.highstate",
    run: (ctx, { fun }) =>
      otherJobs(ctx).filter(({ load }) => [load.fun].flat().some((name) => globMatch(fun, name)))
        .map(describe),
  }),
  find_job: fn({
    doc: "Returns a job if it runs on this minion, or an empty map.",
    args: { jid },
    example: "salt '*' saltutil.find_job 20260101000000000000",
    run(ctx, args) {
      const job = otherJobs(ctx).find((other) => other.jid === args.jid);
      return job ? describe(job) : {};
    },
  }),
  find_cached_job: fn({
    doc: "Returns the result of a job that this minion has kept. (`cache_jobs`)",
    args: { jid },
    example: "salt '*' saltutil.find_cached_job 20260101000000000000",
    run: (ctx, args) => readCachedJob(ctx, args.jid),
  }),
  signal_job: fn({
    doc: "Sends a signal to the processes of a job.",
    args: { jid, sig: { type: "any", required: true, doc: "Number or name of the signal." } },
    example: "salt '*' saltutil.signal_job 20260101000000000000 15",
    run: (ctx, args) => signalJob(ctx, args.jid, signalName(args.sig)),
  }),
  term_job: fn({
    doc: "Asks a job to end. (SIGTERM)",
    args: { jid },
    example: "salt '*' saltutil.term_job 20260101000000000000",
    run: (ctx, args) => signalJob(ctx, args.jid, "SIGTERM"),
  }),
  kill_job: fn({
    doc: "Ends a job. (SIGKILL)",
    args: { jid },
    example: "salt '*' saltutil.kill_job 20260101000000000000",
    run: (ctx, args) => signalJob(ctx, args.jid, "SIGKILL"),
  }),
  term_all_jobs: fn({
    doc: "Asks all other jobs to end. (SIGTERM)",
    args: {},
    example: "salt '*' saltutil.term_all_jobs",
    run: (ctx) => signalAll(ctx, "SIGTERM"),
  }),
  kill_all_jobs: fn({
    doc: "Ends all other jobs. (SIGKILL)",
    args: {},
    example: "salt '*' saltutil.kill_all_jobs",
    run: (ctx) => signalAll(ctx, "SIGKILL"),
  }),
};
