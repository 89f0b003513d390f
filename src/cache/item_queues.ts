/**
 * Queues of texts that users fill and empty: a database `<queue>.db` each, as Salt's own.
 * (`salt/queues/sqlite_queue.py`)
 * @module
 */
import { join } from "node:path";
import { SaltInvocationError } from "../errors.ts";
import { listFolder } from "../fs/mod.ts";
import { SqliteFile } from "./sqlite_file.ts";

/** A name that can be a file and a table. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

/** The queues of one folder. Several programs may use them at once. */
export class ItemQueues {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Names, sorted. */
  names(): string[] {
    return listFolder(this.#folder).filter((name) => name.endsWith(".db"))
      .map((name) => name.slice(0, -3)).filter((name) => NAME.test(name)).sort();
  }

  /** Adds items at the end: all, or none when one of them is there already. */
  insert(queue: string, items: readonly string[]): boolean {
    return this.#use(queue, (file) =>
      file.transaction((prepare) => {
        const known = prepare(`SELECT 1 FROM ${queue} WHERE name = ?`);
        if (new Set(items).size < items.length || items.some((item) => known.get(item))) {
          return false;
        }
        for (const item of items) prepare(`INSERT INTO ${queue}(name) VALUES(?)`).run(item);
        return true;
      }));
  }

  delete(queue: string, items: readonly string[]): void {
    this.#use(queue, (file) =>
      file.transaction((prepare) => {
        for (const item of items) prepare(`DELETE FROM ${queue} WHERE name = ?`).run(item);
      }));
  }

  /** In the order in which they came. */
  items(queue: string): string[] {
    return this.#use(
      queue,
      (file) =>
        file.run((prepare) => prepare(`SELECT name FROM ${queue} ORDER BY id`).all())
          .map((row) => String(row["name"])),
    );
  }

  /** Takes the first so many out. Of several who ask at once each gets others. */
  pop(queue: string, quantity: number): string[] {
    return this.#use(queue, (file) =>
      file.transaction((prepare) => {
        const rows = prepare(`SELECT id, name FROM ${queue} ORDER BY id LIMIT ?`).all(quantity);
        for (const row of rows) prepare(`DELETE FROM ${queue} WHERE id = ?`).run(row["id"]!);
        return rows.map((row) => String(row["name"]));
      }));
  }

  #use<T>(queue: string, work: (file: SqliteFile) => T): T {
    if (!NAME.test(queue)) {
      throw new SaltInvocationError(`'${queue}' is no name of a queue: letters, digits and _`);
    }
    const file = new SqliteFile({
      path: join(this.#folder, `${queue}.db`),
      migrations: [
        `CREATE TABLE IF NOT EXISTS ${queue}(id INTEGER PRIMARY KEY, name TEXT UNIQUE)`,
      ],
    });
    try {
      return work(file);
    } finally {
      file.close();
    }
  }
}
