/**
 * Which minions hang on which master, and which masters are alive. Each master says who is connected to
 * it; what a master said counts until it has been silent for too long.
 * @module
 */
import type { ClusterMember } from "../../cache/cluster_members.ts";
import type { SharedSet } from "../../channel/shared_set.ts";
import { getLogger } from "../../logging/mod.ts";
import { minionTopic } from "../../transport/zeromq/mod.ts";
import { isMap } from "../../types/mod.ts";
import type { ClusterLink, Concern, Entry } from "./link.ts";
import type { ClusterNames } from "./names.ts";

const log = getLogger("saltx.cluster");

/** ms between a master's signs of life, and after how many it counts as gone. */
const BEAT = 2000;
const ALIVE = 10_000;

/** ms after which a change is told: many that come at once are told together. */
const GATHER = 200;

/** ms after which a master that was not heard of is forgotten, with what it has not read. */
const FORGET = 7 * 86_400_000;

/** What it works with. */
export interface SharedPresenceParts {
  link: ClusterLink;
  names: ClusterNames;
  /** What other masters are told of this one. */
  about: { id: string; host: string; version: string };
  /** Is told of the masters of the cluster, every now and then. */
  seen(joined: boolean, members: ClusterMember[]): void;
  /** Minions that are connected here. */
  here(): string[];
  /** Topics of minions that are connected elsewhere: workers look into it. */
  elsewhere: SharedSet;
  /** Who is connected elsewhere has changed. */
  changed(): void;
}

/** One master's part in the presence of all. */
export class SharedPresence implements Concern {
  readonly #parts: SharedPresenceParts;
  readonly #timer: ReturnType<typeof setInterval>;
  /** By master: its minions. */
  readonly #there = new Map<string, Set<string>>();
  /** Ids noted in `elsewhere`. */
  #noted = new Set<string>();
  #told: string | null = null;
  #members: ClusterMember[] = [];
  #due = true;
  #gather: ReturnType<typeof setTimeout> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: SharedPresenceParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => {
      this.#due = true;
      if (parts.link.joined) parts.link.wake();
      else parts.seen(false, this.#members);
    }, BEAT);
  }

  /** Somebody came or went here. */
  changed(): void {
    this.#gather ??= setTimeout(() => {
      this.#gather = undefined;
      this.#due = true;
      this.#parts.link.wake();
    }, GATHER);
  }

  async merge(): Promise<void> {
    clearTimeout(this.#grace);
    this.#told = null;
    const { link, names } = this.#parts;
    const reply = await link.send("HGETALL", names.present);
    const list = Array.isArray(reply) ? reply : [];
    for (let i = 0; i + 1 < list.length; i += 2) {
      const node = String(list[i]);
      this.#note(node, link.opened(names.present, node, list[i + 1]));
    }
    await this.#beat();
  }

  async tell(): Promise<void> {
    if (!this.#due) return;
    this.#due = false;
    const { link, names } = this.#parts;
    const ids = this.#parts.here().sort();
    const text = ids.join("\n");
    if (text !== this.#told) {
      await link.transaction([
        ["HSET", names.present, link.node, link.sealed(names.present, link.node, { ids })],
        link.entry("present", { ids }),
      ]);
      this.#told = text;
    }
    await this.#beat();
  }

  hear(entries: readonly Entry[]): void {
    for (const { node, body } of entries) this.#note(node, body);
    this.#settle();
  }

  /** Redis is gone: for a while others are still believed to be where they were. */
  alone(): void {
    clearTimeout(this.#grace);
    this.#parts.seen(false, this.#members);
    this.#grace = setTimeout(() => {
      this.#there.clear();
      this.#settle();
    }, ALIVE);
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#gather);
    clearTimeout(this.#grace);
  }

  /** Says that this master is alive, by Redis's clock, and sees who is not. */
  async #beat(): Promise<void> {
    const { link, names, about } = this.#parts;
    const time = await link.send("TIME");
    const now = Array.isArray(time) ? Number(time[0]) * 1000 : Date.now();
    await link.send("ZADD", names.alive, now + ALIVE, link.node);
    await link.send("HSET", names.masters, link.node, link.sealed(names.masters, link.node, about));
    const reply = await link.send("ZRANGEBYSCORE", names.alive, "-inf", `(${now}`, "WITHSCORES");
    const gone = Array.isArray(reply) ? reply.map(String) : [];
    for (let i = 0; i + 1 < gone.length; i += 2) {
      const [node, score] = [gone[i]!, Number(gone[i + 1])];
      if (this.#there.delete(node)) log.warning(`Master ${node} of this cluster is silent`);
      if (score < now - FORGET) await this.#forget(node);
    }
    await this.#look(new Set(gone));
    this.#settle();
  }

  /** Sees who the masters are. */
  async #look(gone: ReadonlySet<string>): Promise<void> {
    const { link, names, seen, here } = this.#parts;
    const reply = await link.send("HGETALL", names.masters);
    const list = Array.isArray(reply) ? reply : [];
    const members: ClusterMember[] = [];
    for (let i = 0; i + 1 < list.length; i += 2) {
      const node = String(list[i]);
      const about = link.opened(names.masters, node, list[i + 1]);
      if (!isMap(about)) continue;
      members.push({
        id: String(about["id"]),
        host: String(about["host"]),
        version: String(about["version"]),
        alive: !gone.has(node),
        minions: node === link.node ? here().length : this.#there.get(node)?.size ?? 0,
      });
    }
    this.#members = members.sort((a, b) => a.id < b.id ? -1 : 1);
    seen(true, this.#members);
  }

  /** What it would still have to read keeps no memory in Redis for ever. */
  async #forget(node: string): Promise<void> {
    const { link, names } = this.#parts;
    log.info(`Master ${node} has been away for a week; the cluster forgets it`);
    await link.transaction([
      ["ZREM", names.alive, node],
      ["HDEL", names.masters, node],
      ["HDEL", names.present, node],
      ["XGROUP", "DESTROY", names.stream, node],
    ]);
  }

  #note(node: string, value: unknown): void {
    if (node === this.#parts.link.node || !isMap(value) || !Array.isArray(value["ids"])) return;
    this.#there.set(node, new Set(value["ids"].map(String)));
  }

  /** Brings the shared table in line with what the masters say. */
  #settle(): void {
    const now = new Set([...this.#there.values()].flatMap((ids) => [...ids]));
    let changed = false;
    for (const id of this.#noted) {
      if (now.has(id)) continue;
      this.#parts.elsewhere.remove(minionTopic(id));
      changed = true;
    }
    for (const id of now) {
      if (this.#noted.has(id)) continue;
      this.#parts.elsewhere.add(minionTopic(id));
      changed = true;
    }
    this.#noted = now;
    if (changed) this.#parts.changed();
  }
}
