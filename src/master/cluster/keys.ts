/**
 * Shares decisions on minions' keys. What happens in the key folders, whoever did it, is a decision
 * with a time; each master keeps the latest of all and puts its folders into that state.
 * @module
 */
import { Buffer } from "node:buffer";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { type DataMap, isMap } from "../../types/mod.ts";
import { HybridClock, isVersion, versionOf } from "./clock.ts";
import { holds, isSharedState, PUT_KEY } from "./key_decision.ts";
import { type KeyFolders, partsOf } from "./key_folders.ts";
import type { ClusterLink, Concern, Entry, Since } from "./link.ts";
import type { ClusterMemory, KeyRecord } from "./memory.ts";
import type { ClusterNames } from "./names.ts";

const log = getLogger("saltx.cluster");

/** Decisions told at once. */
const BATCH = 200;

/** What an event calls a state that was reached. */
const ACTS: Readonly<Record<string, string>> = {
  accepted: "accept",
  rejected: "reject",
  pending: "pend",
  denied: "denied",
  deleted: "delete",
};

/** What it works with. */
export interface SharedKeysParts {
  link: ClusterLink;
  names: ClusterNames;
  memory: ClusterMemory;
  folders: KeyFolders;
  fire(tag: string, data: DataMap): void;
  clock?: HybridClock;
}

/** One master's part in the keys of all. */
export class SharedKeys implements Concern {
  readonly #parts: SharedKeysParts;
  readonly #clock: HybridClock;
  readonly #known: Map<string, KeyRecord>;

  constructor(parts: SharedKeysParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? new HybridClock();
    this.#known = parts.memory.keys();
    for (const { version } of this.#known.values()) this.#clock.hear(version);
  }

  /** Looks into the folders, if they changed. True: there is something to tell. */
  look(): boolean {
    return this.#parts.folders.changed() && this.#scan();
  }

  async merge({ all }: Since): Promise<void> {
    const { link, memory, names } = this.#parts;
    this.#scan();
    if (all) memory.untellAll();
    const reply = await link.send("HGETALL", names.keys);
    const told: KeyRecord[] = [];
    const list = Array.isArray(reply) ? reply : [];
    for (let i = 0; i + 1 < list.length; i += 2) {
      const record = this.#recordOf(String(list[i]), list[i + 1] as Uint8Array);
      if (record) told.push(record);
    }
    this.#take(told);
  }

  async tell(): Promise<void> {
    const { link, memory, names } = this.#parts;
    while (true) {
      const records = memory.untold(BATCH);
      if (records.length === 0) return;
      const replies = await Promise.all(records.map((record) => {
        const { name, version, state, content } = record;
        const place = `${name} ${version} ${state}`;
        const text = content && Buffer.from(content).toString("base64");
        const sealed = link.sealed(names.keys, place, { content: text });
        const [, , ...entry] = link.entry("key", { name, version, state, content: text });
        return link.send(
          ...["EVAL", PUT_KEY, 2, names.keys, names.stream],
          ...[name, version, state, sealed, ...entry],
        );
      }));
      memory.told(records);
      const others = records.map((record, i) =>
        replies[i] instanceof Uint8Array ? this.#recordOf(record.name, replies[i]) : null
      );
      this.#take(others.filter((record) => record !== null));
    }
  }

  hear(entries: readonly Entry[]): void {
    const records = entries.map(({ body }) => recordOfBody(body)).filter((one) => one !== null);
    this.#take(records);
  }

  /** Notes what changed in the folders as decisions of now. */
  #scan(): boolean {
    const { folders, memory } = this.#parts;
    const first = this.#known.size === 0;
    const found = folders.read();
    const fresh: KeyRecord[] = [];
    for (const [name, { state, content, since }] of found) {
      const known = this.#known.get(name);
      if (known?.state === state && same(known.content, content)) continue;
      // Of keys from before this master was in a cluster, the time is that of their file.
      const version = first ? versionOf(since) : this.#clock.tick();
      fresh.push({ name, state, content, version });
    }
    for (const { name, state } of this.#known.values()) {
      if (state === "deleted" || found.has(name)) continue;
      fresh.push({ name, state: "deleted", content: null, version: this.#clock.tick() });
    }
    if (fresh.length === 0) return false;
    memory.keep(fresh, false);
    for (const record of fresh) this.#known.set(record.name, record);
    return true;
  }

  /** Puts decisions of others into force where they hold. */
  #take(records: readonly KeyRecord[]): void {
    if (records.length === 0) return;
    // What happened here meanwhile gets its time first.
    if (this.#parts.folders.changed()) this.#scan();
    const kept: KeyRecord[] = [];
    for (const record of records) {
      this.#clock.hear(record.version);
      const known = this.#known.get(record.name);
      if (known && !holds(record, known)) continue;
      if (this.#apply(record, known)) kept.push(record);
    }
    if (kept.length > 0) this.#parts.memory.keep(kept, true);
  }

  #apply(record: KeyRecord, known: KeyRecord | undefined): boolean {
    const { name, state, content } = record;
    const [kind, id] = partsOf(name);
    try {
      if (!this.#parts.folders.write(name, state, content)) {
        log.error(
          `The cluster's decision on key ${name.slice(0, 100)} makes no sense; passed over`,
        );
        return false;
      }
    } catch (error) {
      log.error(
        `The key of ${id} cannot become ${state}, as the cluster says: ${messageOf(error)}`,
      );
      return false;
    }
    this.#known.set(name, record);
    if (known?.state === state && same(known.content, content)) return true;
    log.info(`The key of ${id} (${kind}) is ${state}, as another master says`);
    this.#parts.fire("salt/key", { result: true, act: ACTS[state]!, id, __peer_id: "cluster" });
    return true;
  }

  #recordOf(name: string, value: Uint8Array): KeyRecord | null {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const first = bytes.indexOf(32);
    const second = bytes.indexOf(32, first + 1);
    if (first < 0 || second < 0) return null;
    const version = bytes.toString("latin1", 0, first);
    const state = bytes.toString("latin1", first + 1, second);
    const { link, names } = this.#parts;
    const place = `${name} ${version} ${state}`;
    const opened = link.opened(names.keys, place, bytes.subarray(second + 1));
    if (!isMap(opened)) return null;
    const content = opened["content"] ?? null;
    return recordOfBody({ name, version, state, content });
  }
}

/** A record as it travels: its content in base64. */
function recordOfBody(body: DataMap): KeyRecord | null {
  if (!isMap(body)) return null;
  const { name, state, version, content } = body;
  if (typeof name !== "string" || typeof version !== "string" || !isVersion(version)) return null;
  if (typeof state !== "string" || !isSharedState(state)) return null;
  if (state === "deleted") return { name, state, version, content: null };
  if (typeof content !== "string") return null;
  return { name, state, version, content: Buffer.from(content, "base64") };
}

function same(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === b || (a !== null && b !== null && Buffer.from(a).equals(b));
}
