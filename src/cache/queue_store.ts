/**
 * Jobs that wait for minions which were not connected when they were published. In SQLite, one file;
 * safe to use from many threads and processes, each with its own instance.
 * @module
 */
import { join } from "node:path";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import { type DataMap, isMap, type PublishLoad } from "../types/mod.ts";
import { withoutSecrets } from "./job_rows.ts";
import { SqliteFile } from "./sqlite_file.ts";

const MIGRATIONS = [`
  CREATE TABLE loads (jid TEXT PRIMARY KEY NOT NULL, load BLOB NOT NULL);
  CREATE TABLE queued (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    jid TEXT NOT NULL,
    id TEXT NOT NULL,
    topic TEXT NOT NULL,
    queued REAL NOT NULL,
    expires REAL NOT NULL,
    sent REAL,
    UNIQUE (jid, id)
  );
  CREATE INDEX queued_id ON queued (id, seq);
  CREATE INDEX queued_topic ON queued (topic);
  CREATE INDEX queued_expires ON queued (expires);
`];

/** Whom a job waits for. */
export interface QueuedMinion {
  id: string;
  /** The topic by which the publisher tells of it; any text that stands for the id. */
  topic: string;
}

/** One job that waits for one minion. Times in seconds since 1970. */
export interface QueueEntry {
  jid: string;
  id: string;
  queued: number;
  expires: number;
  /** When it was sent to the minion that came back; null: it was not yet. */
  sent: number | null;
  load: PublishLoad;
}

/** Which entries; what is absent matches all. */
export interface QueueFilter {
  jid?: string;
  id?: string;
  /** Entries that were sent or were not. */
  sent?: boolean;
}

/** The queue. Every method but `close` throws {@linkcode StoreError}. */
export interface QueueStore {
  /**
   * Queues a job for minions.
   * @param expires seconds since 1970
   * @returns the ids for which there was room.
   */
  add(load: PublishLoad, minions: readonly QueuedMinion[], expires: number): string[];
  /** The oldest entry of a minion that was not sent yet. */
  next(id: string): QueueEntry | null;
  /** Notes that an entry was sent now. False: it is gone. */
  markSent(jid: string, id: string): boolean;
  /** Makes the sent entries of a minion wait again. */
  resend(id: string): void;
  /** The minions behind a topic that something waits for. */
  idsOfTopic(topic: string): string[];
  /** Minions that something waits for. */
  ids(filter?: Pick<QueueFilter, "sent">): string[];
  /** Jobs with an entry. */
  jids(): string[];
  /** Oldest first; 1000 at most unless `limit` says otherwise. */
  list(filter?: QueueFilter, limit?: number): QueueEntry[];
  /** Takes entries out and gives them; all that match. */
  remove(filter: QueueFilter): QueueEntry[];
  /** Takes out what has expired and gives it. */
  removeExpired(): QueueEntry[];
  close(): void;
}

/** Options of {@linkcode openQueueStore}. */
export interface QueueStoreOptions {
  cachedir: string;
  /** Entries kept. 200,000 when absent. */
  maxEntries?: number;
  /** Entries of one minion. 1000 when absent. */
  maxPerMinion?: number;
  /** Bytes of a load; a larger one is not queued. 4 MiB when absent. */
  maxLoadBytes?: number;
  busyTimeout?: number;
  /** As for the job cache. */
  job_cache_sync?: boolean;
  /** ms since 1970. */
  now?: () => number;
}

const SELECT = `SELECT queued.*, loads.load AS load FROM queued JOIN loads USING (jid)`;

/** Opens the queue in `<cachedir>/queue.db`, made when it is not there. Touches the disk at its first use. */
export function openQueueStore(options: QueueStoreOptions): QueueStore {
  return new SqliteQueueStore(options);
}

class SqliteQueueStore implements QueueStore {
  readonly #file: SqliteFile;
  readonly #limits: { entries: number; perMinion: number; loadBytes: number };
  readonly #now: () => number;

  constructor(options: QueueStoreOptions) {
    this.#file = new SqliteFile({
      path: join(options.cachedir, "queue.db"),
      migrations: MIGRATIONS,
      busyTimeout: options.busyTimeout,
      durable: options.job_cache_sync ?? false,
    });
    this.#limits = {
      entries: options.maxEntries ?? 200_000,
      perMinion: options.maxPerMinion ?? 1000,
      loadBytes: options.maxLoadBytes ?? 4 * 1024 * 1024,
    };
    this.#now = options.now ?? Date.now;
  }

  add(load: PublishLoad, minions: readonly QueuedMinion[], expires: number): string[] {
    const bytes = packLocal(withoutSecrets(load));
    if (bytes.length > this.#limits.loadBytes) return [];
    return this.#file.transaction((prepare) => {
      let room = this.#limits.entries - count(prepare("SELECT count(*) AS n FROM queued").get());
      const ofMinion = prepare("SELECT count(*) AS n FROM queued WHERE id = ?");
      const insert = prepare(
        "INSERT OR IGNORE INTO queued (jid, id, topic, queued, expires) VALUES (?, ?, ?, ?, ?)",
      );
      const taken: string[] = [];
      for (const { id, topic } of minions) {
        if (room <= 0) break;
        if (count(ofMinion.get(id)) >= this.#limits.perMinion) continue;
        room -= Number(insert.run(load.jid, id, topic, this.#seconds(), expires).changes);
        taken.push(id);
      }
      if (taken.length > 0) {
        prepare("INSERT OR IGNORE INTO loads (jid, load) VALUES (?, ?)").run(load.jid, bytes);
      }
      return taken;
    });
  }

  next(id: string): QueueEntry | null {
    return this.#file.run((prepare) => {
      const row = prepare(`${SELECT} WHERE id = ? AND sent IS NULL AND expires > ?
        ORDER BY seq LIMIT 1`).get(id, this.#seconds());
      return row ? entryOf(row) : null;
    });
  }

  markSent(jid: string, id: string): boolean {
    return this.#file.run((prepare) =>
      Number(
        prepare("UPDATE queued SET sent = ? WHERE jid = ? AND id = ?")
          .run(this.#seconds(), jid, id).changes,
      ) > 0
    );
  }

  resend(id: string): void {
    this.#file.run((prepare) => prepare("UPDATE queued SET sent = NULL WHERE id = ?").run(id));
  }

  idsOfTopic(topic: string): string[] {
    return this.#file.run((prepare) =>
      prepare("SELECT DISTINCT id FROM queued WHERE topic = ?").all(topic)
        .map((row) => String(row["id"]))
    );
  }

  ids({ sent }: Pick<QueueFilter, "sent"> = {}): string[] {
    const { where } = whereOf(sent === undefined ? {} : { sent });
    return this.#file.run((prepare) =>
      prepare(`SELECT DISTINCT id FROM queued ${where} ORDER BY id`).all()
        .map((row) => String(row["id"]))
    );
  }

  jids(): string[] {
    return this.#file.run((prepare) =>
      prepare("SELECT DISTINCT jid FROM queued ORDER BY jid").all().map((row) => String(row["jid"]))
    );
  }

  list(filter: QueueFilter = {}, limit = 1000): QueueEntry[] {
    const { where, values } = whereOf(filter);
    return this.#file.run((prepare) =>
      prepare(`${SELECT} ${where} ORDER BY seq LIMIT ?`)
        .all(...values, Math.min(limit, this.#limits.entries)).map(entryOf)
    );
  }

  remove(filter: QueueFilter): QueueEntry[] {
    const { where, values } = whereOf(filter);
    return this.#take(where, values);
  }

  removeExpired(): QueueEntry[] {
    return this.#take("WHERE expires <= ?", [this.#seconds()]);
  }

  close(): void {
    this.#file.close();
  }

  #take(where: string, values: readonly (string | number)[]): QueueEntry[] {
    return this.#file.transaction((prepare) => {
      const entries = prepare(`${SELECT} ${where} ORDER BY seq`).all(...values).map(entryOf);
      if (entries.length === 0) return entries;
      prepare(`DELETE FROM queued ${where}`).run(...values);
      const used = prepare("SELECT 1 FROM queued WHERE jid = ? LIMIT 1");
      for (const jid of new Set(entries.map((entry) => entry.jid))) {
        if (!used.get(jid)) prepare("DELETE FROM loads WHERE jid = ?").run(jid);
      }
      return entries;
    });
  }

  #seconds(): number {
    return this.#now() / 1000;
  }
}

function whereOf({ jid, id, sent }: QueueFilter): { where: string; values: string[] } {
  const tests: string[] = [];
  const values: string[] = [];
  if (jid !== undefined) {
    tests.push("jid = ?");
    values.push(jid);
  }
  if (id !== undefined) {
    tests.push("id = ?");
    values.push(id);
  }
  if (sent !== undefined) tests.push(sent ? "sent IS NOT NULL" : "sent IS NULL");
  return { where: tests.length > 0 ? `WHERE ${tests.join(" AND ")}` : "", values };
}

function entryOf(row: Record<string, unknown>): QueueEntry {
  const load = unpack(row["load"] as Uint8Array);
  return {
    jid: String(row["jid"]),
    id: String(row["id"]),
    queued: Number(row["queued"]),
    expires: Number(row["expires"]),
    sent: row["sent"] === null ? null : Number(row["sent"]),
    load: (isMap(load) ? load : {} as DataMap) as unknown as PublishLoad,
  };
}

function count(row: Record<string, unknown> | undefined): number {
  return Number(row?.["n"] ?? 0);
}
