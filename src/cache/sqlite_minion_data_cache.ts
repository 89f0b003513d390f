/**
 * Minion data in SQLite: a row for each minion.
 * @module
 */
import { join } from "node:path";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import type { DataMap, MinionId } from "../types/mod.ts";
import type { MinionData, MinionDataCache, MinionDataCacheOptions } from "./minion_data_cache.ts";
import { SqliteFile } from "./sqlite_file.ts";

const MIGRATIONS = [`
  CREATE TABLE minions (
    id TEXT PRIMARY KEY NOT NULL,
    grains BLOB,
    pillar BLOB,
    updated REAL NOT NULL
  );
`];

/** Rows read at once by `all()`: no read transaction stays open while its caller works. */
const PAGE = 200;

/** Opens the store in `<cachedir>/minion_data.db`, made when it is not there. Touches the disk at its first use. */
export function openMinionDataCache(options: MinionDataCacheOptions): MinionDataCache {
  return new SqliteMinionDataCache(options);
}

class SqliteMinionDataCache implements MinionDataCache {
  readonly #file: SqliteFile;
  readonly #now: () => number;

  constructor(options: MinionDataCacheOptions) {
    this.#file = new SqliteFile({
      path: join(options.cachedir, "minion_data.db"),
      migrations: MIGRATIONS,
      busyTimeout: options.busyTimeout,
      // Minions send this anew each time they start.
      durable: false,
    });
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
