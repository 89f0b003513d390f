/**
 * Jobs that are read from a returner: `ext_source`, or what `ext_job_cache` and `master_job_cache`
 * name. (`salt/runners/jobs.py:_get_returner`)
 * @module
 */
import type { JobFilter } from "../../cache/mod.ts";
import { messageOf, SaltInvocationError } from "../../errors.ts";
import { type OpenReturner, ReturnerUnavailable } from "../../loader/returner_types.ts";
import type { RunnerContext } from "../../loader/runner_types.ts";
import { globMatch } from "../../text/glob.ts";
import { pyEqual } from "../../text/py_equal.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { jobSource } from "../returners/job_copies.ts";
import { formatJob, parseTime } from "./job_format.ts";

/**
 * Answers from a returner where one is named, from this master's own cache otherwise; also when a
 * server that only the options name is away.
 * @param extSource names a returner for this call
 */
export async function fromSource(
  ctx: RunnerContext,
  extSource: string | null,
  external: (source: OpenReturner) => Promise<Data>,
  own: () => Data | Promise<Data>,
): Promise<Data> {
  const configured = jobSource(ctx.opts);
  const name = extSource || configured;
  if (!name || (extSource === "local_cache")) return await own();
  try {
    return await external(await ctx.returner(name));
  } catch (error) {
    if (extSource || !(error instanceof ReturnerUnavailable)) throw error;
    ctx.log.warning(`Jobs are read from this master's own cache: ${messageOf(error)}`);
    return await own();
  }
}

function needed<K extends keyof OpenReturner>(
  source: OpenReturner,
  name: K,
): NonNullable<OpenReturner[K]> {
  const method = source[name];
  if (!method) throw new SaltInvocationError(`This returner does not support function ${name}`);
  return (method as (...args: unknown[]) => unknown).bind(source) as NonNullable<OpenReturner[K]>;
}

/**
 * One job with its returns, as `jobs.list_job` shows it.
 * @param expected whom this master knows to be expected, which few returners keep
 */
export async function externalJob(
  source: OpenReturner,
  jid: string,
  expected: readonly string[],
): Promise<DataMap> {
  const load = await needed(source, "get_load")(jid);
  const known = Object.keys(load).length > 0;
  const minions = Array.isArray(load["Minions"]) ? load["Minions"] : [...expected];
  const more: DataMap = minions.length > 0 ? { Minions: minions } : {};
  const described = formatJob(jid, known ? load : null, more);
  described["Result"] = await needed(source, "get_jid")(jid);
  return described;
}

/** The returns of a job, whole, by minion. */
export async function externalReturns(source: OpenReturner, jid: string): Promise<DataMap> {
  return await needed(source, "get_jid")(jid);
}

/** The values that minions returned for a job. */
export async function externalLookup(source: OpenReturner, jid: string): Promise<Data> {
  const returns = Object.entries(await externalReturns(source, jid));
  const values = returns.map(([id, ret]) => [id, isMap(ret) ? ret["return"] ?? null : ret]);
  const first = returns[0]?.[1];
  const data = Object.fromEntries(values);
  const out = isMap(first) ? first["out"] : undefined;
  return typeof out === "string" ? { outputter: out, data } : data;
}

/** The jobs that the filters leave, oldest first. */
export async function externalJobs(source: OpenReturner, filter: JobFilter): Promise<DataMap> {
  const all = Object.entries(await needed(source, "get_jids")());
  const wanted = all.filter(([, job]) => isMap(job) && fits(job, filter));
  const sorted = wanted.sort(([a], [b]) => a < b ? -1 : 1);
  const limit = filter.limit ?? Infinity;
  return Object.fromEntries(limit === Infinity ? sorted : sorted.slice(-limit));
}

function fits(job: DataMap, filter: JobFilter): boolean {
  const { functions, targets, metadata, startTime, endTime } = filter;
  if (filter.withoutFindJob && job["Function"] === "saltutil.find_job") return false;
  if (functions && !anyMatches(job["Function"], functions)) return false;
  if (targets && !anyMatches(job["Target"], targets)) return false;
  const own = job["Metadata"];
  if (metadata) {
    if (!isMap(own)) return false;
    const equal = ([key, value]: [string, Data]) =>
      own[key] !== undefined && pyEqual(own[key], value);
    if (!Object.entries(metadata).some(equal)) return false;
  }
  const started = parseTime("StartTime", job["StartTime"] ?? null);
  if (startTime !== undefined && (started ?? 0) < startTime) return false;
  return endTime === undefined || (started ?? 0) <= endTime;
}

function anyMatches(value: Data | undefined, globs: readonly string[]): boolean {
  const texts = [value ?? ""].flat().map(String);
  return texts.some((text) => globs.some((glob) => globMatch(glob, text)));
}
