/** Values in a table of an SQLite database. (`salt/sdb/sqlite3.py`) @module */
import { DatabaseSync } from "node:sqlite";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import { packLocal, unpack } from "../../../serializers/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import type { SdbDriver } from "./types.ts";

/** ms to wait for another writer. */
const busyTimeout = 5000;

function quote(name: string): string {
  if (name.includes("\0")) throw new CommandExecutionError("A table's name must not hold NUL");
  return `"${name.replaceAll('"', '""')}"`;
}

function createStatements(profile: DataMap, table: string): string[] {
  const given = profile["create_statements"];
  if (Array.isArray(given)) return given.map(pyStr);
  if (profile["create_table"] === false) return [];
  return [
    `CREATE TABLE ${quote(table)} (key text, value blob)`,
    `CREATE UNIQUE INDEX ${quote(`${table}_idx`)} ON ${quote(table)} (key)`,
  ];
}

/** Calls `use` with the profile's database and its table's quoted name. */
function withDatabase(profile: DataMap, use: (db: DatabaseSync, table: string) => Data): Data {
  const path = profile["database"];
  if (typeof path !== "string") {
    throw new CommandExecutionError("An sdb profile of driver sqlite3 needs the key `database`");
  }
  const table = pyStr(profile["table"] ?? "sdb");
  try {
    const db = new DatabaseSync(path, { timeout: busyTimeout });
    try {
      for (const sql of createStatements(profile, table)) {
        try {
          db.exec(sql);
        } catch {
          // It is there already; if that is not why, the query says what is missing.
        }
      }
      return use(db, quote(table));
    } finally {
      db.close();
    }
  } catch (error) {
    throw new CommandExecutionError(`sdb database "${path}": ${messageOf(error)}`);
  }
}

function statement(profile: DataMap, key: string, usual: string): string {
  return typeof profile[key] === "string" ? profile[key] : usual;
}

/** Values in a table, as msgpack. */
export const sqliteDriver: SdbDriver = {
  get: (_ctx, key, profile) =>
    withDatabase(profile, (db, table) => {
      const sql = statement(profile, "get_query", `SELECT value FROM ${table} WHERE key=:key`);
      const row = db.prepare(sql).get({ key });
      const value = row ? Object.values(row)[0] : undefined;
      return value instanceof Uint8Array ? unpack(value) : null;
    }),
  set: (_ctx, key, value, profile) =>
    withDatabase(profile, (db, table) => {
      const usual = `INSERT OR REPLACE INTO ${table} VALUES (:key, :value)`;
      db.prepare(statement(profile, "set_query", usual)).run({ key, value: packLocal(value) });
      return true;
    }),
};
