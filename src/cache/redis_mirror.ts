/**
 * Keeps the data of minions in a Redis (`cache: redis`), in Salt's layout, beside this master's own
 * store. Reads need no network: the own store is kept in step. Without Redis it is what there is, and
 * what changed meanwhile is brought afterwards.
 *
 * Masters tell each other of changes through a stream, so that a second one knows at once what the
 * first learned; what a real Salt master writes is found by looking around from time to time.
 * @module
 */
import { randomUUID } from "node:crypto";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { unpack } from "../serializers/msgpack.ts";
import { isValidMinionId } from "../text/minion_id.ts";
import { type DataMap, isMap } from "../types/mod.ts";
import { openSharedMine, type SharedMine } from "./mine_store.ts";
import { openRedis, type RedisConnection, RedisError } from "./redis_connection.ts";
import { type MinionKey, RedisLayout } from "./redis_layout.ts";
import { redisSettings } from "./redis_settings.ts";
import { openSharedMinionData, type SharedMinionData } from "./sqlite_minion_data_cache.ts";

const log = getLogger("saltx.cache");

const BATCH = 200;

/** Entries that the stream keeps, roughly. */
const MAX_STREAM = 10_000;

/** The stream of changes, beside what Salt has there. */
const STREAM = "saltx:cache:changes";

/** ms between looks at the own store, and until a failure is tried again. */
const LOOK = 200;
const RETRY = 1000;

/** ms between looks around in Redis: at least, and for each minion there. */
const AROUND = 5000;
const AROUND_EACH = 5;

/** ms that a read of the stream waits. */
const BLOCK = 1000;

/** Options of {@linkcode startRedisMirror}: the master's. */
export interface RedisMirrorOptions {
  cachedir: string;
  [option: string]: unknown;
}

/**
 * Starts to keep both in step.
 * @returns ends it.
 * @throws {SaltConfigurationError} for `cache.redis.*` options that make no sense.
 */
export async function startRedisMirror(opts: RedisMirrorOptions): Promise<() => Promise<void>> {
  const settings = redisSettings(opts, "cache.redis");
  const layout = new RedisLayout(opts);
  const commands = await openRedis(settings);
  const reads = await openRedis(settings);
  const mirror = new Mirror(opts, layout, commands, reads);
  mirror.start();
  return () => mirror.stop();
}

class Mirror {
  readonly #layout: RedisLayout;
  readonly #redis: RedisConnection;
  readonly #reads: RedisConnection;
  readonly #minions: SharedMinionData;
  readonly #mine: SharedMine;
  /** Tells own entries of the stream from others'. */
  readonly #name = randomUUID();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #stopped = false;
  #said: string | null = null;
  #around = true;
  #work: Promise<void> | null = null;
  #reading: Promise<void> = Promise.resolve();
  /** Ids that others have changed. */
  readonly #heard = new Set<string>();
  /** By name of a time in Redis: what it was when this master last looked, or wrote it. */
  readonly #seen = new Map<string, number | null>();
  /** When to look around again. */
  #next = Infinity;

  constructor(
    opts: RedisMirrorOptions,
    layout: RedisLayout,
    redis: RedisConnection,
    reads: RedisConnection,
  ) {
    this.#layout = layout;
    this.#redis = redis;
    this.#reads = reads;
    this.#minions = openSharedMinionData(opts);
    this.#mine = openSharedMine({ cachedir: opts.cachedir });
  }

  start(): void {
    this.#minions.changes.enable();
    this.#mine.changes.enable();
    this.#redis.onState((ready, why) => {
      // It may have begun anew: what was seen there says nothing any more.
      if (ready) {
        this.#seen.clear();
        this.#around = true;
      } else if (why) this.#say(why);
    });
    this.#timers.push(setInterval(() => this.#wake(), LOOK));
    this.#reading = this.#read();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#work;
    this.#stopped = true;
    this.#redis.close();
    this.#reads.close();
    await this.#reading;
    this.#minions.close();
    this.#mine.close();
  }

  #wake(): void {
    this.#work ??= this.#step().catch((error) => this.#say(error)).finally(() => {
      this.#work = null;
    });
  }

  async #step(): Promise<void> {
    if (!this.#redis.ready) {
      // The first connection may never come about: the reason is said all the same.
      return await this.#redis.connected(1);
    }
    await this.#tell();
    if (this.#around || performance.now() > this.#next) {
      this.#around = false;
      await this.#lookAround().catch((error) => {
        this.#around = true;
        throw error;
      });
    }
    const heard = [...this.#heard].slice(0, BATCH);
    if (heard.length > 0) {
      await this.#fetch(heard);
      for (const id of heard) this.#heard.delete(id);
    }
    this.#said = null;
  }

  /** Brings what changed here. */
  async #tell(): Promise<void> {
    for (
      const [key, changes] of [
        ["data", this.#minions.changes],
        ["mine", this.#mine.changes],
      ] as const
    ) {
      while (true) {
        const rows = changes.next(BATCH);
        if (rows.length === 0) break;
        const ids = [...new Set(rows.map(({ first }) => first))].filter(isValidMinionId);
        await Promise.all(
          ids.flatMap((id) => this.#commandsFor(id, key)).map((words) =>
            this.#redis.send(...words)
          ),
        );
        await this.#redis.send(
          ...["XADD", STREAM, "MAXLEN", "~", MAX_STREAM, "*", "by", this.#name],
          ...["ids", ids.join("\n")],
        );
        changes.done(rows);
      }
    }
  }

  #commandsFor(id: string, key: MinionKey) {
    if (key === "mine") {
      const values = this.#mine.all(id);
      if (Object.keys(values).length === 0) return this.#flush(id, key);
      return this.#store(id, key, values, Date.now() / 1000);
    }
    const data = this.#minions.data(id);
    if (data === null) return this.#flush(id, key);
    const { grains, pillar, updated } = data;
    return this.#store(id, key, { grains, pillar }, updated);
  }

  #flush(id: string, key: MinionKey) {
    this.#seen.set(this.#layout.time(id, key), null);
    return this.#layout.flush(id, key);
  }

  #store(id: string, key: MinionKey, value: DataMap, seconds: number) {
    // Salt's times are whole seconds.
    this.#seen.set(this.#layout.time(id, key), Math.trunc(seconds));
    return this.#layout.store(id, key, value, seconds);
  }

  /** Compares all: takes what others have changed there, and brings what is not there at all. */
  async #lookAround(): Promise<void> {
    const reply = await this.#redis.send("SMEMBERS", this.#layout.minions);
    const there = Array.isArray(reply) ? reply.map(String).filter(isValidMinionId) : [];
    this.#next = performance.now() + Math.max(AROUND, there.length * AROUND_EACH);
    const here = this.#minions.times();
    const changed: string[] = [];
    for (let at = 0; at < there.length; at += BATCH) {
      const ids = there.slice(at, at + BATCH);
      const [data, mine] = await Promise.all([this.#times(ids, "data"), this.#times(ids, "mine")]);
      for (const [i, id] of ids.entries()) {
        const newer = data[i]! === null || data[i]! > Math.trunc(here.get(id) ?? 0);
        if (this.#isNew(id, "data", data[i]!, newer) || this.#isNew(id, "mine", mine[i]!, true)) {
          changed.push(id);
        }
      }
    }
    await this.#fetch(changed);
    const known = new Set<string>(there);
    const forgotten: string[] = [];
    for (const id of here.keys()) {
      if (known.has(id)) continue;
      // Another master has removed it; but where nothing is left, Redis was emptied.
      const wasThere = this.#seen.get(this.#layout.time(id, "data")) ?? null;
      if (there.length > 0 && wasThere !== null) forgotten.push(id);
      else this.#minions.changes.add("minions", id);
    }
    await this.#fetch(forgotten);
    for (const id of forgotten) {
      for (const key of ["data", "mine"] as const) this.#seen.delete(this.#layout.time(id, key));
    }
    for (const [id, fun] of this.#mine.names()) {
      if (!known.has(id)) this.#mine.changes.add("mine", id, fun);
    }
  }

  async #times(ids: readonly string[], key: MinionKey): Promise<(number | null)[]> {
    const replies = ids.map((id) => this.#redis.send("GET", this.#layout.time(id, key)));
    return (await Promise.all(replies)).map(numberOf);
  }

  /** Whether what a time belongs to has changed since it was last seen; `otherwise` on first sight. */
  #isNew(id: string, key: MinionKey, time: number | null, otherwise: boolean): boolean {
    const seen = this.#seen.get(this.#layout.time(id, key));
    return seen === undefined ? otherwise : seen !== time;
  }

  /** Takes what Redis has of these minions. */
  async #fetch(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += BATCH) {
      const some = ids.slice(at, at + BATCH);
      const get = (key: MinionKey) =>
        Promise.all(some.map((id) => this.#redis.send("GET", this.#layout.value(id, key))));
      const [data, mine] = await Promise.all([get("data"), get("mine")]);
      const [times, mineTimes] = await Promise.all([
        this.#times(some, "data"),
        this.#times(some, "mine"),
      ]);
      for (const [i, id] of some.entries()) {
        this.#seen.set(this.#layout.time(id, "data"), times[i]!);
        this.#seen.set(this.#layout.time(id, "mine"), mineTimes[i]!);
      }
      this.#minions.changes.quietly(() => {
        for (const [i, id] of some.entries()) {
          const found = mapOf(data[i]);
          if (found === null) this.#minions.forget([id]);
          else {
            const { grains, pillar } = found;
            this.#minions.put(id, {
              grains: isMap(grains) ? grains : {},
              pillar: isMap(pillar) ? pillar : {},
              updated: times[i] ?? Date.now() / 1000,
            });
          }
        }
      });
      this.#mine.changes.quietly(() => {
        for (const [i, id] of some.entries()) {
          const values = mapOf(mine[i]);
          if (values === null) this.#mine.flush([id]);
          else this.#mine.set(id, values, true);
        }
      });
    }
  }

  async #read(): Promise<void> {
    let last = "$";
    while (!this.#stopped) {
      try {
        await this.#reads.connected();
        const reply = await this.#reads.send(
          ...["XREAD", "COUNT", BATCH, "BLOCK", BLOCK, "STREAMS", STREAM, last],
        );
        for (const { id, fields } of entriesOf(reply)) {
          last = id;
          if (fields.get("by") === this.#name) continue;
          for (const name of (fields.get("ids") ?? "").split("\n")) {
            if (isValidMinionId(name)) this.#heard.add(name);
          }
        }
        this.#wake();
      } catch (error) {
        if (this.#stopped) return;
        this.#say(error);
        // What was told meanwhile may be missed.
        this.#around = true;
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
  }

  #say(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#said || this.#stopped) return;
    this.#said = message;
    log.error(
      `Data of minions stay with this master for now: ${message}`,
      error instanceof RedisError ? undefined : error,
    );
  }
}

function mapOf(reply: unknown): DataMap | null {
  if (!(reply instanceof Uint8Array)) return null;
  try {
    const value = unpack(reply);
    return isMap(value) ? value : null;
  } catch {
    return null;
  }
}

function numberOf(reply: unknown): number | null {
  if (!(reply instanceof Uint8Array)) return null;
  try {
    const value = unpack(reply);
    return typeof value === "number" ? value : null;
  } catch {
    return null;
  }
}

function entriesOf(reply: unknown): { id: string; fields: Map<string, string> }[] {
  const list = Array.isArray(reply) && Array.isArray(reply[0]) ? reply[0][1] : null;
  if (!Array.isArray(list)) return [];
  return list.map((entry) => {
    const [id, words] = entry as [unknown, unknown[]];
    const fields = new Map<string, string>();
    for (let i = 0; i + 1 < words.length; i += 2) {
      fields.set(String(words[i]), String(words[i + 1]));
    }
    return { id: String(id), fields };
  });
}
