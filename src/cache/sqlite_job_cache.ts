/**
 * The job cache in SQLite: a row for each job, and one for each minion of whom an end is known. Who is
 * expected and has no row is waited for.
 * @module
 */
import { join } from "node:path";
import { StoreError } from "./sqlite_error.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import { isValidJid, jidToDate } from "../text/jid.ts";
import type { Data, Jid, MinionId, PublishLoad, ReturnLoad } from "../types/mod.ts";
import type {
  JobCache,
  JobCacheOptions,
  JobEnd,
  JobFilter,
  JobRecord,
  JobReturn,
  JobSummary,
  SaveResult,
  StoredReturn,
} from "./job_cache.ts";
import { jidRange, jobTest } from "./job_filter.ts";
import {
  endOfReturn,
  functionsText,
  loadOfReturn,
  storedReturn,
  targetText,
  withoutSecrets,
} from "./job_rows.ts";
import { ChangeLog, type WatchedTable } from "./change_log.ts";
import { SqliteFile } from "./sqlite_file.ts";

const MIGRATIONS = [`
  CREATE TABLE jobs (
    jid TEXT PRIMARY KEY NOT NULL,
    created REAL NOT NULL,
    fun TEXT NOT NULL,
    tgt TEXT NOT NULL,
    load BLOB NOT NULL,
    minions BLOB NOT NULL,
    missing BLOB NOT NULL,
    expected INTEGER NOT NULL,
    nocache INTEGER NOT NULL
  );
  CREATE INDEX jobs_created ON jobs (created);
  CREATE TABLE parts (
    jid TEXT NOT NULL,
    id TEXT NOT NULL,
    end TEXT NOT NULL,
    time REAL NOT NULL,
    reason TEXT,
    ret BLOB,
    PRIMARY KEY (jid, id)
  ) WITHOUT ROWID;
`];

const INSERT_JOB = `INSERT OR IGNORE INTO jobs
  (jid, created, fun, tgt, load, minions, missing, expected, nocache)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** A return takes the place of any other end, but never of a return. */
const INSERT_RETURN = `INSERT INTO parts (jid, id, end, time, ret) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET end = excluded.end, time = excluded.time, ret = excluded.ret,
    reason = NULL WHERE end NOT IN ('returned', 'failed') AND ret IS NULL`;

const INSERT_END = `INSERT INTO parts (jid, id, end, time, reason) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET end = excluded.end, time = excluded.time, reason = excluded.reason
    WHERE end NOT IN ('returned', 'failed') AND ret IS NULL`;

const SELECT_ACTIVE = `SELECT jid, load, expected, created FROM jobs WHERE created >= ?
  AND expected > (SELECT count(*) FROM parts WHERE parts.jid = jobs.jid AND end <> 'waiting')
  ORDER BY jid DESC`;

const DEFAULT_MAX_RETURN = 64 * 1024 * 1024;
const DEFAULT_LIMIT = 100;
const DAY = 86_400;

/** Jobs removed in one transaction: between them, others get to write. */
const CLEAN_CHUNK = 200;

/** Opens the job cache in `<cachedir>/jobs.db`, made when it is not there. Touches the disk at its first use. */
export function openJobCache(options: JobCacheOptions): JobCache {
  return new SqliteJobCache(options);
}

/** What a cluster of masters tells each other of jobs: jobs by jid, ends and returns by jid and id. */
const SHARED: readonly WatchedTable[] = [
  { table: "jobs", columns: ["jid"], on: ["INSERT", "UPDATE OF minions"] },
  { table: "parts", columns: ["jid", "id"], on: ["INSERT", "UPDATE"] },
];

/** The job cache of a master that shares its jobs with others. */
export interface SharedJobCache extends JobCache {
  /** What has changed here: tables `jobs` and `parts`. */
  readonly changes: ChangeLog;
  /** One minion's part in a job; null while nothing is known of it. */
  part(jid: string, id: string): JobReturn | null;
  /** Jobs that were stored at `seconds` since 1970 or later. */
  jidsSince(seconds: number): string[];
}

/** Opens the job cache as {@linkcode openJobCache} does, for a master that shares its jobs. */
export function openSharedJobCache(options: JobCacheOptions): SharedJobCache {
  return new SqliteJobCache(options);
}

class SqliteJobCache implements SharedJobCache {
  readonly changes: ChangeLog;
  readonly #file: SqliteFile;
  readonly #maxReturn: number;
  readonly #now: () => number;

  constructor(options: JobCacheOptions) {
    this.#file = new SqliteFile({
      path: join(options.cachedir, "jobs.db"),
      migrations: MIGRATIONS,
      busyTimeout: options.busyTimeout,
      durable: options.job_cache_sync ?? false,
      turnstile: options.turnstile,
    });
    this.changes = new ChangeLog(this.#file, SHARED);
    this.#maxReturn = options.maxReturnBytes ?? DEFAULT_MAX_RETURN;
    this.#now = options.now ?? Date.now;
  }

  saveLoad(load: PublishLoad, minions: readonly string[], missing: readonly string[] = []) {
    this.#checkJid(load.jid);
    const clean = withoutSecrets(load);
    return this.#insertJob(load.jid, clean, minions, missing);
  }

  addMinions(jid: string, ids: readonly string[]): void {
    this.#file.transaction((prepare) => {
      const row = prepare("SELECT minions FROM jobs WHERE jid = ?").get(jid);
      if (!row) return;
      const all = sorted([...unpackList(row["minions"]), ...ids]);
      prepare("UPDATE jobs SET minions = ?, expected = ? WHERE jid = ?")
        .run(packLocal(all), all.length, jid);
    });
  }

  saveReturn(ret: ReturnLoad): SaveResult {
    this.#checkJid(ret.jid);
    const kept = storedReturn(ret);
    let bytes: Uint8Array | null = this.#pack(kept);
    return this.#file.transaction((prepare) => {
      const job = prepare("SELECT nocache FROM jobs WHERE jid = ?").get(ret.jid);
      if (!job) this.#insertJob(ret.jid, loadOfReturn(ret), [ret.id], []);
      else if (job["nocache"] === 1) bytes = null;
      const { changes } = prepare(INSERT_RETURN)
        .run(ret.jid, ret.id, endOfReturn(ret), this.#seconds(), bytes);
      if (Number(changes) === 0) return "duplicate";
      return job ? "stored" : "new job";
    });
  }

  setEnd(jid: string, ids: readonly string[], end: JobEnd, reason?: string): void {
    this.#file.transaction((prepare) => {
      const insert = prepare(INSERT_END);
      for (const id of ids) insert.run(jid, id, end, this.#seconds(), reason ?? null);
    });
  }

  batch<T>(work: () => T): T {
    return this.#file.transaction(work);
  }

  load(jid: string): JobRecord | null {
    return this.#file.run((prepare) => {
      const row = prepare("SELECT * FROM jobs WHERE jid = ?").get(jid);
      if (!row) return null;
      const last = prepare(
        "SELECT max(time) AS time FROM parts WHERE jid = ? AND " +
          "(end IN ('returned', 'failed') OR ret IS NOT NULL)",
      ).get(jid);
      return {
        ...summary(row),
        minions: unpackList(row["minions"]) as MinionId[],
        missing: unpackList(row["missing"]),
        endTime: (last?.["time"] ?? null) as number | null,
      };
    });
  }

  returns(jid: string): JobReturn[] {
    return this.#file.run((prepare) => {
      const row = prepare("SELECT minions FROM jobs WHERE jid = ?").get(jid);
      const waiting = new Set(row ? unpackList(row["minions"]) : []);
      const parts: JobReturn[] = [];
      for (const part of prepare("SELECT * FROM parts WHERE jid = ?").iterate(jid)) {
        waiting.delete(part["id"] as string);
        parts.push(partOf(part));
      }
      for (const id of waiting) parts.push({ id: id as MinionId, end: "waiting", time: null });
      return parts.sort((a, b) => a.id < b.id ? -1 : 1);
    });
  }

  part(jid: string, id: string): JobReturn | null {
    return this.#file.run((prepare) => {
      const row = prepare("SELECT * FROM parts WHERE jid = ? AND id = ?").get(jid, id);
      return row ? partOf(row) : null;
    });
  }

  jidsSince(seconds: number): string[] {
    return this.#file.run((prepare) =>
      prepare("SELECT jid FROM jobs WHERE created >= ?").all(seconds)
        .map((row) => String(row["jid"]))
    );
  }

  list(filter: JobFilter = {}): JobSummary[] {
    const [from, to] = jidRange(filter);
    const limit = filter.limit ?? DEFAULT_LIMIT;
    const test = jobTest(filter);
    return this.#file.run((prepare) => {
      const found: JobSummary[] = [];
      const rows = prepare(
        `SELECT jid, load, expected, created, fun, tgt FROM jobs
           WHERE jid >= ? AND jid < ? ORDER BY jid DESC`,
      ).iterate(from, to);
      for (const row of rows) {
        if (found.length >= limit) break;
        const job = test(String(row["fun"]), String(row["tgt"]), () => summary(row));
        if (job) found.push(job);
      }
      return found;
    });
  }

  active(maxAgeSeconds = DAY): JobSummary[] {
    const since = this.#seconds() - maxAgeSeconds;
    return this.#file.run((prepare) => prepare(SELECT_ACTIVE).all(since).map(summary));
  }

  clean(keepJobsSeconds: number, except: readonly string[] = []): number {
    if (keepJobsSeconds <= 0) return 0;
    const before = this.#seconds() - keepJobsSeconds;
    let removed = 0;
    for (let chunk = CLEAN_CHUNK; chunk === CLEAN_CHUNK; removed += chunk) {
      chunk = this.#cleanChunk(before, except);
    }
    if (removed > 0) this.#file.run((prepare) => prepare("PRAGMA incremental_vacuum").all());
    return removed;
  }

  close(): void {
    this.#file.close();
  }

  #cleanChunk(before: number, except: readonly string[]): number {
    return this.#file.transaction((prepare) => {
      const jids = prepare(
        `SELECT jid FROM jobs WHERE created < ? AND jid NOT IN (SELECT value FROM json_each(?))
           LIMIT ${CLEAN_CHUNK}`,
      ).all(before, JSON.stringify(except));
      for (const { jid } of jids) {
        prepare("DELETE FROM parts WHERE jid = ?").run(jid!);
        prepare("DELETE FROM jobs WHERE jid = ?").run(jid!);
      }
      return jids.length;
    });
  }

  #insertJob(
    jid: Jid,
    load: Record<string, Data>,
    minions: readonly string[],
    missing: readonly string[],
  ): boolean {
    const ids = sorted(minions);
    const kwargs = load["kwargs"] as Record<string, Data> | undefined;
    return this.#file.transaction((prepare) => {
      const { changes } = prepare(INSERT_JOB).run(
        jid,
        this.#seconds(),
        functionsText(load),
        targetText(load),
        packLocal(load),
        packLocal(ids),
        packLocal([...missing]),
        ids.length,
        kwargs?.["nocache"] === true ? 1 : 0,
      );
      return Number(changes) > 0;
    });
  }

  #pack(ret: StoredReturn): Uint8Array {
    const bytes = packLocal(ret as unknown as Data);
    if (bytes.length <= this.#maxReturn) return bytes;
    const note = `The return has ${bytes.length} bytes; the job cache keeps none of more than ` +
      `${this.#maxReturn}`;
    return packLocal({ ...ret, return: note } as unknown as Data);
  }

  #seconds(): number {
    return this.#now() / 1000;
  }

  #checkJid(jid: string): void {
    if (!isValidJid(jid)) throw new StoreError(`"${jid}" is not a job id`, "other");
  }
}

type Row = Record<string, unknown>;

function summary(row: Row): JobSummary {
  const jid = row["jid"] as Jid;
  const said = jidToDate(jid)?.getTime();
  return {
    jid,
    load: unpack(row["load"] as Uint8Array) as unknown as PublishLoad,
    startTime: said === undefined ? row["created"] as number : said / 1000,
    expected: Number(row["expected"]),
  };
}

function partOf(row: Row): JobReturn {
  const part: JobReturn = {
    id: row["id"] as MinionId,
    end: row["end"] as JobEnd,
    time: row["time"] as number,
  };
  if (row["ret"] !== null) {
    part.ret = unpack(row["ret"] as Uint8Array) as unknown as StoredReturn;
  }
  if (row["reason"] !== null) part.reason = row["reason"] as string;
  return part;
}

function unpackList(bytes: unknown): string[] {
  return unpack(bytes as Uint8Array) as string[];
}

function sorted(ids: readonly string[]): string[] {
  return [...new Set(ids)].sort();
}
