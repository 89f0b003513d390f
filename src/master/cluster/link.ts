/**
 * A master's link to its cluster: whether it is joined, the stream that all masters write and read,
 * and the order in which things are told.
 *
 * Each master reads the stream through a consumer group of its own: what it has not acknowledged comes
 * again after a restart. Concerns (keys, jobs …) keep by themselves what is still to be told; the link
 * calls them when there is something and Redis is there.
 * @module
 */
import { randomUUID } from "node:crypto";
import {
  openRedis,
  type RedisArg,
  type RedisConnection,
  RedisError,
  type RedisReply,
} from "../../cache/redis_connection.ts";
import type { RedisSettings } from "../../cache/redis_settings.ts";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import type { ClusterNames } from "./names.ts";
import { type Seal, SealError } from "./seal.ts";

const log = getLogger("saltx.cluster");

/** Entries that the stream keeps, roughly: who was away for longer compares everything. */
const MAX_STREAM = 50_000;

/** Entries read at once. */
const BATCH = 500;

/** ms that a read waits for entries. Shorter than what counts as silence. */
const BLOCK_MS = 1000;

/** ms until something that failed is tried again. */
const RETRY_MS = 1000;

/** ms without an answer after which Redis counts as gone. */
const SILENCE_MS = 4000;

/** One entry of the stream. */
export interface Entry {
  /** The master that wrote it. */
  node: string;
  kind: string;
  body: DataMap;
  /** ms since 1970 by Redis's clock when it was written. */
  time: number;
}

/** One concern of the cluster. */
export interface Concern {
  /** Brings this master and Redis to the same state, after they were apart. */
  merge?(since: Since): Promise<void>;
  /** Tells what is new here. Called again until nothing is left. */
  tell?(): Promise<void>;
  /** Entries of other masters, in their order. */
  hear(entries: readonly Entry[]): Promise<void> | void;
  /** Redis is gone. */
  alone?(): void;
}

/** How far apart this master and Redis may be. */
export interface Since {
  /** Redis has begun anew since this master was last joined, or this master is new. */
  all: boolean;
}

/** What a link is made of. */
export interface LinkParts {
  settings: RedisSettings;
  names: ClusterNames;
  seal: Seal;
  clusterId: string;
  node: string;
  /** The mark that Redis had when this master was last joined; null when it never was. */
  lastMark(): string | null;
  noteMark(mark: string): void;
  /** Tells the event bus. */
  fire(tag: string, data: DataMap): void;
}

/** See the module's comment. */
export class ClusterLink {
  readonly #parts: LinkParts;
  readonly #concerns: { kinds: readonly string[]; concern: Concern }[] = [];
  #commands: RedisConnection | null = null;
  #reads: RedisConnection | null = null;
  #joined = false;
  #closed = false;
  /** Rises with each loss of Redis: what belongs to an earlier session ends. */
  #session = 0;
  #said: string | null = null;
  #telling: Promise<void> | null = null;
  #again = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #reading: Promise<void> = Promise.resolve();
  /** Of a session's begin, until it is joined. */
  #joining: Promise<void> = Promise.resolve();

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  get joined(): boolean {
    return this.#joined;
  }

  get node(): string {
    return this.#parts.node;
  }

  /** To be called before {@linkcode open}; the order is that of merging and telling. */
  add(kinds: readonly string[], concern: Concern): void {
    this.#concerns.push({ kinds, concern });
  }

  /** Begins to connect. Resolves when it is joined, or after `waitMs` without. */
  async open(waitMs: number): Promise<void> {
    const limits = { silenceTimeout: SILENCE_MS };
    this.#commands = await openRedis(this.#parts.settings, limits);
    this.#reads = await openRedis(this.#parts.settings, limits);
    let first: () => void = () => {};
    const begun = new Promise<void>((resolve) => (first = resolve));
    const onState = () => {
      const both = this.#commands?.ready && this.#reads?.ready;
      if (both) this.#begin().finally(first);
      else this.#lost(null);
    };
    for (const redis of [this.#commands, this.#reads]) {
      redis.onState((ready, why) => ready ? onState() : this.#lost(why));
    }
    onState();
    const timer = setTimeout(first, waitMs);
    await begun;
    clearTimeout(timer);
    if (!this.#joined) await this.#commands.connected(1).catch((error) => this.#say(error));
  }

  /** There is something to tell. */
  wake(): void {
    if (!this.#joined || this.#closed) return;
    if (this.#telling) {
      this.#again = true;
      return;
    }
    this.#telling = this.#tell().finally(() => {
      this.#telling = null;
      if (this.#again) {
        this.#again = false;
        this.wake();
      }
    });
  }

  /** One command. @throws {RedisError} */
  send(...command: RedisArg[]): Promise<RedisReply> {
    return this.#redis().send(...command);
  }

  /** Commands of which all are done or none. @throws {RedisError} */
  transaction(commands: readonly (readonly RedisArg[])[]): Promise<RedisReply[]> {
    return this.#redis().transaction(commands);
  }

  /** The command that adds an entry to the stream. */
  entry(kind: string, body: DataMap): RedisArg[] {
    const { names, node } = this.#parts;
    const sealed = this.sealed(names.stream, `${node} ${kind}`, body);
    return [
      ...["XADD", names.stream, "MAXLEN", "~", MAX_STREAM, "*"],
      ...["n", node, "k", kind, "b", sealed],
    ];
  }

  /** Seals a value for its place in Redis. */
  sealed(key: string, field: string, value: Data): Uint8Array {
    return this.#parts.seal.close(`${key} ${field}`, value);
  }

  /** Opens a value; null, and a line in the log, when it is not one of this cluster's. */
  opened(key: string, field: string, reply: RedisReply | Uint8Array | undefined): Data | null {
    if (!(reply instanceof Uint8Array)) return null;
    try {
      return this.#parts.seal.open(`${key} ${field}`, reply);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      log.error(`Redis key ${key}, field ${field.slice(0, 80)} is passed over: ${error.message}`);
      return null;
    }
  }

  /** Tells what it still can, and ends. */
  async stop(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await Promise.race([this.#telling, new Promise((done) => setTimeout(done, RETRY_MS))]);
    this.#session += 1;
    this.#joined = false;
    this.#commands?.close();
    this.#reads?.close();
    await Promise.allSettled([this.#joining, this.#reading]);
  }

  #redis(): RedisConnection {
    if (!this.#commands) throw new Error("The link is not open");
    return this.#commands;
  }

  /** Both connections are there: takes part. */
  #begin(): Promise<void> {
    const session = ++this.#session;
    return this.#joining = this.#join(session).catch((error) => {
      if (session !== this.#session || this.#closed) return;
      this.#say(error);
      this.#retry = setTimeout(() => {
        if (session === this.#session) void this.#begin();
      }, RETRY_MS * 5);
    });
  }

  async #join(session: number): Promise<void> {
    const { names, node } = this.#parts;
    const mark = await this.#checkMark();
    await this.send("XGROUP", "CREATE", names.stream, node, "$", "MKSTREAM").catch((error) => {
      if (!/BUSYGROUP/.test(messageOf(error))) throw error;
    });
    const since = { all: this.#parts.lastMark() !== mark };
    for (const { concern } of this.#concerns) {
      if (session !== this.#session) return;
      await concern.merge?.(since);
    }
    if (session !== this.#session) return;
    this.#parts.noteMark(mark);
    this.#joined = true;
    this.#said = null;
    const { clusterId } = this.#parts;
    log.info(`Joined cluster ${clusterId} at ${this.#redis().name} as ${node}`);
    this.#parts.fire("saltx/cluster/joined", { cluster_id: clusterId, node });
    this.#reading = this.#read(session);
    this.wake();
  }

  /** @throws Error when this Redis holds another cluster of the same id. */
  async #checkMark(): Promise<string> {
    const { names, seal, clusterId } = this.#parts;
    const made = seal.close(`${names.mark} `, randomUUID());
    await this.send("SET", names.mark, made, "NX");
    const mark = await this.send("GET", names.mark);
    try {
      return String(seal.open(`${names.mark} `, mark as Uint8Array));
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      throw new Error(
        `Redis at ${this.#redis().name} holds the data of another cluster with cluster_id ` +
          `'${clusterId}': give this cluster an id of its own, or give this master the others' ` +
          "cluster_secret (without one, the same master.pem)",
        { cause: error },
      );
    }
  }

  async #tell(): Promise<void> {
    const session = this.#session;
    try {
      for (const { concern } of this.#concerns) {
        if (session !== this.#session) return;
        await concern.tell?.();
      }
    } catch (error) {
      if (session !== this.#session) return;
      this.#say(error);
      this.#retry = setTimeout(() => this.wake(), RETRY_MS);
    }
  }

  async #read(session: number): Promise<void> {
    const { names, node } = this.#parts;
    // First what was delivered to this master and not acknowledged: it was ended in between.
    let from = "0";
    let last: string | null = null;
    while (session === this.#session && !this.#closed) {
      try {
        const reply = await this.#reads!.send(
          ...["XREADGROUP", "GROUP", node, "m", "COUNT", BATCH, "BLOCK", BLOCK_MS],
          ...["STREAMS", names.stream, from],
        );
        const entries = entriesOf(reply);
        if (from === "0" && entries.length === 0) from = ">";
        if (entries.length === 0) continue;
        await this.#hear(entries);
        await this.send("XACK", names.stream, node, ...entries.map(({ id }) => id));
        const before = last;
        last = entries.at(-1)!.id;
        if (before !== null && entries.length === BATCH && await this.#dropped(before)) {
          log.warning("More was told than the stream keeps; comparing everything");
          return void this.#begin();
        }
      } catch (error) {
        if (session !== this.#session || this.#closed) return;
        // A connection that broke says so itself, and ends this session.
        if (!(error instanceof RedisError && error.fault === "down")) this.#say(error);
        if (/NOGROUP/.test(messageOf(error))) return void this.#begin();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Whether entries right after this one may have been dropped before they were read. */
  async #dropped(before: string): Promise<boolean> {
    const reply = await this.send("XRANGE", this.#parts.names.stream, "-", "+", "COUNT", 1);
    const oldest = Array.isArray(reply) && Array.isArray(reply[0]) ? String(reply[0][0]) : before;
    const [ms, count] = oldest.split("-").map(Number) as [number, number];
    const [readMs, readCount] = before.split("-").map(Number) as [number, number];
    return ms > readMs || (ms === readMs && count > readCount);
  }

  async #hear(raw: readonly RawEntry[]): Promise<void> {
    const { names, node: self } = this.#parts;
    const entries: Entry[] = [];
    for (const { id, node, kind, body } of raw) {
      if (node === self || body === null) continue;
      const value = this.opened(names.stream, `${node} ${kind}`, body);
      if (!isMap(value)) continue;
      entries.push({ node, kind, body: value, time: Number(id.split("-")[0]) });
    }
    // Neighbours of one concern together: a store takes them in one transaction.
    for (let at = 0; at < entries.length;) {
      const found = this.#concerns.find(({ kinds }) => kinds.includes(entries[at]!.kind));
      let end = at + 1;
      while (end < entries.length && found?.kinds.includes(entries[end]!.kind)) end += 1;
      try {
        await found?.concern.hear(entries.slice(at, end));
      } catch (error) {
        if (error instanceof RedisError) throw error;
        log.error(`What other masters told cannot be taken: ${messageOf(error)}`, error);
      }
      at = end;
    }
  }

  #lost(why: RedisError | null): void {
    if (this.#closed) return;
    this.#session += 1;
    clearTimeout(this.#retry);
    const was = this.#joined;
    this.#joined = false;
    if (!was) return;
    if (why) this.#say(why);
    for (const { concern } of this.#concerns) concern.alone?.();
    const { clusterId } = this.#parts;
    const reason = why ? messageOf(why) : "";
    this.#parts.fire("saltx/cluster/alone", { cluster_id: clusterId, reason });
  }

  /** Once for each reason: Redis is asked again and again. */
  #say(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#said) return;
    this.#said = message;
    log.error(
      `This master goes on alone with what it has, and tries again: ${message}`,
      error instanceof RedisError ? undefined : error,
    );
  }
}

interface RawEntry {
  id: string;
  node: string;
  kind: string;
  body: Uint8Array | null;
}

/** The entries in the answer to XREADGROUP. One that was trimmed meanwhile has no fields. */
function entriesOf(reply: RedisReply): RawEntry[] {
  const stream = Array.isArray(reply) ? reply[0] : null;
  const list = Array.isArray(stream) ? stream[1] : null;
  if (!Array.isArray(list)) return [];
  return list.map((item) => {
    const [id, fields] = item as [RedisReply, RedisReply];
    const map = new Map<string, RedisReply>();
    if (Array.isArray(fields)) {
      for (let i = 0; i + 1 < fields.length; i += 2) map.set(String(fields[i]), fields[i + 1]!);
    }
    const body = map.get("b");
    return {
      id: String(id),
      node: String(map.get("n") ?? ""),
      kind: String(map.get("k") ?? ""),
      body: body instanceof Uint8Array ? body : null,
    };
  });
}
