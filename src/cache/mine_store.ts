/**
 * What minions tell each other through the master: the mine. In SQLite, a row for each minion and
 * function; safe to use from many threads and processes, each with its own instance.
 * @module
 */
import { join } from "node:path";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import type { Data, DataMap } from "../types/mod.ts";
import { LocalfsMineStore } from "./localfs_minion_cache.ts";
import { ChangeLog } from "./change_log.ts";
import { SqliteFile } from "./sqlite_file.ts";

const MIGRATIONS = [`
  CREATE TABLE mine (
    id TEXT NOT NULL,
    fun TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (id, fun)
  ) WITHOUT ROWID;
`];

/** Values by function. Every method but `close` throws {@linkcode StoreError}. */
export interface MineStore {
  /**
   * Adds or replaces values of a minion.
   * @param clear takes all others out.
   * @returns false, with nothing changed, when they are too many or too large.
   */
  set(id: string, values: DataMap, clear: boolean): boolean;
  /** One value as it was set; undefined when there is none. */
  get(id: string, fun: string): Data | undefined;
  /** All values of a minion. */
  all(id: string): DataMap;
  /** Takes one value out. Whether there was one. */
  remove(id: string, fun: string): boolean;
  /** Takes all values of minions out. Whether there was any. */
  flush(ids: readonly string[]): boolean;
  close(): void;
}

/** Options of {@linkcode openMineStore}. */
export interface MineStoreOptions {
  cachedir: string;
  /** The master's option of that name: `sqlite` when absent. */
  cache?: string;
  /** Values of one minion. 1000 when absent. */
  maxValues?: number;
  /** Bytes of all values of one minion. 16 MiB when absent. */
  maxBytes?: number;
  busyTimeout?: number;
}

/**
 * Opens the mine that `cache` names: Salt's files for `localfs`, else `<cachedir>/mine.db`, made when it
 * is not there. Touches the disk at its first use.
 */
export function openMineStore(options: MineStoreOptions): MineStore {
  if (options.cache === "localfs") return new LocalfsMineStore(options);
  return new SqliteMineStore(options);
}

/** The mine of a master that shares it with others. */
export interface SharedMine extends MineStore {
  /** What has changed here: table `mine`, by id and function. */
  readonly changes: ChangeLog;
  /** Which values there are. */
  names(): [id: string, fun: string][];
}

/** Opens the mine as {@linkcode openMineStore} does, for a master that shares it. */
export function openSharedMine(options: MineStoreOptions): SharedMine {
  return new SqliteMineStore(options);
}

class SqliteMineStore implements SharedMine {
  readonly changes: ChangeLog;
  readonly #file: SqliteFile;
  readonly #maxValues: number;
  readonly #maxBytes: number;

  constructor(options: MineStoreOptions) {
    this.#file = new SqliteFile({
      path: join(options.cachedir, "mine.db"),
      migrations: MIGRATIONS,
      busyTimeout: options.busyTimeout,
      // Minions send this anew every `mine_interval`.
      durable: false,
    });
    this.changes = new ChangeLog(this.#file, [
      { table: "mine", columns: ["id", "fun"], on: ["INSERT", "UPDATE", "DELETE"] },
    ]);
    this.#maxValues = options.maxValues ?? 1000;
    this.#maxBytes = options.maxBytes ?? 16 * 1024 * 1024;
  }

  set(id: string, values: DataMap, clear: boolean): boolean {
    const rows = Object.entries(values).map(([fun, value]) => [fun, packLocal(value)] as const);
    try {
      this.#file.transaction((prepare) => {
        if (clear) prepare("DELETE FROM mine WHERE id = ?").run(id);
        const insert = prepare("INSERT OR REPLACE INTO mine (id, fun, value) VALUES (?, ?, ?)");
        for (const [fun, value] of rows) insert.run(id, fun, value);
        const { n, bytes } = prepare(
          "SELECT count(*) AS n, total(length(value) + length(fun)) AS bytes FROM mine WHERE id = ?",
        ).get(id) ?? {};
        if (Number(n) > this.#maxValues || Number(bytes) > this.#maxBytes) throw new TooMuch();
      });
    } catch (error) {
      if (error instanceof TooMuch) return false;
      throw error;
    }
    return true;
  }

  get(id: string, fun: string): Data | undefined {
    return this.#file.run((prepare) => {
      const row = prepare("SELECT value FROM mine WHERE id = ? AND fun = ?").get(id, fun);
      return row ? unpack(row["value"] as Uint8Array) : undefined;
    });
  }

  all(id: string): DataMap {
    return this.#file.run((prepare) =>
      Object.fromEntries(
        prepare("SELECT fun, value FROM mine WHERE id = ? ORDER BY fun").all(id)
          .map((row) => [String(row["fun"]), unpack(row["value"] as Uint8Array)]),
      )
    );
  }

  names(): [id: string, fun: string][] {
    return this.#file.run((prepare) =>
      prepare("SELECT id, fun FROM mine").all()
        .map((row) => [String(row["id"]), String(row["fun"])])
    );
  }

  remove(id: string, fun: string): boolean {
    return this.#file.run((prepare) =>
      Number(prepare("DELETE FROM mine WHERE id = ? AND fun = ?").run(id, fun).changes) > 0
    );
  }

  flush(ids: readonly string[]): boolean {
    return this.#file.transaction((prepare) => {
      const remove = prepare("DELETE FROM mine WHERE id = ?");
      return ids.reduce((count, id) => count + Number(remove.run(id).changes), 0) > 0;
    });
  }

  close(): void {
    this.#file.close();
  }
}

/** Ends a transaction whose result is over the bounds. */
class TooMuch extends Error {}
