/**
 * Returns in Redis, in the keys that Salt uses, so that what is there already is read.
 * (`salt/returners/redis_return.py`, which Salt 3006 ships and 3008 no longer does)
 *
 * - `ret:<jid>`: a hash, minion -> the whole return as JSON; goes after `keep_jobs_seconds`
 * - `<minion>:<fun>`: the jid of that minion's last return for the function
 * - `load:<jid>`: the job as JSON
 * - `minions`: a set of all ids that ever returned
 * @module
 */
import {
  openRedis,
  type RedisArg,
  type RedisConnection,
  RedisError,
  type RedisReply,
} from "../../cache/redis_connection.ts";
import { redisSettings } from "../../cache/redis_settings.ts";
import { returnerOptions } from "../../loader/returner_options.ts";
import {
  type OpenReturner,
  type Returner,
  type ReturnerContext,
  ReturnerUnavailable,
} from "../../loader/returner_types.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { formatJob } from "../runners/job_format.ts";
import { Connections, groupBy } from "./_connections.ts";
import { readJsonMap, toJson } from "./_json.ts";

/** Salt's options, then those that {@linkcode redisSettings} knows besides. */
const OPTIONS = [
  ...["host", "port", "unix_socket_path", "db", "password", "cluster_mode"],
  ...["cluster.startup_nodes", "url", "user", "ssl", "ssl_ca_certs", "ssl_certfile"],
  ...["ssl_keyfile", "ssl_cert_reqs", "ssl_server_name"],
];

/** Where Salt looks when nothing is set. */
const DEFAULT_HOST = "salt";

/** ms that whoever reads waits for a connection. */
const READ_PATIENCE = 1500;

/** Keys that one SCAN looks at. */
const SCAN_COUNT = 1000;

/** The returner `redis`. */
export const redisReturn: Returner = {
  name: "redis_return",
  virtualname: "redis",
  doc: "Redis, in Salt's keys.",
  open: (ctx) => new RedisReturner(ctx),
};

class RedisReturner implements OpenReturner {
  readonly #ctx: ReturnerContext;
  readonly #connections = new Connections<RedisConnection>(open, (redis) => redis.close());

  constructor(ctx: ReturnerContext) {
    this.#ctx = ctx;
  }

  async returner(returns: readonly DataMap[]): Promise<void> {
    const groups = groupBy(returns, (ret) => settingsOf(this.#ctx, ret));
    for (const [settings, group] of groups) {
      const redis = await this.#connections.get(settings);
      await sendAll(redis, group.flatMap((ret) => this.#commandsOf(ret)));
    }
  }

  async save_load(jid: string, load: DataMap): Promise<void> {
    await sendAll(await this.#redis(), [
      ["SET", `load:${jid}`, toJson(load), ...this.#expiry()],
    ]);
  }

  async get_load(jid: string): Promise<DataMap> {
    const text = textOf(await (await this.#redis()).send("GET", `load:${jid}`));
    return text === null ? {} : readJsonMap(text);
  }

  async get_jid(jid: string): Promise<DataMap> {
    const flat = await (await this.#redis()).send("HGETALL", `ret:${jid}`);
    const found: DataMap = {};
    const texts = Array.isArray(flat) ? flat.map(textOf) : [];
    for (let i = 0; i + 1 < texts.length; i += 2) {
      const ret = texts[i + 1];
      if (ret) found[texts[i]!] = readJsonMap(ret);
    }
    return found;
  }

  async get_fun(fun: string): Promise<DataMap> {
    const redis = await this.#redis();
    const found: DataMap = {};
    for (const minion of await this.get_minions()) {
      const jid = textOf(await redis.send("GET", `${minion}:${fun}`));
      if (!jid) continue;
      const ret = textOf(await redis.send("HGET", `ret:${jid}`, minion));
      if (ret) found[minion] = readJsonMap(ret);
    }
    return found;
  }

  async get_jids(): Promise<DataMap> {
    const redis = await this.#redis();
    const found: DataMap = {};
    for (const key of await scan(redis, "load:*")) {
      const text = textOf(await redis.send("GET", key));
      if (text === null) continue;
      const load = readJsonMap(text);
      const jid = String(load["jid"] ?? key.slice("load:".length));
      found[jid] = formatJob(jid, load);
    }
    return found;
  }

  async get_minions(): Promise<string[]> {
    const members = await (await this.#redis()).send("SMEMBERS", "minions");
    return Array.isArray(members) ? members.map((member) => textOf(member) ?? "").sort() : [];
  }

  /** Returns whose job has expired: a late one made them live longer. */
  async clean_old_jobs(): Promise<void> {
    const redis = await this.#redis();
    for (const key of await scan(redis, "ret:*")) {
      const jid = key.slice("ret:".length);
      if (await redis.send("EXISTS", `load:${jid}`) === 0) await redis.send("DEL", key);
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  /** The server that the options name. */
  async #redis(): Promise<RedisConnection> {
    const redis = await this.#connections.get(settingsOf(this.#ctx, null));
    await redis.connected(READ_PATIENCE).catch(unavailable);
    return redis;
  }

  #commandsOf(ret: DataMap): RedisArg[][] {
    const { id, jid, fun } = ret;
    const seconds = this.#keepSeconds();
    const key = `ret:${jid}`;
    return [
      ["HSET", key, String(id), toJson(ret)],
      ...(seconds > 0 ? [["EXPIRE", key, seconds]] : []),
      ["SET", `${id}:${pyStr(fun ?? "")}`, String(jid), ...this.#expiry()],
      ["SADD", "minions", String(id)],
    ];
  }

  #expiry(): RedisArg[] {
    const seconds = this.#keepSeconds();
    return seconds > 0 ? ["EX", seconds] : [];
  }

  #keepSeconds(): number {
    return Number(this.#ctx.option("keep_jobs_seconds") ?? 86_400);
  }
}

async function open(settings: Data): Promise<RedisConnection> {
  return await openRedis(redisSettings(settings as DataMap, "redis"));
}

/** The options that are set, under the names that {@linkcode redisSettings} reads. */
function settingsOf(ctx: ReturnerContext, ret: DataMap | null): DataMap {
  const found = returnerOptions(ctx.option, "redis", OPTIONS, {}, ret);
  if (found["host"] === undefined) found["host"] = DEFAULT_HOST;
  return Object.fromEntries(Object.entries(found).map(([key, value]) => [`redis.${key}`, value]));
}

/** Sends commands without waiting for each; waits for all. */
async function sendAll(redis: RedisConnection, commands: RedisArg[][]): Promise<void> {
  await redis.connected().catch(unavailable);
  const replies = await Promise.allSettled(commands.map((command) => redis.send(...command)));
  for (const reply of replies) if (reply.status === "rejected") unavailable(reply.reason);
}

function unavailable(error: unknown): never {
  if (!(error instanceof RedisError) || error.fault === "refused") throw error;
  throw new ReturnerUnavailable(error.message, { cause: error });
}

async function scan(redis: RedisConnection, pattern: string): Promise<string[]> {
  const keys = new Set<string>();
  for (const send of await redis.servers().catch(unavailable)) {
    let cursor = "0";
    do {
      const reply = await send("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT);
      const [next, found] = Array.isArray(reply) ? reply : [];
      for (const key of Array.isArray(found) ? found : []) keys.add(textOf(key) ?? "");
      cursor = textOf(next ?? null) ?? "0";
    } while (cursor !== "0");
  }
  return [...keys];
}

function textOf(reply: RedisReply): string | null {
  return reply === null || Array.isArray(reply) ? null : String(reply);
}
