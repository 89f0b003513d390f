/**
 * Connections of a returner by their settings: `--return_config` and `--return_kwargs` may name other
 * servers than the options do.
 * @module
 */
import type { Data } from "../../types/mod.ts";
import { dumpJson } from "../../serializers/json_dump.ts";

/** Connections that stay open at once. */
const MOST = 8;

/** Opens each connection once and closes the one that was not used for longest when there are many. */
export class Connections<C> {
  readonly #open: (settings: Data) => Promise<C>;
  readonly #close: (connection: C) => Promise<void> | void;
  readonly #held = new Map<string, Promise<C>>();

  constructor(
    open: (settings: Data) => Promise<C>,
    close: (connection: C) => Promise<void> | void,
  ) {
    this.#open = open;
    this.#close = close;
  }

  /** The connection with these settings. One that could not be opened is tried anew the next time. */
  async get(settings: Data): Promise<C> {
    const key = dumpJson(settings, { sortKeys: true });
    let held = this.#held.get(key);
    this.#held.delete(key);
    held ??= this.#open(settings);
    this.#held.set(key, held);
    for (const [oldest, connection] of this.#held) {
      if (this.#held.size <= MOST) break;
      this.#held.delete(oldest);
      void connection.then(this.#close).catch(() => {});
    }
    try {
      return await held;
    } catch (error) {
      if (this.#held.get(key) === held) this.#held.delete(key);
      throw error;
    }
  }

  /** Closes a connection that is broken; the next use opens another one. */
  drop(settings: Data): void {
    const key = dumpJson(settings, { sortKeys: true });
    const held = this.#held.get(key);
    this.#held.delete(key);
    void held?.then(this.#close).catch(() => {});
  }

  async close(): Promise<void> {
    const all = [...this.#held.values()];
    this.#held.clear();
    await Promise.allSettled(all.map(async (held) => this.#close(await held)));
  }
}

/** Groups items that share settings, in the order in which they came. */
export function groupBy<T>(items: readonly T[], settings: (item: T) => Data): [Data, T[]][] {
  const groups = new Map<string, [Data, T[]]>();
  for (const item of items) {
    const value = settings(item);
    const key = dumpJson(value, { sortKeys: true });
    const group = groups.get(key);
    if (group) group[1].push(item);
    else groups.set(key, [value, [item]]);
  }
  return [...groups.values()];
}
