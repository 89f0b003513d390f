/**
 * What is on its way to servers that may be away: kept in a file, sent in order and in batches, tried
 * again until it is taken. It outlasts the end of this process, and of the server.
 *
 * Any thread of any process may put something in; one process sends.
 * @module
 */
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import type { DataMap } from "../types/mod.ts";
import { outboxPath } from "./outbox_path.ts";
import { SqliteFile } from "./sqlite_file.ts";

const log = getLogger("saltx.outbox");

const MIGRATIONS = [`
  CREATE TABLE items (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    item BLOB NOT NULL
  ) STRICT;
  CREATE INDEX items_queue ON items (queue, entry);
  CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
  INSERT INTO totals VALUES (0, 0);
  CREATE TRIGGER item_added AFTER INSERT ON items BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + length(NEW.item);
  END;
  CREATE TRIGGER item_removed AFTER DELETE ON items BEGIN
    UPDATE totals SET entries = entries - 1, bytes = bytes - length(OLD.item);
  END;
`];

/** How much is kept; what is oldest goes first. */
export interface OutboxLimits {
  entries: number;
  bytes: number;
}

/** Where items go in. No method throws: a fault is logged. */
export class OutboxFile {
  readonly #file: SqliteFile;
  readonly #limits: OutboxLimits;

  constructor(cachedir: string, limits: OutboxLimits) {
    const path = outboxPath(cachedir);
    this.#file = new SqliteFile({ path, migrations: MIGRATIONS, durable: false });
    this.#limits = limits;
  }

  /** Keeps an item. False: it could not be kept. */
  add(queue: string, item: DataMap): boolean {
    return this.addAll(queue, [item]);
  }

  /** Keeps several items, all or none. */
  addAll(queue: string, items: readonly DataMap[]): boolean {
    return this.#guard(`keep something for ${queue}`, false, () => {
      const packed = items.map((item) => packLocal(item));
      const large = packed.find(({ length }) => length > this.#limits.bytes);
      if (large) {
        log.error(`Something for ${queue} has ${large.length} bytes: too much to be kept`);
        return false;
      }
      const dropped = this.#file.transaction((prepare) => {
        const insert = prepare("INSERT INTO items (queue, item) VALUES (?, ?)");
        for (const bytes of packed) insert.run(queue, bytes);
        return this.#makeRoom(prepare);
      });
      if (dropped > 0) {
        log.error(`Too much waits to be sent: the ${dropped} oldest items are given up`);
      }
      return true;
    });
  }

  /** The oldest items of a queue, as many as fit. */
  next(queue: string, most: number, mostBytes: number): { entry: number; item: DataMap }[] {
    return this.#guard(`read what waits for ${queue}`, [], () => {
      const rows = this.#file.run((prepare) =>
        prepare("SELECT entry, item FROM items WHERE queue = ? ORDER BY entry LIMIT ?")
          .all(queue, most)
      );
      const items: { entry: number; item: DataMap }[] = [];
      let bytes = 0;
      for (const row of rows) {
        const packed = row["item"] as Uint8Array;
        bytes += packed.length;
        if (items.length > 0 && bytes > mostBytes) break;
        items.push({ entry: Number(row["entry"]), item: unpack(packed) as DataMap });
      }
      return items;
    });
  }

  remove(entries: readonly number[]): void {
    this.#guard("forget what was sent", undefined, () => {
      this.#file.transaction((prepare) => {
        const remove = prepare("DELETE FROM items WHERE entry = ?");
        for (const entry of entries) remove.run(entry);
      });
    });
  }

  /** Queues with items, and how many. */
  waiting(): Map<string, number> {
    return this.#guard("count what waits", new Map(), () => {
      const rows = this.#file.run((prepare) =>
        prepare("SELECT queue, count(*) AS n FROM items GROUP BY queue").all()
      );
      return new Map(rows.map((row) => [String(row["queue"]), Number(row["n"])]));
    });
  }

  close(): void {
    this.#guard("close", undefined, () => this.#file.close());
  }

  #makeRoom(prepare: Parameters<Parameters<SqliteFile["run"]>[0]>[0]): number {
    let dropped = 0;
    while (true) {
      const total = prepare("SELECT entries, bytes FROM totals").get() ?? {};
      const { entries, bytes } = this.#limits;
      if (Number(total["entries"]) <= entries && Number(total["bytes"]) <= bytes) return dropped;
      const { changes } = prepare(
        "DELETE FROM items WHERE entry IN (SELECT entry FROM items ORDER BY entry LIMIT 100)",
      ).run();
      dropped += Number(changes);
    }
  }

  #guard<T>(what: string, otherwise: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      log.error(`The outbox cannot ${what}: ${messageOf(error)}`);
      return otherwise;
    }
  }
}
