/**
 * Jobs that wait for minions, on every master: the one to which a minion comes back sends it what it
 * missed. What a queue tells its own bus is what the others are told.
 * @module
 */
import type { JobCache, QueueStore } from "../../cache/mod.ts";
import { isValidJid } from "../../text/jid.ts";
import { minionTopic } from "../../transport/zeromq/mod.ts";
import { type Data, type DataMap, isMap, type SaltEvent } from "../../types/mod.ts";
import { Backlog } from "./backlog.ts";
import type { ClusterLink, Concern, Entry } from "./link.ts";

/** What it works with. */
export interface SharedQueueParts {
  link: ClusterLink;
  store: Pick<QueueStore, "add" | "markSent" | "remove">;
  jobs: Pick<JobCache, "load">;
  fire(tag: string, data: DataMap): void;
}

/** One master's part in the queue of all. */
export class SharedQueue implements Concern {
  readonly #parts: SharedQueueParts;
  readonly #backlog: Backlog;

  constructor(parts: SharedQueueParts) {
    this.#parts = parts;
    this.#backlog = new Backlog(parts.link, "queue", { items: 10_000, ms: 3_600_000 });
  }

  /** An event came over this master's bus. */
  seen({ tag, data }: SaltEvent): void {
    if (!tag.startsWith("salt/queue/") || "__peer_id" in data) return;
    this.#backlog.add({ tag, data });
  }

  tell(): Promise<void> {
    return this.#backlog.tell();
  }

  hear(entries: readonly Entry[]): void {
    for (const { node, body: { tag, data } } of entries) {
      if (typeof tag !== "string" || !isMap(data)) continue;
      const [, , jid = "", what = ""] = tag.split("/");
      if (!isValidJid(jid)) continue;
      this.#note(jid, what, data);
      this.#parts.fire(tag, { ...data, __peer_id: node });
    }
  }

  #note(jid: string, what: string, data: DataMap): void {
    const { store, jobs } = this.#parts;
    const ids = texts(data["minions"]);
    if (what === "new") {
      const load = jobs.load(jid)?.load;
      const expires = Number(data["expires"]);
      if (!load || !Number.isFinite(expires)) return;
      store.add(load, ids.map((id) => ({ id, topic: minionTopic(id) })), expires);
    } else if (what === "sent") { for (const id of ids) store.markSent(jid, id); }
    else for (const id of ids) store.remove({ jid, id });
  }
}

function texts(value: Data | undefined): string[] {
  const list = Array.isArray(value) ? value : isMap(value) ? Object.keys(value) : [];
  return list.filter((item) => typeof item === "string");
}
