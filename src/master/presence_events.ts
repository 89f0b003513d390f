/**
 * Tells the event bus who is connected (`presence_events`): in each housekeeping round, and soon after
 * somebody came or went. (`salt/master.py:Maintenance.handle_presence`)
 * @module
 */
import type { DataMap } from "../types/mod.ts";
import type { Presence } from "./presence.ts";

/** ms after a change until it is told: many that come at once are told together. */
const GATHER = 1000;

/** What it asks and tells. */
export interface PresenceEventsParts {
  /** Accepted minions. */
  ids(): string[];
  presence: { of(ids: readonly string[]): Presence[] };
  fire(tag: string, data: DataMap): void;
  later?: (ms: number, work: () => void) => () => void;
}

/** Compares who is there with who was. */
export class PresenceEvents {
  readonly #parts: PresenceEventsParts;
  readonly #later: (ms: number, work: () => void) => () => void;
  #present: ReadonlySet<string> = new Set();
  #stop: (() => void) | null = null;

  constructor(parts: PresenceEventsParts) {
    this.#parts = parts;
    this.#later = parts.later ?? laterByTimer;
  }

  /** Somebody came or went. */
  changed(): void {
    this.#stop ??= this.#later(GATHER, () => {
      this.#stop = null;
      this.#look();
    });
  }

  /** Fires `salt/presence/change` if there is one, then `salt/presence/present`. */
  check(): void {
    this.#look();
    this.#parts.fire("salt/presence/present", { present: [...this.#present] });
  }

  close(): void {
    this.#stop?.();
  }

  #look(): void {
    const ids = this.#parts.ids().sort();
    const states = this.#parts.presence.of(ids);
    const now = new Set(ids.filter((_, i) => states[i] === "present"));
    const fresh = [...now].filter((id) => !this.#present.has(id));
    const lost = [...this.#present].filter((id) => !now.has(id));
    this.#present = now;
    if (fresh.length + lost.length > 0) {
      this.#parts.fire("salt/presence/change", { new: fresh, lost });
    }
  }
}

function laterByTimer(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  timer.unref?.();
  return () => clearTimeout(timer);
}
