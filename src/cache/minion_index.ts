/**
 * Values that targets look at, of all minions, in memory: to tell which of ten thousand run Debian, as
 * many rows of some KiB would have to be read and decoded each time.
 *
 * The database notes which rows have changed, whoever writes them; only those are read again.
 * @module
 */
import { unpackEntries } from "../serializers/msgpack.ts";
import type { DataMap } from "../types/mod.ts";
import type { DataKeys, MinionData } from "./minion_data_cache.ts";
import type { SqliteFile } from "./sqlite_file.ts";

/** SQL for the notes: one for each minion that has data, with a higher number the later it changed. */
export const NOTES_OF_CHANGES = `
  CREATE TABLE changed (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
  INSERT INTO changed (id) SELECT id FROM minions;
  CREATE TRIGGER note_insert AFTER INSERT ON minions BEGIN
    DELETE FROM changed WHERE id = new.id;
    INSERT INTO changed (id) VALUES (new.id);
  END;
  CREATE TRIGGER note_update AFTER UPDATE ON minions BEGIN
    DELETE FROM changed WHERE id = new.id;
    INSERT INTO changed (id) VALUES (new.id);
  END;
  CREATE TRIGGER note_delete AFTER DELETE ON minions BEGIN
    DELETE FROM changed WHERE id = old.id;
  END;
`;

/** Keys kept; when there would be more, only those asked for last are. */
const MAX_KEYS = 32;

/** Bytes of a value above which it is read each time instead. */
const MAX_VALUE = 1024;

/** Rows read at once, so that not all of a large fleet are in memory together. */
const PAGE = 200;

type Facts = Pick<MinionData, "grains" | "pillar">;
type Row = Record<string, unknown>;

/** An index over the table `minions` of a database that has {@linkcode NOTES_OF_CHANGES}. */
export class MinionIndex {
  readonly #file: SqliteFile;
  #keys: { grains: ReadonlySet<string>; pillar: ReadonlySet<string> } = {
    grains: new Set(),
    pillar: new Set(),
  };
  /** By id; null for a minion with values that are too large. */
  readonly #rows = new Map<string, Facts | null>();
  /** Number of the last note that was looked at. */
  #seen = 0;
  #generation = 0;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  /** Takes in what has changed, and keys that were not asked for before. @throws {StoreError} */
  refresh(keys: DataKeys): void {
    const last = this.#lastNote();
    const widened = this.#widen(keys);
    if (widened || this.#generation !== this.#file.generation || last < this.#seen) {
      this.#generation = this.#file.generation;
      this.#rows.clear();
      this.#readAll();
    } else if (last > this.#seen) this.#readChanged();
    this.#seen = last;
    if (this.#count() !== this.#rows.size) this.#dropGone();
  }

  /** What is known of a minion, null when nothing is; undefined when it has to be read. */
  get(id: string): Facts | null | undefined {
    const facts = this.#rows.get(id);
    return facts === null ? undefined : facts ?? null;
  }

  #widen(keys: DataKeys): boolean {
    const { grains, pillar } = this.#keys;
    const fresh = keys.grains.some((key) => !grains.has(key)) ||
      keys.pillar.some((key) => !pillar.has(key));
    if (!fresh) return false;
    const all = {
      grains: new Set([...grains, ...keys.grains]),
      pillar: new Set([...pillar, ...keys.pillar]),
    };
    this.#keys = all.grains.size + all.pillar.size <= MAX_KEYS
      ? all
      : { grains: new Set(keys.grains), pillar: new Set(keys.pillar) };
    return true;
  }

  #lastNote(): number {
    return this.#file.run((prepare) =>
      Number(prepare("SELECT coalesce(max(seq), 0) AS last FROM changed").get()?.["last"])
    );
  }

  #count(): number {
    return this.#file.run((prepare) =>
      Number(prepare("SELECT count(*) AS count FROM changed").get()?.["count"])
    );
  }

  #readAll(): void {
    this.#readPages(
      `SELECT id, ${this.#columns()} FROM minions WHERE id > ? ORDER BY id LIMIT ${PAGE}`,
      "",
      (row) => row["id"] as string,
    );
  }

  #readChanged(): void {
    this.#readPages(
      `SELECT changed.seq, minions.id, ${this.#columns()} FROM changed JOIN minions USING (id)
         WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`,
      this.#seen,
      (row) => row["seq"] as number,
    );
  }

  /** Columns that nobody looks at are not read from the disk. */
  #columns(): string {
    const column = (name: "grains" | "pillar") =>
      this.#keys[name].size > 0 ? name : `NULL AS ${name}`;
    return `${column("grains")}, ${column("pillar")}`;
  }

  #readPages<T extends string | number>(sql: string, first: T, place: (row: Row) => T): void {
    for (let from = first;;) {
      const rows: Row[] = this.#file.run((prepare) => prepare(sql).all(from));
      for (const row of rows) this.#rows.set(row["id"] as string, this.#factsOf(row));
      if (rows.length < PAGE) return;
      from = place(rows.at(-1)!);
    }
  }

  #factsOf(row: Row): Facts | null {
    const part = (name: "grains" | "pillar"): DataMap | null =>
      row[name] === null ? {} : unpackEntries(row[name] as Uint8Array, this.#keys[name], MAX_VALUE);
    const [grains, pillar] = [part("grains"), part("pillar")];
    return grains === null || pillar === null ? null : { grains, pillar };
  }

  #dropGone(): void {
    const there = new Set(
      this.#file.run((prepare) => prepare("SELECT id FROM changed").all().map(({ id }) => id)),
    );
    for (const id of this.#rows.keys()) if (!there.has(id)) this.#rows.delete(id);
  }
}
