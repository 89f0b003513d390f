/**
 * Minion data in SQLite: a row for each minion.
 * @module
 */
import { join } from "node:path";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import type { DataMap, MinionId } from "../types/mod.ts";
import type {
  DataKeys,
  MinionData,
  MinionDataCache,
  MinionDataCacheOptions,
} from "./minion_data_cache.ts";
import { LocalfsMinionDataCache } from "./localfs_minion_cache.ts";
import { ChangeLog } from "./change_log.ts";
import { MinionIndex, NOTES_OF_CHANGES } from "./minion_index.ts";
import { SqliteFile } from "./sqlite_file.ts";

const MIGRATIONS = [
  `
  CREATE TABLE minions (
    id TEXT PRIMARY KEY NOT NULL,
    grains BLOB,
    pillar BLOB,
    updated REAL NOT NULL
  );
`,
  NOTES_OF_CHANGES,
];

/** Rows read at once by `all()`: no read transaction stays open while its caller works. */
const PAGE = 200;

/**
 * Opens the store that `cache` names: Salt's files for `localfs`, else `<cachedir>/minion_data.db`, made
 * when it is not there. Touches the disk at its first use.
 */
export function openMinionDataCache(options: MinionDataCacheOptions): MinionDataCache {
  if (options.cache === "localfs") return new LocalfsMinionDataCache(options.cachedir);
  return new SqliteMinionDataCache(options);
}

/** The data of a master that shares them with others. */
export interface SharedMinionData extends MinionDataCache {
  /** What has changed here: table `minions`, by id. */
  readonly changes: ChangeLog;
  /** When each minion's data last changed, in seconds since 1970. */
  times(): Map<string, number>;
  /** Puts in what another master has learned. */
  put(id: string, data: MinionData): void;
}

/** Opens the store as {@linkcode openMinionDataCache} does, for a master that shares what is in it. */
export function openSharedMinionData(options: MinionDataCacheOptions): SharedMinionData {
  return new SqliteMinionDataCache(options);
}

class SqliteMinionDataCache implements SharedMinionData {
  readonly changes: ChangeLog;
  readonly #file: SqliteFile;
  readonly #index: MinionIndex;
  readonly #now: () => number;

  constructor(options: MinionDataCacheOptions) {
    this.#file = new SqliteFile({
      path: join(options.cachedir, "minion_data.db"),
      migrations: MIGRATIONS,
      busyTimeout: options.busyTimeout,
      // Minions send this anew each time they start.
      durable: false,
    });
    this.changes = new ChangeLog(this.#file, [
      { table: "minions", columns: ["id"], on: ["INSERT", "UPDATE", "DELETE"] },
    ]);
    this.#index = new MinionIndex(this.#file);
    this.#now = options.now ?? Date.now;
  }

  setGrains(id: MinionId, grains: DataMap): void {
    this.#set("grains", id, grains);
  }

  setPillar(id: MinionId, pillar: DataMap): void {
    this.#set("pillar", id, pillar);
  }

  grains(id: string): DataMap | null {
    return this.#get("grains", id);
  }

  pillar(id: string): DataMap | null {
    return this.#get("pillar", id);
  }

  data(id: string): MinionData | null {
    return this.#file.run((prepare) => {
      const row = prepare("SELECT * FROM minions WHERE id = ?").get(id);
      return row ? dataOf(row) : null;
    });
  }

  view(keys: DataKeys | null): (id: string) => Pick<MinionData, "grains" | "pillar"> | null {
    if (keys === null) return (id) => this.data(id);
    this.#index.refresh(keys);
    return (id) => this.#index.get(id) ?? this.data(id);
  }

  ids(): MinionId[] {
    return this.#file.run((prepare) =>
      prepare("SELECT id FROM minions ORDER BY id").all().map((row) => row["id"] as MinionId)
    );
  }

  *all(): IterableIterator<[MinionId, MinionData]> {
    let last = "";
    while (true) {
      const rows = this.#file.run((prepare) =>
        prepare(`SELECT * FROM minions WHERE id > ? ORDER BY id LIMIT ${PAGE}`).all(last)
      );
      for (const row of rows) yield [row["id"] as MinionId, dataOf(row)];
      if (rows.length < PAGE) return;
      last = rows.at(-1)!["id"] as string;
    }
  }

  times(): Map<string, number> {
    return this.#file.run((prepare) =>
      new Map(
        prepare("SELECT id, updated FROM minions").all()
          .map((row) => [String(row["id"]), Number(row["updated"])]),
      )
    );
  }

  put(id: string, { grains, pillar, updated }: MinionData): void {
    this.#file.run((prepare) =>
      prepare("INSERT OR REPLACE INTO minions (id, grains, pillar, updated) VALUES (?, ?, ?, ?)")
        .run(id, packLocal(grains), packLocal(pillar), updated)
    );
  }

  forget(ids: readonly string[]): number {
    return this.#file.transaction((prepare) => {
      const remove = prepare("DELETE FROM minions WHERE id = ?");
      return ids.reduce((count, id) => count + Number(remove.run(id).changes), 0);
    });
  }

  close(): void {
    this.#file.close();
  }

  #set(column: "grains" | "pillar", id: MinionId, data: DataMap): void {
    this.#file.run((prepare) =>
      prepare(
        `INSERT INTO minions (id, ${column}, updated) VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET ${column} = excluded.${column}, updated = excluded.updated`,
      ).run(id, packLocal(data), this.#now() / 1000)
    );
  }

  #get(column: "grains" | "pillar", id: string): DataMap | null {
    return this.#file.run((prepare) => {
      const row = prepare(`SELECT ${column} AS data FROM minions WHERE id = ?`).get(id);
      return row?.["data"] ? unpack(row["data"] as Uint8Array) as DataMap : null;
    });
  }
}

function dataOf(row: Record<string, unknown>): MinionData {
  const map = (bytes: unknown) => bytes === null ? {} : unpack(bytes as Uint8Array) as DataMap;
  return {
    grains: map(row["grains"]),
    pillar: map(row["pillar"]),
    updated: row["updated"] as number,
  };
}
