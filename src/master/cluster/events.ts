/**
 * Events that one master's bus sees come to the buses of all, marked with `__peer_id` as in Salt's own
 * clusters: who reacts to events passes those over, so that it is done once.
 * (`salt/channel/server.py:MasterPubServerChannel`, `salt/utils/event.py:ReactWrap`)
 * @module
 */
import type { DataMap, SaltEvent } from "../../types/mod.ts";
import { Backlog } from "./backlog.ts";
import type { ClusterLink, Concern, Entry } from "./link.ts";

/** Told in another way, or of one master alone. */
const OWN = [
  /^salt\/key$/,
  /^key$/,
  /^saltx\//,
  /^salt\/presence\//,
  /^salt\/queue\//,
  /^salt\/job\/[^/]+\/ret\//,
  /^\d{20}(_.*)?$/,
];

/** What it works with. */
export interface SharedEventsParts {
  link: ClusterLink;
  fire(tag: string, data: DataMap): void;
}

/** One master's part in the events of all. */
export class SharedEvents implements Concern {
  readonly #parts: SharedEventsParts;
  readonly #backlog: Backlog;

  constructor(parts: SharedEventsParts) {
    this.#parts = parts;
    this.#backlog = new Backlog(parts.link, "event", { items: 10_000, ms: 300_000 });
  }

  /** An event came over this master's bus. */
  seen({ tag, data }: SaltEvent): void {
    if ("__peer_id" in data || OWN.some((pattern) => pattern.test(tag))) return;
    this.#backlog.add({ tag, data });
  }

  tell(): Promise<void> {
    return this.#backlog.tell();
  }

  hear(entries: readonly Entry[]): void {
    for (const { node, body: { tag, data } } of entries) {
      if (typeof tag !== "string" || data === null || typeof data !== "object") continue;
      this.#parts.fire(tag, { ...data as DataMap, __peer_id: node });
    }
  }
}
