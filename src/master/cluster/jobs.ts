/**
 * Jobs and returns, on every master. Each keeps all of them in its own store; Redis keeps a copy for as
 * long as jobs are kept, from which a master that was away takes what it missed.
 * @module
 */
import type { JobEnd, JobReturn, SharedJobCache, StoredReturn } from "../../cache/mod.ts";
import type { Change } from "../../cache/change_log.ts";
import type { RedisArg, RedisReply } from "../../cache/redis_connection.ts";
import { packLocal } from "../../serializers/msgpack.ts";
import { isValidJid } from "../../text/jid.ts";
import { isValidMinionId } from "../../text/minion_id.ts";
import {
  type Data,
  type DataMap,
  isMap,
  type PublishLoad,
  type ReturnLoad,
} from "../../types/mod.ts";
import type { ClusterLink, Concern, Entry, Since } from "./link.ts";
import type { ClusterNames } from "./names.ts";

/** Rows told at once, and jobs compared at once. */
const BATCH = 300;

/** Bytes up to which a value travels in the stream itself; larger ones are fetched by who needs them. */
const INLINE = 8192;

/** s before the last time together from which jobs are compared: what was under way then. */
const OVERLAP = 600;

/** The field of a job's own record; those of its parts are `part:` and the id. */
const JOB_FIELD = "job";
const PART = "part:";

/** What it works with. */
export interface SharedJobsParts {
  link: ClusterLink;
  names: ClusterNames;
  store: SharedJobCache;
  /** s that jobs are kept. */
  keepSeconds: number;
  /** Seconds since 1970 until which this master was joined, at its last run. */
  lastJoined(): number;
  fire(tag: string, data: DataMap): void;
  now?: () => number;
}

/** A value of a job's hash, with its place. */
interface Value {
  jid: string;
  field: string;
  value: Data;
}

/** One master's part in the jobs of all. */
export class SharedJobs implements Concern {
  readonly #parts: SharedJobsParts;
  readonly #now: () => number;

  constructor(parts: SharedJobsParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** Compares the jobs since the last time together, both ways. */
  async merge({ all }: Since): Promise<void> {
    const { link, names, store, keepSeconds, lastJoined } = this.#parts;
    const oldest = this.#now() / 1000 - keepSeconds;
    const from = all ? oldest : Math.max(oldest, lastJoined() - OVERLAP);
    const reply = await link.send("ZRANGEBYSCORE", names.jobs, from, "+inf");
    const there = Array.isArray(reply) ? reply.map(String).filter(isValidJid) : [];
    const jids = [...new Set([...store.jidsSince(from), ...there])].sort();
    for (let at = 0; at < jids.length; at += BATCH) {
      await this.#compare(jids.slice(at, at + BATCH));
    }
  }

  async tell(): Promise<void> {
    const { link, store } = this.#parts;
    while (true) {
      const rows = store.changes.next(BATCH);
      if (rows.length === 0) return;
      const values = this.#valuesOf(rows);
      if (values.length > 0) {
        await link.transaction([
          ...this.#puts(values),
          ...values.map(({ jid, field, value }) =>
            link.entry("job", {
              jid,
              field,
              ...(packLocal(value).length > INLINE ? {} : { value }),
            })
          ),
        ]);
      }
      store.changes.done(rows);
    }
  }

  async hear(entries: readonly Entry[]): Promise<void> {
    const values = await Promise.all(entries.map(({ body: { jid, field, value } }) => {
      if (typeof jid !== "string" || typeof field !== "string" || !isValidJid(jid)) return null;
      return value === undefined ? this.#fetch(jid, [field]).then(([one]) => one ?? null) : {
        jid,
        field,
        value,
      };
    }));
    this.#take(values.filter((value) => value !== null));
  }

  #valuesOf(rows: readonly Change[]): Value[] {
    const { store } = this.#parts;
    const values = new Map<string, Value>();
    for (const { table, first: jid, second: id } of rows) {
      const field = table === "jobs" ? JOB_FIELD : PART + id;
      const name = `${jid} ${field}`;
      if (values.has(name)) continue;
      const value = table === "jobs"
        ? this.#jobValue(jid)
        : this.#partValue(jid, store.part(jid, id));
      if (value !== null) values.set(name, { jid, field, value });
    }
    return [...values.values()];
  }

  #jobValue(jid: string): DataMap | null {
    const record = this.#parts.store.load(jid);
    if (record === null) return null;
    const { load, minions, missing, startTime } = record;
    return { load: load as unknown as DataMap, minions, missing, startTime };
  }

  #partValue(jid: string, part: JobReturn | null): DataMap | null {
    if (part === null || part.end === "waiting" && part.ret === undefined) return null;
    const { id, end, ret, reason } = part;
    if (ret === undefined) return { id, end, reason: reason ?? null };
    // Whose job is not known where this is read gets it from here.
    const load = this.#parts.store.load(jid)?.load;
    return {
      id,
      end,
      ret: ret as unknown as DataMap,
      fun: load?.fun ?? "",
      fun_args: load?.arg ?? [],
    };
  }

  #puts(values: readonly Value[]): RedisArg[][] {
    const { link, names, keepSeconds } = this.#parts;
    const commands: RedisArg[][] = [];
    for (const { jid, field, value } of values) {
      const key = names.job(jid);
      commands.push(["HSET", key, field, link.sealed(key, field, value)]);
    }
    for (const jid of new Set(values.map((value) => value.jid))) {
      const started = this.#parts.store.load(jid)?.startTime ?? this.#now() / 1000;
      commands.push(["ZADD", names.jobs, started, jid]);
      if (keepSeconds > 0) commands.push(["EXPIRE", names.job(jid), Math.ceil(keepSeconds)]);
    }
    if (keepSeconds > 0) {
      const oldest = this.#now() / 1000 - keepSeconds;
      commands.push(["ZREMRANGEBYSCORE", names.jobs, "-inf", `(${oldest}`]);
    }
    return commands;
  }

  async #compare(jids: readonly string[]): Promise<void> {
    const { link, names, store } = this.#parts;
    const replies = await Promise.all(jids.map((jid) => link.send("HKEYS", names.job(jid))));
    for (const [i, jid] of jids.entries()) {
      const reply: RedisReply = replies[i] ?? [];
      const there = new Set(Array.isArray(reply) ? reply.map(String) : []);
      const known = store.load(jid) !== null;
      const parts = store.returns(jid).filter(({ end, ret }) => ret || end !== "waiting");
      const here = new Set([...(known ? [JOB_FIELD] : []), ...parts.map(({ id }) => PART + id)]);
      for (const field of here) {
        if (there.has(field)) continue;
        if (field === JOB_FIELD) store.changes.add("jobs", jid);
        else store.changes.add("parts", jid, field.slice(PART.length));
      }
      // An end without a return may have become one there.
      for (const { id, ret } of parts) if (!ret) here.delete(PART + id);
      const missing = [...there].filter((field) => !here.has(field));
      if (missing.length > 0) this.#take(await this.#fetch(jid, missing));
    }
  }

  async #fetch(jid: string, fields: readonly string[]): Promise<Value[]> {
    const { link, names } = this.#parts;
    const key = names.job(jid);
    const reply = await link.send("HMGET", key, ...fields);
    const list = Array.isArray(reply) ? reply : [];
    return fields.flatMap((field, i) => {
      const value = link.opened(key, field, list[i]);
      return value === null ? [] : [{ jid, field, value }];
    });
  }

  /** Stores what others told, then tells the bus of the returns that are new here. */
  #take(values: readonly Value[]): void {
    const { store, fire } = this.#parts;
    // A job before its parts.
    const sorted = [...values].sort((a, b) =>
      Number(b.field === JOB_FIELD) - Number(a.field === JOB_FIELD)
    );
    const fresh: ReturnLoad[] = [];
    store.changes.quietly(() => {
      for (const { jid, field, value } of sorted) {
        if (!isMap(value)) continue;
        if (field === JOB_FIELD) this.#takeJob(jid, value);
        else {
          const ret = this.#takePart(jid, value);
          if (ret) fresh.push(ret);
        }
      }
    });
    for (const ret of fresh) {
      fire(
        `salt/job/${ret.jid}/ret/${ret.id}`,
        { ...ret, __peer_id: "cluster" } as unknown as DataMap,
      );
    }
  }

  #takeJob(jid: string, { load, minions, missing }: DataMap): void {
    if (!isMap(load) || load["jid"] !== jid) return;
    const ids = texts(minions);
    const { store } = this.#parts;
    if (!store.saveLoad(load as unknown as PublishLoad, ids, texts(missing))) {
      store.addMinions(jid, ids);
    }
  }

  #takePart(
    jid: string,
    { id, end, ret, reason, fun = "", fun_args = [] }: DataMap,
  ): ReturnLoad | null {
    if (typeof id !== "string" || !isValidMinionId(id)) return null;
    const { store } = this.#parts;
    if (!isMap(ret)) {
      const why = typeof reason === "string" ? reason : undefined;
      store.setEnd(jid, [id], end as JobEnd, why);
      return null;
    }
    const load = returnOf(jid, id, ret as unknown as StoredReturn, { fun, fun_args });
    return store.saveReturn(load) === "duplicate" ? null : load;
  }
}

function returnOf(jid: string, id: string, ret: StoredReturn, job: DataMap): ReturnLoad {
  return {
    cmd: "_return",
    id,
    jid,
    ...job,
    return: ret.return ?? null,
    retcode: ret.retcode ?? 0,
    success: ret.success ?? true,
    ...(ret.out === undefined ? {} : { out: ret.out }),
  } as unknown as ReturnLoad;
}

function texts(value: Data | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
