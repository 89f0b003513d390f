/** What the master remembers of jobs. (`salt/runners/jobs.py`) @module */
import type { JobFilter } from "../../cache/mod.ts";
import { type RunnerContext, runnerFn, runnerModule } from "../../loader/runner_types.ts";
import { compareText } from "../../text/py_text.ts";
import { cameBack, type Data, type DataMap, isMap } from "../../types/mod.ts";
import { describeEnds, jobParts } from "./job_ends.ts";
import {
  externalJob,
  externalJobs,
  externalLookup,
  externalReturns,
  fromSource,
} from "./job_source.ts";
import {
  formatJob,
  formatTime,
  missingText,
  parseTime,
  resultsOf,
  splitInput,
} from "./job_format.ts";

const jid = { type: "string", required: true, doc: "The job id." } as const;
const outputter = { type: "string", doc: "Outputter to show the result with." } as const;
const extSource = {
  type: "string",
  doc: "A returner to read from, in place of the configured job cache.",
} as const;
const progress = {
  type: "bool",
  default: false,
  doc: "Fire events that tell how far it is.",
} as const;

/** Wrapped as the command line tool expects it, when an outputter is named. */
function withOutputter(out: Data | undefined, data: Data): Data {
  return out ? { outputter: out, data } : data;
}

function describeJob(ctx: RunnerContext, id: string): DataMap {
  const job = ctx.jobs.load(id);
  const minions: DataMap = job && job.minions.length > 0 ? { Minions: job.minions } : {};
  const described = formatJob(id, job && job.load as unknown as DataMap, minions);
  described["Result"] = resultsOf(ctx.jobs.returns(id));
  const stored = ctx.opts.job_cache_store_endtime && job && job.endTime !== null;
  if (stored) described["EndTime"] = formatTime(job.endTime!);
  return described;
}

async function lookup(
  ctx: RunnerContext,
  id: string,
  returned: boolean,
  missing: boolean,
): Promise<Data> {
  const found: DataMap = {};
  let out: Data | undefined;
  let first = true;
  for (const part of missing ? await jobParts(ctx, id) : ctx.jobs.returns(id)) {
    if (part.ret === undefined) {
      if (missing && !cameBack(part.end)) {
        found[part.id] = missingText(part);
      }
      continue;
    }
    if (first) out = part.ret.out;
    first = false;
    if (returned) found[part.id] = part.ret.return;
  }
  return withOutputter(out, found);
}

/** All jobs that the filters leave, oldest first as Salt's sorted output shows them. */
function listJobs(ctx: RunnerContext, filter: JobFilter): DataMap {
  const jobs = ctx.jobs.list({ limit: Infinity, ...filter }).reverse();
  return Object.fromEntries(
    jobs.map((job) => [job.jid, formatJob(job.jid, job.load as unknown as DataMap)]),
  );
}

function allJobs(ctx: RunnerContext, filter: JobFilter, source: string | null): Promise<DataMap> {
  return fromSource(
    ctx,
    source,
    (returner) => externalJobs(returner, filter),
    () => listJobs(ctx, filter),
  ) as Promise<DataMap>;
}

function describe(ctx: RunnerContext, id: string, source: string | null): Promise<DataMap> {
  return fromSource(
    ctx,
    source,
    (returner) => externalJob(returner, id, ctx.jobs.load(id)?.minions ?? []),
    () => describeJob(ctx, id),
  ) as Promise<DataMap>;
}

/** The data of a result, without the outputter that may be around it. */
function innerMap(value: Data): DataMap {
  if (!isMap(value)) return {};
  return isMap(value["data"]) && "outputter" in value ? value["data"] : value;
}

function filterOf(args: {
  search_metadata: Data;
  search_function: Data;
  search_target: Data;
  start_time: Data;
  end_time: Data;
}): JobFilter {
  const functions = splitInput(args.search_function);
  const targets = splitInput(args.search_target);
  const startTime = parseTime("start_time", args.start_time);
  const endTime = parseTime("end_time", args.end_time);
  return {
    ...(functions ? { functions } : {}),
    ...(targets ? { targets } : {}),
    ...(isMap(args.search_metadata) ? { metadata: args.search_metadata } : {}),
    ...(startTime === undefined ? {} : { startTime }),
    ...(endTime === undefined ? {} : { endTime }),
  };
}

/** What minions say they are running, by job. */
async function activeJobs(ctx: RunnerContext, told: boolean): Promise<DataMap> {
  const timeout = ctx.opts.timeout;
  const results = await ctx.client.cmd(
    { tgt: "*", tgt_type: "glob" },
    "saltutil.running",
    [],
    { timeout },
  );
  const jobs: Record<string, DataMap & { Running: DataMap[]; Returned: Data[] }> = {};
  for (const { id, ret } of results) {
    if (told) await ctx.progress(`Received reply from minion ${id}`);
    if (!Array.isArray(ret)) continue;
    for (const job of ret) {
      if (!isMap(job) || typeof job["jid"] !== "string") continue;
      const known = jobs[job["jid"]] ??= {
        ...formatJob(job["jid"], job),
        Running: [],
        Returned: [],
      };
      known.Running.push({ [id]: job["pid"] ?? null });
    }
  }
  for (const [id, job] of Object.entries(jobs)) {
    job.Returned = ctx.jobs.returns(id).flatMap((part) => part.ret ? [part.id] : []);
  }
  return jobs;
}

/** True for a minion whose return is true as Python sees it. */
function truthy(value: Data): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  if (value instanceof Number) return Number(value) !== 0;
  return Boolean(value);
}

/** The runner `jobs`. */
export const jobs = runnerModule({
  name: "jobs",
  doc: "What the master remembers of jobs, and which run now.",
  functions: {
    active: runnerFn({
      doc: "The jobs that minions run now: who runs each, and who has returned.",
      args: { display_progress: progress },
      example: "salt-run jobs.active",
      run: (ctx, args) => activeJobs(ctx, args.display_progress === true),
    }),
    lookup_jid: runnerFn({
      doc: "The returns of a job, by minion.",
      args: {
        jid,
        ext_source: extSource,
        returned: { type: "bool", default: true, doc: "Show the minions that have returned." },
        missing: { type: "bool", default: false, doc: "Show the minions that have not, and why." },
        display_progress: progress,
      },
      example: "salt-run jobs.lookup_jid 20130916125524463507\n" +
        "salt-run jobs.lookup_jid 20130916125524463507 missing=True",
      run: async (ctx, args) => {
        if (args.display_progress) await ctx.progress("Querying the job cache");
        const { jid, returned, missing } = args;
        const own = (all: boolean) => lookup(ctx, jid, all, missing === true);
        return await fromSource(ctx, args.ext_source, async (source) => {
          const found = returned === false ? {} : await externalLookup(source, jid);
          return missing ? { ...innerMap(await own(false)), ...innerMap(found) } : found;
        }, () => own(returned !== false));
      },
    }),
    ends: runnerFn({
      doc: "How a job ended on each minion: returned, failed, timed out, not connected, queued, " +
        "expired, interrupted; or running. Asks the minions of whom nothing is known.",
      args: { jid },
      example: "salt-run jobs.ends 20130916125524463507",
      run: async (ctx, args) => describeEnds(await jobParts(ctx, args.jid)),
    }),
    list_job: runnerFn({
      doc: "One job: what it was, whom it was for, and what came back.",
      args: { jid, ext_source: extSource, display_progress: progress },
      example: "salt-run jobs.list_job 20130916125524463507",
      run: async (ctx, args) => {
        if (args.display_progress) await ctx.progress("Querying the job cache");
        return { jid: args.jid, ...await describe(ctx, args.jid, args.ext_source) };
      },
    }),
    print_job: runnerFn({
      doc: "One job with its returns, under its job id.",
      args: { jid, ext_source: extSource },
      example: "salt-run jobs.print_job 20130916125524463507",
      run: async (ctx, args) => ({ [args.jid]: await describe(ctx, args.jid, args.ext_source) }),
    }),
    list_jobs: runnerFn({
      doc: "The jobs in the cache. Of several filters all have to hold.",
      args: {
        ext_source: extSource,
        outputter,
        search_metadata: { type: "any", doc: "Map; one equal value is enough." },
        search_function: { type: "any", doc: "Glob of functions, a list, or several with commas." },
        search_target: { type: "any", doc: "Glob of targets, a list, or several with commas." },
        start_time: { type: "any", doc: "Only jobs that began then or later (UTC)." },
        end_time: { type: "any", doc: "Only jobs that began then or before (UTC)." },
        display_progress: progress,
      },
      example: "salt-run jobs.list_jobs\n" +
        "salt-run jobs.list_jobs search_function='test.*,pkg.install' search_target='db*'\n" +
        "salt-run jobs.list_jobs start_time='2015, Mar 16 19:00' end_time='2015, Mar 18 22:00'",
      run: async (ctx, args) => {
        if (args.display_progress) await ctx.progress("Querying the job cache for jobs");
        const filter = filterOf(args);
        return withOutputter(args.outputter, await allJobs(ctx, filter, args.ext_source));
      },
    }),
    list_jobs_filter: runnerFn({
      doc: "The newest jobs, oldest first.",
      args: {
        count: { type: "int", required: true, doc: "How many." },
        filter_find_job: { type: "bool", default: true, doc: "Leave saltutil.find_job out." },
        ext_source: extSource,
        outputter,
        display_progress: progress,
      },
      example: "salt-run jobs.list_jobs_filter 50",
      run: async (ctx, args) => {
        if (args.display_progress) await ctx.progress("Querying the job cache for jobs");
        const withoutFindJob = args.filter_find_job !== false;
        const filter = { limit: args.count, withoutFindJob };
        const found = Object.entries(await allJobs(ctx, filter, args.ext_source));
        const rows = found.map(([jid, job]) => {
          const { StartTime = "", ...rest } = isMap(job) ? job : {};
          return { ...rest, JID: jid, StartTime };
        });
        return withOutputter(args.outputter, rows);
      },
    }),
    last_run: runnerFn({
      doc: "The newest job that the filters leave, with its returns; False when there is none.",
      args: {
        ext_source: extSource,
        outputter,
        metadata: { type: "any", doc: "Map; one equal value is enough." },
        function: { type: "any", doc: "Glob of functions, a list, or several with commas." },
        target: { type: "any", doc: "Glob of targets, a list, or several with commas." },
        display_progress: progress,
      },
      example: "salt-run jobs.last_run\nsalt-run jobs.last_run target=nodename function='cmd.run'",
      run: async (ctx, args) => {
        if (args.display_progress) await ctx.progress("Querying the job cache for jobs");
        if (args.metadata !== null && !isMap(args.metadata)) {
          ctx.log.info("The metadata parameter must be specified as a dictionary");
          return false;
        }
        const filter = filterOf({
          search_metadata: args.metadata,
          search_function: args.function,
          search_target: args.target,
          start_time: null,
          end_time: null,
        });
        const source = args.ext_source;
        const [newest] = Object.keys(await allJobs(ctx, { ...filter, limit: 1 }, source));
        return newest ? { [newest]: await describe(ctx, newest, source) } : false;
      },
    }),
    exit_success: runnerFn({
      doc: "For each minion of a job whether it returned something that counts as true.",
      args: { jid, ext_source: extSource },
      example: "salt-run jobs.exit_success 20160520145827701627",
      run: (ctx, args) =>
        fromSource(ctx, args.ext_source, async (source) => {
          const returns = Object.entries(await externalReturns(source, args.jid));
          return Object.fromEntries(
            returns.sort(([a], [b]) => compareText(a, b))
              .map(([id, ret]) => [id, isMap(ret) && truthy(ret["return"] ?? null)]),
          );
        }, () => {
          const parts = ctx.jobs.returns(args.jid).sort((a, b) => compareText(a.id, b.id));
          return Object.fromEntries(
            parts.map(({ id, ret }) => [id, ret !== undefined && truthy(ret.return)]),
          );
        }),
    }),
  },
});
