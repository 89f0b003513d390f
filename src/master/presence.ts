/**
 * Which minions hold a live subscription, as the publisher's socket sees it: each saltx minion, and
 * each real one under `zmq_filtering`, subscribes to a topic of its own.
 * @module
 */
import { minionTopic } from "../transport/zeromq/mod.ts";

/** Topics that are not yet assigned to an id, at most; more is a flood. */
const MAX_UNKNOWN = 100_000;

/** Present topics, and ids by topic. */
export class Presence {
  readonly #topics = new Set<string>();
  readonly #acceptedIds: () => string[];

  constructor(acceptedIds: () => string[]) {
    this.#acceptedIds = acceptedIds;
  }

  /** Takes what the publish server tells of a topic. */
  note(topic: string, present: boolean): void {
    if (topic.length !== 40) return;
    if (!present) this.#topics.delete(topic);
    else if (this.#topics.size < MAX_UNKNOWN) this.#topics.add(topic);
  }

  /** Accepted minions that are there now. */
  present(): string[] {
    return this.#acceptedIds().filter((id) => this.#topics.has(minionTopic(id)));
  }
}
