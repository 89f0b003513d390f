/**
 * Which minions hold a live subscription.
 *
 * Each saltx minion, and each real one under `zmq_filtering`, subscribes to a topic of its own, and the
 * publisher's socket tells when a topic gets its first subscriber and loses the last. A minion of saltx
 * counts once it has signed in to this master, too. Other real minions
 * are known as in Salt: their cached addresses against the peers of the publish port.
 * (`salt/utils/minions.py:CkMinions.connected_ids`)
 * @module
 */
import type { MinionDataCache } from "../cache/mod.ts";
import type { SharedSet } from "../channel/shared_set.ts";
import { minionTopic } from "../transport/zeromq/mod.ts";
import { connectedPeers } from "./tcp_peers.ts";

/** Topics of ids that were asked for; beyond it the memory starts anew. */
const MAX_TOPICS = 100_000;

/** Whether a minion is there; `unknown` where nothing tells. */
export type Presence = "present" | "absent" | "unknown";

/** Where the answer comes from. */
export interface PresenceParts {
  /** Topics with a subscriber, noted by the main thread. */
  topics: SharedSet;
  /** Ids that have signed in to this master. */
  signedIn: SharedSet;
  /** Topics of minions that are connected to other masters of a cluster. */
  elsewhere?: SharedSet | null;
  minions: MinionDataCache;
  publishPort: number;
}

/** Takes what the publish server tells of a topic. */
export function noteTopic(topics: SharedSet, topic: string, present: boolean): void {
  if (!/^[0-9a-f]{40}$/.test(topic)) return;
  if (present) topics.add(topic);
  else topics.remove(topic);
}

/** Answers for many ids at a time. */
export class PresenceCheck {
  readonly #parts: PresenceParts;
  readonly #topicOf = new Map<string, string>();

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  /** The presence of each id, in order. */
  of(ids: readonly string[]): Presence[] {
    let peers: Set<string> | null = null;
    return ids.map((id) => {
      const topic = this.#topic(id);
      if (this.#parts.elsewhere?.has(topic)) return "present";
      const subscribed = this.#parts.topics.has(topic);
      if (subscribed && this.#parts.signedIn.has(id)) return "present";
      const grains = this.#parts.minions.grains(id);
      // Those of saltx sign in as soon as they are back; others when the first command comes.
      if (subscribed && !(grains && "saltxversion" in grains)) return "present";
      if (grains === null) return "unknown";
      if ("saltxversion" in grains) return "absent";
      peers ??= connectedPeers(this.#parts.publishPort);
      return [grains["ipv4"], grains["ipv6"]].flat().some((ip) => peers!.has(String(ip)))
        ? "present"
        : "absent";
    });
  }

  #topic(id: string): string {
    const known = this.#topicOf.get(id);
    if (known !== undefined) return known;
    if (this.#topicOf.size >= MAX_TOPICS) this.#topicOf.clear();
    const topic = minionTopic(id);
    this.#topicOf.set(id, topic);
    return topic;
  }
}
