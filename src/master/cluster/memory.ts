/**
 * What a master of a cluster remembers across its own restarts, in `<cachedir>/cluster.db`: its name in
 * the cluster, and which version of each key decision it knows.
 * @module
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { SqliteFile } from "../../cache/sqlite_file.ts";
import type { Version } from "./clock.ts";

const MIGRATIONS = [`
  CREATE TABLE facts (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE keys (
    name TEXT PRIMARY KEY NOT NULL,
    state TEXT NOT NULL,
    content BLOB,
    version TEXT NOT NULL,
    told INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX keys_told ON keys (told) WHERE told = 0;
`];

/** Where a minion's key stands in the cluster. `deleted` is remembered too: it beats what is older. */
export type SharedKeyState = "accepted" | "rejected" | "pending" | "denied" | "deleted";

/** A decision on one key. */
export interface KeyRecord {
  /** Kind of key, a slash, and the minion's id. */
  name: string;
  state: SharedKeyState;
  /** The key file's bytes; null for a deleted one. */
  content: Uint8Array | null;
  version: Version;
}

/** The file. Every method throws {@linkcode StoreError}. */
export class ClusterMemory {
  readonly #file: SqliteFile;

  constructor(cachedir: string) {
    this.#file = new SqliteFile({ path: join(cachedir, "cluster.db"), migrations: MIGRATIONS });
  }

  /** This master's name among the others: made once, and never another master's. */
  node(): string {
    const known = this.fact("node");
    if (known !== null) return known;
    const made = randomBytes(8).toString("hex");
    this.note("node", made);
    return made;
  }

  fact(name: string): string | null {
    return this.#file.run((prepare) => {
      const row = prepare("SELECT value FROM facts WHERE name = ?").get(name);
      return row ? String(row["value"]) : null;
    });
  }

  note(name: string, value: string): void {
    this.#file.run((prepare) =>
      prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)").run(name, value)
    );
  }

  keys(): Map<string, KeyRecord> {
    return this.#file.run((prepare) =>
      new Map(
        prepare("SELECT * FROM keys").all().map((row) => [String(row["name"]), recordOf(row)]),
      )
    );
  }

  /** Decisions that the others do not know yet. */
  untold(limit: number): KeyRecord[] {
    return this.#file.run((prepare) =>
      prepare("SELECT * FROM keys WHERE told = 0 LIMIT ?").all(limit).map(recordOf)
    );
  }

  keep(records: readonly KeyRecord[], told: boolean): void {
    this.#file.transaction((prepare) => {
      const put = prepare(
        "INSERT OR REPLACE INTO keys (name, state, content, version, told) VALUES (?, ?, ?, ?, ?)",
      );
      for (const { name, state, content, version } of records) {
        put.run(name, state, content, version, told ? 1 : 0);
      }
    });
  }

  /** Notes that others know these, unless they changed meanwhile. */
  told(records: readonly KeyRecord[]): void {
    this.#file.transaction((prepare) => {
      const mark = prepare("UPDATE keys SET told = 1 WHERE name = ? AND version = ?");
      for (const { name, version } of records) mark.run(name, version);
    });
  }

  /** Has all decisions told anew: the Redis has lost them. */
  untellAll(): void {
    this.#file.run((prepare) => prepare("UPDATE keys SET told = 0").run());
  }

  close(): void {
    this.#file.close();
  }
}

function recordOf(row: Record<string, unknown>): KeyRecord {
  return {
    name: String(row["name"]),
    state: String(row["state"]) as SharedKeyState,
    content: row["content"] as Uint8Array | null,
    version: String(row["version"]),
  };
}
