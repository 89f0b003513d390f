/**
 * What a master remembers of jobs: the load, who was expected, every return, and how each of them
 * ended.
 *
 * The interface names no storage; {@linkcode openJobCache} gives the one in SQLite. Methods are
 * synchronous, and safe to call from many threads and processes at once, each with its own instance.
 * @module
 */
import type { Data, DataMap, Jid, MinionId, PublishLoad, ReturnLoad } from "../types/mod.ts";

/**
 * How a job ended on one minion, or why it has not yet.
 *
 * `waiting` until one of the others is known; `returned`, `failed` (a retcode that is not 0) and
 * `interrupted`, where a minion says so, come from the return itself and are final.
 */
export type JobEnd =
  | "waiting"
  | "returned"
  | "failed"
  | "timed out"
  | "not connected"
  | "queued"
  | "expired"
  | "interrupted";

/** A job as it is stored. */
export interface JobRecord {
  jid: Jid;
  /** The publish load without credentials. */
  load: PublishLoad;
  /** Ids expected to return, sorted. */
  minions: MinionId[];
  /** Ids that were named but are not known or not connected. */
  missing: string[];
  /** Seconds since 1970. */
  startTime: number;
  /** When the last return came; null when none has. */
  endTime: number | null;
}

/** What is kept of a return. (`salt/returners/local_cache.py:returner`) */
export interface StoredReturn {
  return: Data;
  retcode?: Data;
  success?: Data;
  out?: Data;
}

/** One minion's part in a job. */
export interface JobReturn {
  id: MinionId;
  end: JobEnd;
  /** Absent while there is no return. */
  ret?: StoredReturn;
  /** Why it ended so, where the end is not a return. */
  reason?: string;
  /** Seconds since 1970 of the return or of the end. */
  time: number | null;
}

/** One line of a listing. */
export interface JobSummary {
  jid: Jid;
  load: PublishLoad;
  /** Seconds since 1970. */
  startTime: number;
  /** How many were expected. */
  expected: number;
}

/** Which jobs, newest first. Filters all have to hold. */
export interface JobFilter {
  limit?: number;
  /** Only jobs older than this one: the last of the page before. */
  before?: string;
  /** Globs of function names; one must match. */
  functions?: readonly string[];
  /** Globs of targets as they were given; one must match. */
  targets?: readonly string[];
  /** Key and value pairs of the job's metadata; one must be equal, as in Salt. */
  metadata?: DataMap;
  /** Seconds since 1970, inclusive. */
  startTime?: number;
  endTime?: number;
  /** Leaves out `saltutil.find_job`. */
  withoutFindJob?: boolean;
}

/** What {@linkcode JobCache.saveReturn} did. `new job`: stored, of a job that was not known. */
export type SaveResult = "stored" | "duplicate" | "new job";

/** A store of jobs. */
export interface JobCache {
  /**
   * Stores a job before it is published. False: the jid is in use.
   * @throws {StoreError} when it cannot be stored (disk full …).
   */
  saveLoad(load: PublishLoad, minions: readonly string[], missing?: readonly string[]): boolean;
  /** Adds to whom is expected: a syndic tells of its minions. */
  addMinions(jid: string, ids: readonly string[]): void;
  /**
   * Stores a return, once for each (jid, minion): only the first counts. When it is back, it is on
   * the disk, unless a batch is open.
   * @throws {StoreError}
   */
  saveReturn(ret: ReturnLoad): SaveResult;
  /** Notes how a job ended where no return came. A return, before or after, wins over it. */
  setEnd(jid: string, ids: readonly string[], end: JobEnd, reason?: string): void;
  /** Runs `work` in one transaction: all its writes are on the disk when it is back, or none is. */
  batch<T>(work: () => T): T;
  load(jid: string): JobRecord | null;
  /** Everyone expected or returned, sorted by id. */
  returns(jid: string): JobReturn[];
  /** Newest first; 100 at most unless `limit` says otherwise. */
  list(filter?: JobFilter): JobSummary[];
  /** Jobs of the last `maxAgeSeconds` (a day when absent) for which somebody is still `waiting`, newest first. */
  active(maxAgeSeconds?: number): JobSummary[];
  /** Removes jobs that are older, but none of `except`. Returns how many. */
  clean(keepJobsSeconds: number, except?: readonly string[]): number;
  close(): void;
}

/** Options of {@linkcode openJobCache}, named as in the master's config where Salt has them. */
export interface JobCacheOptions {
  cachedir: string;
  /** Bytes of one return that are kept; of a larger one only a note. 64 MiB when absent. */
  maxReturnBytes?: number;
  /** ms to wait for other writers. 10,000 when absent. */
  busyTimeout?: number;
  /** Whether each commit waits for the disk, and so outlasts a power cut too. False when absent. */
  job_cache_sync?: boolean;
  /** Shared by the threads of one process; see `newTurnstile`. */
  turnstile?: SharedArrayBuffer;
  /** ms since 1970. */
  now?: () => number;
}
