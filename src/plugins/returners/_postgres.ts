/**
 * What the returners `postgres` and `pgjsonb` share: the connection, and Salt's tables `jids`,
 * `salt_returns` and `salt_events`, which differ in the types of their columns.
 * @module
 */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Options, Sql } from "postgres";
import { messageOf, SaltConfigurationError } from "../../errors.ts";
import { returnerOptions } from "../../loader/returner_options.ts";
import {
  type OpenReturner,
  type ReturnerContext,
  ReturnerUnavailable,
  type WriteHow,
} from "../../loader/returner_types.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { formatJob } from "../runners/job_format.ts";
import { Connections, groupBy } from "./_connections.ts";
import { funText, readJsonMap, strictJson, toJson } from "./_json.ts";

/** What one of the two returners is. */
export interface PostgresKind {
  /** Under which its options stand: `returner.pgjsonb`. */
  prefix: string;
  /** The option with the password: `pass` or `passwd`. */
  passwordOption: string;
  /** Whether its columns are `jsonb`; otherwise they are text. */
  jsonb: boolean;
}

/** Widths of columns in Salt's schema. */
const FUN_WIDTH = 50;
const WIDTH = 255;

/** s that a connection may take to come about. */
const CONNECT_TIMEOUT = 5;
/** ms that a statement may take. */
const STATEMENT_TIMEOUT = 30_000;
/** s after which an idle connection is closed. */
const IDLE_TIMEOUT = 60;

/** A returner on these tables. */
export class PostgresReturner implements OpenReturner {
  readonly #kind: PostgresKind;
  readonly #ctx: ReturnerContext;
  readonly #connections: Connections<Sql>;

  constructor(kind: PostgresKind, ctx: ReturnerContext) {
    this.#kind = kind;
    this.#ctx = ctx;
    this.#connections = new Connections(
      (settings) => connect(settings as DataMap, kind),
      (sql) => sql.end({ timeout: 1 }),
    );
  }

  async returner(returns: readonly DataMap[], { again }: WriteHow): Promise<void> {
    const unlessThere = again
      ? "WHERE NOT EXISTS (SELECT 1 FROM salt_returns s WHERE s.jid = r->>'jid' AND s.id = r->>'id')"
      : "";
    for (const [settings, group] of groupBy(returns, (ret) => this.#settings(ret))) {
      const rows = group.map((ret) => this.#row(ret));
      await this.#do(settings, (sql) =>
        sql.unsafe(
          `INSERT INTO salt_returns (fun, jid, return, id, success, full_ret)
           SELECT r->>'fun', r->>'jid', ${this.#column("return")}, r->>'id', r->>'success',
             ${this.#column("full_ret")}
           FROM jsonb_array_elements($1::text::jsonb) r ${unlessThere}`,
          [jsonText(rows)],
        ));
    }
  }

  async event_return(events: readonly DataMap[]): Promise<void> {
    const master = String(this.#ctx.option("id") ?? hostname());
    const rows = events.map(({ tag = "", data = "" }) => ({
      tag: cut(String(tag), WIDTH),
      data: this.#value(data),
    }));
    await this.#do(this.#settings(null), (sql) =>
      sql.unsafe(
        `INSERT INTO salt_events (tag, data, master_id)
         SELECT r->>'tag', ${this.#column("data")}, $2
         FROM jsonb_array_elements($1::text::jsonb) r`,
        [jsonText(rows), master],
      ));
  }

  async save_load(jid: string, load: DataMap): Promise<void> {
    const onConflict = this.#kind.jsonb ? "UPDATE SET load = excluded.load" : "NOTHING";
    await this.#do(this.#settings(null), (sql) =>
      sql.unsafe(
        `INSERT INTO jids (jid, load) SELECT $1, ${this.#column("load")}
         FROM (SELECT $2::text::jsonb AS r) AS one ON CONFLICT (jid) DO ${onConflict}`,
        [jid, jsonText({ load: this.#value(load) })],
      ));
  }

  async get_load(jid: string): Promise<DataMap> {
    const [row] = await this.#ask((sql) => sql`SELECT load FROM jids WHERE jid = ${jid}`);
    return row ? this.#read(row["load"]) : {};
  }

  async get_jid(jid: string): Promise<DataMap> {
    const rows = await this.#ask((sql) =>
      sql`SELECT id, full_ret FROM salt_returns WHERE jid = ${jid}`
    );
    return this.#byMinion(rows);
  }

  async get_fun(fun: string): Promise<DataMap> {
    const rows = await this.#ask((sql) =>
      this.#kind.jsonb
        ? sql`SELECT DISTINCT ON (id) id, full_ret FROM salt_returns WHERE fun = ${fun}
            ORDER BY id, alter_time DESC`
        : sql`SELECT DISTINCT ON (id) id, full_ret FROM salt_returns WHERE fun = ${fun}
            ORDER BY id, jid DESC`
    );
    return this.#byMinion(rows);
  }

  async get_jids(): Promise<DataMap> {
    const rows = await this.#ask((sql) => sql`SELECT jid, load FROM jids ORDER BY jid`);
    return Object.fromEntries(rows.map((row) => {
      const jid = String(row["jid"]);
      return [jid, formatJob(jid, this.#read(row["load"]))];
    }));
  }

  async get_minions(): Promise<string[]> {
    const rows = await this.#ask((sql) => sql`SELECT DISTINCT id FROM salt_returns ORDER BY id`);
    return rows.map((row) => String(row["id"]));
  }

  /** Removes what is older than `keep_jobs_seconds`; with `archive_jobs` it goes to other tables first. */
  async clean_old_jobs(): Promise<void> {
    const seconds = Number(this.#ctx.option("keep_jobs_seconds") ?? 0);
    if (!this.#kind.jsonb || !(seconds > 0)) return;
    const archive = this.#ctx.option("archive_jobs") === true;
    const old = `(now() - make_interval(secs => ${seconds}))`;
    // A job whose minions answer one after the other stays until the last return is old.
    const oldJobs = `EXISTS (SELECT 1 FROM salt_returns r WHERE r.jid = j.jid) AND NOT EXISTS
      (SELECT 1 FROM salt_returns r WHERE r.jid = j.jid AND r.alter_time >= ${old})`;
    const tables = [
      ["jids", "jids j", oldJobs],
      ["salt_returns", "salt_returns", `alter_time < ${old}`],
      ["salt_events", "salt_events", `alter_time < ${old}`],
    ] as const;
    for (const [table, from, condition] of tables) {
      if (archive) {
        const make = `CREATE TABLE IF NOT EXISTS ${table}_archive (LIKE ${table})`;
        await this.#do(this.#settings(null), (sql) => sql.unsafe(make));
      }
      // What is moved is what is removed, in one statement.
      const remove = `DELETE FROM ${from} WHERE ${condition}`;
      const move =
        `WITH gone AS (${remove} RETURNING *) INSERT INTO ${table}_archive SELECT * FROM gone`;
      await this.#do(this.#settings(null), (sql) => sql.unsafe(archive ? move : remove));
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  #settings(ret: DataMap | null): DataMap {
    const { prefix, passwordOption } = this.#kind;
    const defaults = { host: "localhost", user: "salt", db: "salt", port: 5432 };
    return returnerOptions(
      this.#ctx.option,
      prefix,
      ["host", "user", passwordOption, "db", "port", "connect_timeout", ...SSL],
      { ...defaults, [passwordOption]: "salt" },
      ret,
    );
  }

  #row(ret: DataMap): DataMap {
    const { jid, id, success = false } = ret;
    const shown = isMap(success) || Array.isArray(success) ? strictJson(success) : String(success);
    return {
      fun: cut(funText(ret["fun"]), FUN_WIDTH),
      jid: String(jid),
      return: this.#value(ret["return"] ?? null),
      id: String(id),
      success: cut(shown, 10),
      full_ret: this.#value(ret),
    };
  }

  /** A value as it is sent: of text columns, already as the text. */
  #value(value: Data): Data {
    return this.#kind.jsonb ? value : toJson(value).replaceAll("\0", "");
  }

  /** How a value is taken out of the row `r` that was sent. */
  #column(name: string): string {
    return this.#kind.jsonb ? `r->'${name}'` : `r->>'${name}'`;
  }

  #read(value: unknown): DataMap {
    if (typeof value === "string") return readJsonMap(value);
    return isMap(value) ? value : {};
  }

  #byMinion(rows: readonly Record<string, unknown>[]): DataMap {
    return Object.fromEntries(rows.map((row) => [String(row["id"]), this.#read(row["full_ret"])]));
  }

  #ask(
    work: (sql: Sql) => Promise<readonly Record<string, unknown>[]>,
  ): Promise<readonly Record<string, unknown>[]> {
    return this.#do(this.#settings(null), work);
  }

  /**
   * Runs one statement. A connection on which one failed is not used again: the package may write into
   * it when it is gone, which would end the program, or never.
   */
  async #do<T>(settings: Data, work: (sql: Sql) => Promise<T>): Promise<T> {
    const sql = await this.#connections.get(settings);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("it does not answer")), STATEMENT_TIMEOUT);
    });
    const done = work(sql);
    done.catch(() => {});
    try {
      return await Promise.race([done, late]);
    } catch (error) {
      this.#connections.drop(settings);
      return this.#failed(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(error: unknown): never {
    const code = String((error as { code?: unknown }).code ?? "");
    const where = `PostgreSQL (options ${this.#kind.prefix}.*)`;
    if (!SQLSTATE.test(code) || PASSING.test(code)) {
      throw new ReturnerUnavailable(`${where} is not there: ${messageOf(error)}`, { cause: error });
    }
    throw new Error(`${where} refuses: ${messageOf(error)}`, { cause: error });
  }
}

/** A code of PostgreSQL, which has a digit: `EPIPE` is the system's. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** Classes of errors that pass: connection, resources, shutdown, locks, a system error. */
const PASSING = /^(08|53|57P|55P03|58|40)/;

const SSL = ["sslmode", "sslcert", "sslkey", "sslrootcert"];

async function connect(settings: DataMap, kind: PostgresKind): Promise<Sql> {
  const { default: postgres } = await import("postgres");
  const text = (name: string) => settings[name] === undefined ? undefined : String(settings[name]);
  return postgres(
    {
      host: text("host"),
      port: Number(settings["port"]),
      database: text("db"),
      username: text("user"),
      password: text(kind.passwordOption),
      ssl: tlsOf(text, kind.prefix),
      max: 1,
      connect_timeout: Number(settings["connect_timeout"] ?? CONNECT_TIMEOUT),
      idle_timeout: IDLE_TIMEOUT,
      backoff: () => 0.2,
      onnotice: () => {},
      connection: { application_name: "saltx" },
    } as unknown as Options<Record<string, never>>,
  );
}

/** `sslmode` as libpq means it. */
function tlsOf(text: (name: string) => string | undefined, prefix: string): unknown {
  const mode = text("sslmode") ?? "prefer";
  if (mode === "disable" || mode === "None") return false;
  if (mode === "allow" || mode === "prefer") return "prefer";
  const pem = (name: string) => {
    const path = text(name);
    if (path === undefined) return {};
    try {
      return { [PEM[name]!]: readFileSync(path, "utf8") };
    } catch (error) {
      throw new SaltConfigurationError(`${prefix}.${name}: cannot read it: ${messageOf(error)}`);
    }
  };
  const checked = mode !== "require" || text("sslrootcert") !== undefined;
  return {
    ...pem("sslrootcert"),
    ...pem("sslcert"),
    ...pem("sslkey"),
    rejectUnauthorized: checked,
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

const PEM: Readonly<Record<string, string>> = { sslrootcert: "ca", sslcert: "cert", sslkey: "key" };

function cut(text: string, width: number): string {
  return [...text].slice(0, width).join("");
}

/** JSON without NUL, which PostgreSQL has not. */
function jsonText(value: Data): string {
  return strictJson(value).replaceAll(/(?<!\\)((?:\\\\)*)\\u0000/g, "$1");
}
