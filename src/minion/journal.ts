/**
 * The durable journal of jobs: what was started, what came of it, until the master has it.
 *
 * A start is written before the job runs and a result before it is sent, without waiting for the
 * disk: a commit outlasts the end of the process, not always a power cut. When the file cannot be
 * used, the service goes on and says what it no longer promises.
 * @module
 */
import { join } from "node:path";
import type { SqliteFile } from "../cache/sqlite_file.ts";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import { type DataMap, isMap, type PublishLoad, type ReturnLoad } from "../types/mod.ts";

const log = getLogger("saltx.minion.journal");

/** The journal's number for a job. */
export type JournalEntry = number;

/** How much the journal keeps; what is oldest goes first. */
export interface JournalLimits {
  entries: number;
  bytes: number;
  seconds: number;
}

/** Whether a result is in the journal. */
export type Kept = "kept" | "failed" | "too large";

/** A return that a master has not acknowledged. */
export interface UnsentReturn {
  entry: JournalEntry;
  load: ReturnLoad;
}

/** A job that had started and not ended when the process did. */
export interface CutJob {
  master: string;
  load: PublishLoad;
  startedAt: Date;
}

/** What the minion needs of a journal. No method throws: a fault is logged. */
export interface JobJournal {
  /** Notes a job before it runs. null: it could not be noted. */
  start(master: string, load: PublishLoad): JournalEntry | null;
  /** Keeps the result until {@linkcode JobJournal.remove}. */
  finish(entry: JournalEntry, load: ReturnLoad): Kept;
  /** Forgets a job: its return was acknowledged, or there will be none. */
  remove(entry: JournalEntry): void;
  /** Returns for a master that come after an entry, oldest first. */
  unsent(master: string, after: JournalEntry, limit: number): UnsentReturn[];
  /** Gives each job that an earlier process left unfinished the result that `result` makes. How many. */
  recover(result: (job: CutJob) => ReturnLoad): number;
  /** Job ids of all entries, oldest first. */
  jids(): string[];
  /** Job ids of the last entries that were removed, oldest first: another master may bring them again. */
  done(): string[];
  close(): void;
}

/** Layout of the journal. */
export const MIGRATIONS = [
  `CREATE TABLE jobs (
     entry INTEGER PRIMARY KEY,
     master TEXT NOT NULL,
     jid TEXT NOT NULL,
     started INTEGER NOT NULL,
     load BLOB NOT NULL,
     finished INTEGER,
     result BLOB,
     size INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX unsent ON jobs (master, entry) WHERE result IS NOT NULL;`,
  `CREATE TABLE done (entry INTEGER PRIMARY KEY, jid TEXT NOT NULL) STRICT;`,
];

/** Job ids of removed entries that are kept at least, and how many more before the oldest go. */
const DONE = 1000;
const DONE_SLACK = 200;

/** Bytes that an entry costs beside its load and result. */
const OVERHEAD = 200;

/** s between two log lines on a journal that does not work. */
const REPEAT = 60;

/** Where the journal of a minion is. */
export function journalPath(cachedir: string): string {
  return join(cachedir, "minion_journal.db");
}

/** Keeps the journal in SQLite. */
export class SqliteJournal implements JobJournal {
  readonly #file: SqliteFile;
  readonly #limits: JournalLimits;
  readonly #now: () => number;
  /** Of all entries; null: not known. */
  #total: { entries: number; bytes: number } | null = null;
  #lastEntry: JournalEntry | null = null;
  #removed = 0;
  #complainedAt = -Infinity;

  /** @param now ms since 1970 */
  constructor(file: SqliteFile, limits: JournalLimits, now: () => number = Date.now) {
    this.#file = file;
    this.#limits = limits;
    this.#now = now;
  }

  start(master: string, load: PublishLoad): JournalEntry | null {
    return this.#guard("note a started job", null, () => {
      const packed = packLocal(load as unknown as DataMap);
      const size = packed.length + OVERHEAD;
      const entry = this.#newEntry();
      this.#file.run((prepare) =>
        prepare(
          "INSERT INTO jobs (entry, master, jid, started, load, size) VALUES (?, ?, ?, ?, ?, ?)",
        )
          .run(entry, master, load.jid, this.#now(), packed, size)
      );
      this.#grow(1, size);
      return entry;
    });
  }

  finish(entry: JournalEntry, load: ReturnLoad): Kept {
    return this.#guard<Kept>(`keep the return of job ${load.jid}`, "failed", () => {
      const packed = packLocal(load as unknown as DataMap);
      if (packed.length > this.#limits.bytes) {
        log.warning(
          `The return of job ${load.jid} has ${packed.length} bytes, more than the journal may ` +
            `hold; it is lost if the master does not take it now`,
        );
        return "too large";
      }
      const { changes } = this.#file.run((prepare) =>
        prepare("UPDATE jobs SET result = ?, finished = ?, size = size + ? WHERE entry = ?")
          .run(packed, this.#now(), packed.length, entry)
      );
      if (Number(changes) === 0) return "failed";
      this.#grow(0, packed.length, entry);
      return "kept";
    });
  }

  remove(entry: JournalEntry): void {
    this.#guard("forget a returned job", undefined, () => {
      const row = this.#file.transaction((prepare) => {
        const found = prepare("DELETE FROM jobs WHERE entry = ? RETURNING size, jid").get(entry);
        if (found) {
          prepare("INSERT OR REPLACE INTO done (entry, jid) VALUES (?, ?)")
            .run(entry, String(found["jid"]));
        }
        return found;
      });
      if (row) this.#grow(-1, -Number(row["size"]));
      if (row && ++this.#removed % DONE_SLACK === 1) this.#trimDone();
    });
  }

  unsent(master: string, after: JournalEntry, limit: number): UnsentReturn[] {
    return this.#guard("read unsent returns", [], () => {
      this.#dropExpired();
      const rows = this.#file.run((prepare) =>
        prepare(
          "SELECT entry, result FROM jobs " +
            "WHERE master = ? AND entry > ? AND result IS NOT NULL ORDER BY entry LIMIT ?",
        ).all(master, after, limit)
      );
      return rows.flatMap((row) => {
        const entry = Number(row["entry"]);
        const load = readMap(row["result"]);
        if (load) return [{ entry, load: load as unknown as ReturnLoad }];
        this.remove(entry);
        return [];
      });
    });
  }

  recover(result: (job: CutJob) => ReturnLoad): number {
    return this.#guard("recover unfinished jobs", 0, () => {
      const rows = this.#file.run((prepare) =>
        prepare("SELECT entry, master, started, load FROM jobs WHERE result IS NULL ORDER BY entry")
          .all()
      );
      for (const row of rows) {
        const entry = Number(row["entry"]);
        const load = readMap(row["load"]);
        if (!load) {
          this.remove(entry);
          continue;
        }
        const startedAt = new Date(Number(row["started"]));
        const master = String(row["master"]);
        this.finish(entry, result({ master, load: load as unknown as PublishLoad, startedAt }));
      }
      return rows.length;
    });
  }

  jids(): string[] {
    return this.#guard("read the journal", [], () => {
      const rows = this.#file.run((prepare) =>
        prepare("SELECT jid FROM jobs ORDER BY entry").all()
      );
      return rows.map((row) => String(row["jid"]));
    });
  }

  done(): string[] {
    return this.#guard("read the journal", [], () => {
      const rows = this.#file.run((prepare) =>
        prepare("SELECT jid FROM done ORDER BY entry").all()
      );
      return rows.map((row) => String(row["jid"]));
    });
  }

  close(): void {
    this.#guard("close the journal", undefined, () => this.#file.close());
  }

  /** Larger than all before, also when the clock was set back; never that of a file moved aside. */
  #newEntry(): JournalEntry {
    this.#lastEntry ??= Number(
      this.#file.run((prepare) => prepare("SELECT max(entry) AS last FROM jobs").get())?.["last"] ??
        0,
    );
    return this.#lastEntry = Math.max(this.#lastEntry + 1, this.#now() * 1000);
  }

  /** Counts, and makes room when there is too much. `keep` is not dropped for room. */
  #grow(entries: number, bytes: number, keep = -1): void {
    if (!this.#total) this.#total = this.#count();
    else {
      this.#total.entries += entries;
      this.#total.bytes += bytes;
    }
    while (
      this.#total.entries > this.#limits.entries || this.#total.bytes > this.#limits.bytes
    ) {
      if (!this.#dropOldest(keep)) return;
    }
  }

  #trimDone(): void {
    this.#file.run((prepare) =>
      prepare(
        "DELETE FROM done WHERE entry <= " +
          "(SELECT entry FROM done ORDER BY entry DESC LIMIT 1 OFFSET ?)",
      ).run(DONE)
    );
  }

  #count(): { entries: number; bytes: number } {
    const row = this.#file.run((prepare) =>
      prepare("SELECT count(*) AS entries, total(size) AS bytes FROM jobs").get()
    );
    return { entries: Number(row?.["entries"] ?? 0), bytes: Number(row?.["bytes"] ?? 0) };
  }

  #dropOldest(keep: number): boolean {
    const row = this.#file.run((prepare) =>
      prepare(
        "DELETE FROM jobs WHERE entry = (SELECT entry FROM jobs WHERE entry <> ? " +
          "ORDER BY result IS NULL, entry LIMIT 1) RETURNING jid, master, size",
      ).get(keep)
    );
    if (!row) return false;
    this.#total!.entries -= 1;
    this.#total!.bytes -= Number(row["size"]);
    log.warning(
      `The job journal is full: the return of job ${row["jid"]} for master ${row["master"]} is ` +
        `given up`,
    );
    return true;
  }

  #dropExpired(): void {
    const before = this.#now() - this.#limits.seconds * 1000;
    const rows = this.#file.run((prepare) =>
      prepare("DELETE FROM jobs WHERE finished < ? RETURNING jid, master")
        .all(before)
    );
    if (rows.length > 0) this.#total = null;
    for (const row of rows) {
      log.warning(
        `The return of job ${row["jid"]} is given up: master ${row["master"]} did not take it ` +
          `within ${this.#limits.seconds} s`,
      );
    }
  }

  #guard<T>(what: string, otherwise: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#total = null;
      const now = this.#now();
      if (now - this.#complainedAt >= REPEAT * 1000) {
        this.#complainedAt = now;
        log.error(
          `Cannot ${what} in the job journal: ${messageOf(error)}. Jobs go on; a return that the ` +
            `master does not take before this minion stops is lost`,
          error,
        );
      }
      return otherwise;
    }
  }
}

function readMap(packed: unknown): DataMap | null {
  if (!(packed instanceof Uint8Array)) return null;
  try {
    const value = unpack(packed);
    return isMap(value) ? value : null;
  } catch (error) {
    log.error(`An entry of the job journal cannot be read; it is left out: ${messageOf(error)}`);
    return null;
  }
}

/** A journal that keeps nothing, for minions that are told not to. */
export const noJournal: JobJournal = {
  start: () => null,
  finish: () => "failed",
  remove: () => {},
  unsent: () => [],
  recover: () => 0,
  jids: () => [],
  done: () => [],
  close: () => {},
};
