/**
 * One SQLite database that many threads and processes share: opens it when first needed, keeps
 * statements prepared, and goes on with a fresh one when the file turns out damaged or gone.
 * @module
 */
import { chmodSync, closeSync, linkSync, openSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { ensureDir, fileError } from "../fs/mod.ts";
import { getLogger, type Logger } from "../logging/mod.ts";
import { moveAside } from "./move_aside.ts";
import { faultOf, StoreError, storeError } from "./sqlite_error.ts";
import { Turnstile } from "./turnstile.ts";

/** How a database is opened. */
export interface SqliteFileOptions {
  path: string;
  /** SQL that makes version 1 from nothing, version 2 from 1 and so on. Their number is the version. */
  migrations: readonly string[];
  /** ms to wait for other writers. */
  busyTimeout?: number | undefined;
  /** Whether a commit waits until it is on the disk, so that it outlasts a power cut too. True when absent. */
  durable?: boolean | undefined;
  /** Shared by the threads of a process that write to it; see {@linkcode Turnstile}. */
  turnstile?: SharedArrayBuffer | undefined;
  log?: Logger | undefined;
}

const DEFAULT_BUSY_TIMEOUT = 10_000;

/** Bytes that the write-ahead log keeps on disk after a checkpoint. */
const JOURNAL_SIZE_LIMIT = 16 * 1024 * 1024;

/** A database file and this thread's connection to it. */
export class SqliteFile {
  readonly path: string;
  readonly #options: SqliteFileOptions;
  readonly #log: Logger;
  readonly #turnstile: Turnstile | null;
  #db: DatabaseSync | null = null;
  #inode = 0;
  #generation = 0;
  #statements = new Map<string, StatementSync>();
  /** Whether a transaction is open: then faults end all of it, and no single step is done again. */
  #inTransaction = false;

  constructor(options: SqliteFileOptions) {
    this.path = options.path;
    this.#options = options;
    this.#log = options.log ?? getLogger("saltx.cache");
    this.#turnstile = options.turnstile ? new Turnstile(options.turnstile) : null;
  }

  /** A number that is another one when the connection was made anew, perhaps to another file. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Runs `work` and gives its result; `prepare` in it gives prepared statements of this connection.
   * On a damaged file, the file is moved aside and `work` runs once more on a fresh one.
   * @throws {StoreError}
   */
  run<T>(work: (prepare: (sql: string) => StatementSync) => T): T {
    if (this.#inTransaction) return work((sql) => this.#prepare(sql));
    for (let attempt = 0;; attempt++) {
      try {
        this.#connect();
        return work((sql) => this.#prepare(sql));
      } catch (error) {
        if (faultOf(error) !== "corrupt" || attempt > 0) throw storeError(this.path, error);
        this.#replace(error);
      }
    }
  }

  /** As {@linkcode run}, in one write transaction: all or nothing. Inside another one it joins that. */
  transaction<T>(work: (prepare: (sql: string) => StatementSync) => T): T {
    if (this.#inTransaction) return this.run(work);
    return this.#turnstile ? this.#turnstile.pass(() => this.#write(work)) : this.#write(work);
  }

  #write<T>(work: (prepare: (sql: string) => StatementSync) => T): T {
    return this.run((prepare) => {
      prepare("BEGIN IMMEDIATE").run();
      this.#inTransaction = true;
      try {
        const result = work(prepare);
        prepare("COMMIT").run();
        return result;
      } catch (error) {
        this.#rollback();
        throw error;
      } finally {
        this.#inTransaction = false;
      }
    });
  }

  /** Closes the connection; the next use opens it again. */
  close(): void {
    this.#statements = new Map();
    this.#db?.close();
    this.#db = null;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#db!.prepare(sql));
    return statement;
  }

  #rollback(): void {
    try {
      this.#db?.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself, as it does when the disk is full.
    }
  }

  /**
   * Opens the file, or notes that it is still the same one. Another process may have moved it aside:
   * what is written to a file without a name is lost.
   */
  #connect(): void {
    if (this.#db) {
      if (statSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode) return;
      this.#log.warning(`The store "${this.path}" was replaced or removed; opening it anew`);
      this.close();
    }
    this.#makeFile();
    const db = new DatabaseSync(this.path);
    try {
      this.#configure(db);
      this.#migrate(db);
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    this.#generation += 1;
  }

  /**
   * The file exists with its permissions before SQLite sees it; its companions get the same.
   *
   * An existing file is not opened here: closing any descriptor of it would drop the POSIX locks that
   * SQLite holds for other threads of this process. (sqlite.org/howtocorrupt.html, 2.2)
   */
  #makeFile(): void {
    ensureDir(dirname(this.path));
    try {
      const found = statSync(this.path, { throwIfNoEntry: false });
      if (!found) createEmpty(this.path);
      else if ((found.mode & 0o777) !== 0o600) chmodSync(this.path, 0o600);
      this.#inode = statSync(this.path).ino;
    } catch (error) {
      throw fileError("open the store", this.path, error);
    }
  }

  #configure(db: DatabaseSync): void {
    db.exec(`PRAGMA busy_timeout = ${this.#options.busyTimeout ?? DEFAULT_BUSY_TIMEOUT}`);
    // Takes effect only in a database without tables; in others it would wait for the write lock.
    if (version(db) === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec(`PRAGMA synchronous = ${this.#options.durable ?? true ? "FULL" : "NORMAL"}`);
    db.exec(`PRAGMA journal_size_limit = ${JOURNAL_SIZE_LIMIT}`);
  }

  #migrate(db: DatabaseSync): void {
    const { migrations } = this.#options;
    if (version(db) === migrations.length) return;
    db.exec("BEGIN IMMEDIATE");
    try {
      const from = version(db);
      if (from > migrations.length) {
        throw new StoreError(
          `Cannot use the store "${this.path}": it was written by a newer version (its layout is ` +
            `${from}, known are up to ${migrations.length}); use that version, or move the file away`,
          "newer",
        );
      }
      for (const sql of migrations.slice(from)) db.exec(sql);
      db.exec(`PRAGMA user_version = ${migrations.length}`);
      db.exec("COMMIT");
    } catch (error) {
      try {
        db.exec("ROLLBACK");
      } catch {
        // As above.
      }
      throw error;
    }
  }

  #replace(cause: unknown): void {
    this.close();
    const aside = moveAside(this.path, this.#inode);
    if (aside === null) return;
    this.#log.error(
      `The store "${this.path}" is damaged. It was moved to "${aside}" and a new one is begun; ` +
        `what it held is missing from now on`,
      cause,
    );
  }
}

/** Gives a finished empty file its name, unless another has been quicker. */
function createEmpty(path: string): void {
  const temp = `${path}.new-${process.pid}-${performance.now()}`;
  closeSync(openSync(temp, "wx", 0o600));
  try {
    linkSync(temp, path);
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(temp);
  }
}

function version(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
}
