/**
 * Which minions are not connected, but should be in a moment: their link broke just now, their key was
 * just accepted, or the master has only started. What is published meanwhile is kept for them, and sent when they are back.
 * @module
 */
import type { SharedSet } from "../channel/shared_set.ts";
import { minionTopic } from "../transport/zeromq/mod.ts";

/** What the main thread notes and the workers read. */
export interface ReturningParts {
  /** Topics that lost their last subscriber within the window. */
  lost: SharedSet;
  /** ms since 1970 at which the master began to take connections. */
  startedAt: number;
  /** `reconnect_window`, in s. */
  window: number;
  now?: () => number;
}

/** Answers which minions are expected back. */
export class Returning {
  readonly #parts: ReturningParts;
  readonly #now: () => number;

  constructor(parts: ReturningParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  /** s for which a job is kept for them. */
  get window(): number {
    return this.#parts.window;
  }

  /** Of minions that are not connected, those that are expected back. */
  among(ids: readonly string[]): string[] {
    const { startedAt, window } = this.#parts;
    if (window <= 0 || ids.length === 0) return [];
    if (this.#now() - startedAt < window * 1000) return [...ids];
    return this.amongNew(ids);
  }

  /** Of minions that were never here, those that are expected as they were let in just now. */
  amongNew(ids: readonly string[]): string[] {
    return ids.filter((id) => this.#parts.lost.has(minionTopic(id)));
  }
}

/** Takes what the publish server tells of a topic, and who was let in just now, in the main thread. */
export class LostTopics {
  readonly #lost: SharedSet;
  readonly #ms: number;
  readonly #later: (ms: number, work: () => void) => void;
  /** By topic: a mark of the last loss. */
  readonly #losses = new Map<string, object>();

  /** @param window `reconnect_window`, in s. */
  constructor(
    lost: SharedSet,
    window: number,
    later: (ms: number, work: () => void) => void = laterByTimer,
  ) {
    this.#lost = lost;
    this.#ms = window * 1000;
    this.#later = later;
  }

  note(topic: string, present: boolean): void {
    if (this.#ms <= 0) return;
    if (present) {
      this.#losses.delete(topic);
      this.#lost.remove(topic);
      return;
    }
    this.expect(topic);
  }

  /** Somebody should subscribe to this topic within the window. */
  expect(topic: string): void {
    if (this.#ms <= 0) return;
    const loss = {};
    this.#losses.set(topic, loss);
    this.#lost.add(topic);
    this.#later(this.#ms, () => {
      if (this.#losses.get(topic) !== loss) return;
      this.#losses.delete(topic);
      this.#lost.remove(topic);
    });
  }
}

function laterByTimer(ms: number, work: () => void): void {
  setTimeout(work, ms).unref?.();
}
