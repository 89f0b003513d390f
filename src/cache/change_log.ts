/**
 * What changed in a store and has still to be told to others. The database itself notes it, in the
 * transaction of the change: whoever wrote it, and however suddenly the process ended, nothing is
 * forgotten.
 * @module
 */
import type { SqliteFile } from "./sqlite_file.ts";

/** A table whose rows are noted by two of its columns, or by one and an empty text. */
export interface WatchedTable {
  table: string;
  columns: readonly [string] | readonly [string, string];
  /** Operations that are noted, and for updates the columns that count. */
  on: readonly string[];
}

/** A row that changed. */
export interface Change {
  seq: number;
  table: string;
  first: string;
  second: string;
}

/** The notes of one database. Every method throws {@linkcode StoreError}. */
export class ChangeLog {
  readonly #file: SqliteFile;
  readonly #watched: readonly WatchedTable[];

  constructor(file: SqliteFile, watched: readonly WatchedTable[]) {
    this.#file = file;
    this.#watched = watched;
  }

  /** Begins to note changes, if that is not done already. */
  enable(): void {
    this.#file.transaction((prepare) => {
      prepare(`CREATE TABLE IF NOT EXISTS change_log (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL)`)
        .run();
      for (const [name, sql] of this.#triggers()) {
        prepare(`CREATE TRIGGER IF NOT EXISTS ${name} ${sql}`).run();
      }
    });
  }

  /** Ends it, and forgets what was noted. */
  disable(): void {
    this.#file.transaction((prepare) => {
      for (const [name] of this.#triggers()) prepare(`DROP TRIGGER IF EXISTS ${name}`).run();
      prepare("DROP TABLE IF EXISTS change_log").run();
    });
  }

  /** The oldest notes. */
  next(limit: number): Change[] {
    return this.#file.run((prepare) =>
      prepare("SELECT seq, tbl, a, b FROM change_log ORDER BY seq LIMIT ?").all(limit).map((
        row,
      ) => ({
        seq: Number(row["seq"]),
        table: String(row["tbl"]),
        first: String(row["a"]),
        second: String(row["b"]),
      }))
    );
  }

  /** Takes out what {@linkcode next} gave, once others know it. */
  done(rows: readonly Change[]): void {
    this.#file.transaction((prepare) => {
      const remove = prepare("DELETE FROM change_log WHERE seq = ?");
      for (const { seq } of rows) remove.run(seq);
    });
  }

  /** Notes a row although nothing changed in it. */
  add(table: string, first: string, second = ""): void {
    this.#file.run((prepare) =>
      prepare("INSERT INTO change_log (tbl, a, b) VALUES (?, ?, ?)").run(table, first, second)
    );
  }

  /** Runs `work` in one transaction and notes none of its changes: others know them already. */
  quietly<T>(work: () => T): T {
    return this.#file.transaction((prepare) => {
      const last = prepare("SELECT coalesce(max(seq), 0) AS seq FROM change_log").get();
      const result = work();
      prepare("DELETE FROM change_log WHERE seq > ?").run(Number(last?.["seq"]));
      return result;
    });
  }

  #triggers(): [name: string, sql: string][] {
    return this.#watched.flatMap(({ table, columns, on }) =>
      on.map((operation): [string, string] => {
        const word = operation.split(" ")[0]!.toLowerCase();
        const row = word === "delete" ? "old" : "new";
        const [first, second] = columns;
        return [
          `changed_${table}_${word}`,
          `AFTER ${operation} ON ${table} BEGIN INSERT INTO change_log (tbl, a, b) VALUES ` +
          `('${table}', ${row}.${first}, ${second === undefined ? "''" : `${row}.${second}`}); END`,
        ];
      })
    );
  }
}
