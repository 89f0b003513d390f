/**
 * Chooses the events that returners store, and gathers them. (`salt/utils/event.py:EventReturn`)
 * @module
 */
import { compileGlob } from "../text/glob.ts";
import type { DataMap, SaltEvent } from "../types/mod.ts";

/** The options. */
export interface EventReturnOpts {
  /** Events that are stored together; 0: each at once. */
  readonly event_return_queue: number;
  /** s after which they are stored all the same; 0: never. */
  readonly event_return_queue_max_seconds?: number | undefined;
  readonly event_return_whitelist: readonly unknown[];
  readonly event_return_blacklist: readonly unknown[];
}

/** Gathers events. */
export class EventGatherer {
  readonly #opts: EventReturnOpts;
  readonly #store: (events: DataMap[]) => void;
  readonly #wanted: (tag: string) => boolean;
  #events: DataMap[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(opts: EventReturnOpts, store: (events: DataMap[]) => void) {
    this.#opts = opts;
    this.#store = store;
    this.#wanted = tagFilter(opts);
  }

  /** Takes an event. */
  add({ tag, data }: SaltEvent): void {
    if (!this.#wanted(tag)) return;
    this.#events.push({ tag, data });
    if (this.#events.length >= this.#opts.event_return_queue) return this.flush();
    const seconds = this.#opts.event_return_queue_max_seconds ?? 0;
    if (seconds > 0) this.#timer ??= setTimeout(() => this.flush(), seconds * 1000);
  }

  /** Stores what is there. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.#store(events);
  }
}

/** A black list counts more than a white one. */
function tagFilter(opts: EventReturnOpts): (tag: string) => boolean {
  const white = opts.event_return_whitelist.map((glob) => compileGlob(String(glob)));
  const black = opts.event_return_blacklist.map((glob) => compileGlob(String(glob)));
  return (tag) =>
    (white.length === 0 || white.some((fits) => fits(tag))) && !black.some((fits) => fits(tag));
}
