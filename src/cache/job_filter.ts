/**
 * Which jobs a listing holds. (`salt/runners/jobs.py:list_jobs`)
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { compileGlob } from "../text/glob.ts";
import { makeJid } from "../text/jid.ts";
import { type DataMap, isMap } from "../types/mod.ts";
import type { JobFilter, JobSummary } from "./job_cache.ts";
import { metadataOf } from "./job_rows.ts";

/** First jid that belongs to a listing, and the first one after it. */
export function jidRange(filter: JobFilter): [from: string, to: string] {
  const from = filter.startTime === undefined ? "" : jidOf(filter.startTime);
  // The end is inclusive, to the millisecond; with `unique_jid` more text follows the digits.
  const end = filter.endTime === undefined ? "~" : `${jidOf(filter.endTime).slice(0, 17)}999~`;
  const before = filter.before ?? "~";
  return [from, end < before ? end : before];
}

function jidOf(seconds: number): string {
  return makeJid(new Date(seconds * 1000));
}

/**
 * A test of one row: gives the job when it belongs. Looks at what costs least first; `job` is called
 * only when the texts fit.
 */
export function jobTest(
  filter: JobFilter,
): (fun: string, tgt: string, job: () => JobSummary) => JobSummary | null {
  const functions = filter.functions?.map(compileGlob);
  const targets = filter.targets?.map(compileGlob);
  const fits = (text: string, globs: ((text: string) => boolean)[] | undefined) =>
    globs === undefined || text.split("\n").some((item) => globs.some((glob) => glob(item)));
  return (fun, tgt, job) => {
    if (filter.withoutFindJob && fun === "saltutil.find_job") return null;
    if (!fits(fun, functions) || !fits(tgt, targets)) return null;
    const found = job();
    return filter.metadata === undefined || hasMetadata(found, filter.metadata) ? found : null;
  };
}

/** As in Salt, one equal value is enough. */
function hasMetadata(job: JobSummary, wanted: DataMap): boolean {
  const metadata = metadataOf(job.load as unknown as DataMap);
  return isMap(metadata) &&
    Object.entries(wanted).some(([key, value]) => isDeepStrictEqual(metadata[key], value));
}
