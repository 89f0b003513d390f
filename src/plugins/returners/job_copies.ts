/**
 * Where a master's jobs go besides its own job cache: `master_job_cache`, and the loads alone to
 * `ext_job_cache`, whose returns the minions bring themselves.
 * (`salt/utils/job.py:store_job`, `salt/master.py:ClearFuncs._prep_pub`)
 * @module
 */
import { type JobCache, openJobCache } from "../../cache/mod.ts";
import { copyingJobCache } from "../../cache/copying_job_cache.ts";
import { enqueue, openOutbox, type OutboxOpts } from "./outbox.ts";

/** Options that say where. */
export interface JobCopyOpts extends OutboxOpts {
  readonly master_job_cache: string;
  readonly ext_job_cache: string;
  readonly job_cache: boolean;
  readonly job_cache_sync?: boolean;
  /** Shared by the threads of the master. */
  readonly turnstile?: SharedArrayBuffer;
}

/** The returner that `master_job_cache` names besides the local one; null: none. */
export function masterJobCache(opts: JobCopyOpts): string | null {
  const name = opts.master_job_cache;
  return name === "" || name === "local_cache" || !opts.job_cache ? null : name;
}

/** The returner that jobs are read from; null: this master's own cache. */
export function jobSource(opts: JobCopyOpts): string | null {
  return opts.ext_job_cache !== "" ? opts.ext_job_cache : masterJobCache(opts);
}

/** Whether the options of a master name any returner. */
export function wantsReturners(opts: JobCopyOpts & { event_return: readonly string[] }): boolean {
  return opts.event_return.length > 0 || jobSource(opts) !== null;
}

/** Opens the job cache of a master. What is stored in it goes into the outbox too, where that is wanted. */
export function openMasterJobs(opts: JobCopyOpts): JobCache {
  const jobs = openJobCache(opts);
  const master = masterJobCache(opts);
  const ext = opts.ext_job_cache === "" ? null : opts.ext_job_cache;
  if (master === null && ext === null) return jobs;
  const file = openOutbox(opts);
  const copying = copyingJobCache(jobs, {
    job(jid, load, minions) {
      const data = { jid, load: { ...load, jid }, minions: [...minions] };
      for (const name of new Set([master, ext])) {
        if (name !== null) enqueue(file, name, "save_load", data);
      }
    },
    return(ret) {
      if (master !== null && ext === null) enqueue(file, master, "returner", ret);
    },
  });
  return {
    ...copying,
    close: () => {
      jobs.close();
      file.close();
    },
  };
}
