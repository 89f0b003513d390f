/**
 * A job cache that tells of each job and return that it stores, so that they can be copied elsewhere.
 * @module
 */
import type { DataMap, PublishLoad, ReturnLoad } from "../types/mod.ts";
import type { JobCache } from "./job_cache.ts";
import { loadOfReturn, withoutSecrets } from "./job_rows.ts";

/** Is told of what was stored. */
export interface JobCopies {
  job(jid: string, load: DataMap, minions: readonly string[]): void;
  return(ret: DataMap): void;
}

/** `jobs`, which tells `copies`. Jobs that ask not to be kept (`nocache`) are not told of. */
export function copyingJobCache(jobs: JobCache, copies: JobCopies): JobCache {
  return {
    saveLoad(load: PublishLoad, minions, missing) {
      const stored = jobs.saveLoad(load, minions, missing);
      const { kwargs } = load as { kwargs?: DataMap };
      if (stored && kwargs?.["nocache"] !== true) {
        copies.job(load.jid, withoutSecrets(load), minions);
      }
      return stored;
    },
    saveReturn(ret: ReturnLoad) {
      const result = jobs.saveReturn(ret);
      if (result === "new job") copies.job(ret.jid, loadOfReturn(ret), [ret.id]);
      const fields = ret as unknown as DataMap;
      if (result !== "duplicate" && fields["nocache"] !== true) copies.return(fields);
      return result;
    },
    addMinions: (jid, ids) => jobs.addMinions(jid, ids),
    setEnd: (jid, ids, end, reason) => jobs.setEnd(jid, ids, end, reason),
    batch: (work) => jobs.batch(work),
    load: (jid) => jobs.load(jid),
    returns: (jid) => jobs.returns(jid),
    list: (filter) => jobs.list(filter),
    active: (seconds) => jobs.active(seconds),
    clean: (seconds, except) => jobs.clean(seconds, except),
    close: () => jobs.close(),
  };
}
