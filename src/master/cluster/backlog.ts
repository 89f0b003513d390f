/**
 * What is worth telling only while it is fresh: kept in memory, bounded by number and age.
 * @module
 */
import type { DataMap } from "../../types/mod.ts";
import type { ClusterLink } from "./link.ts";

/** Items told at once. */
const BATCH = 200;

interface Item {
  body: DataMap;
  at: number;
}

/** A queue of entries of one kind. */
export class Backlog {
  readonly #link: ClusterLink;
  readonly #kind: string;
  readonly #limits: { items: number; ms: number };
  readonly #onLost: (body: DataMap) => void;
  #items: Item[] = [];

  /** @param onLost gets what was not told in time, or found no room. */
  constructor(
    link: ClusterLink,
    kind: string,
    limits: { items: number; ms: number },
    onLost: (body: DataMap) => void = () => {},
  ) {
    this.#link = link;
    this.#kind = kind;
    this.#limits = limits;
    this.#onLost = onLost;
  }

  add(body: DataMap): void {
    this.#items.push({ body, at: performance.now() });
    if (this.#items.length > this.#limits.items) this.#onLost(this.#items.shift()!.body);
    this.#link.wake();
  }

  async tell(): Promise<void> {
    while (true) {
      this.#expire();
      const items = this.#items.slice(0, BATCH);
      if (items.length === 0) return;
      await this.#link.transaction(items.map(({ body }) => this.#link.entry(this.#kind, body)));
      const told = new Set(items);
      this.#items = this.#items.filter((item) => !told.has(item));
    }
  }

  #expire(): void {
    const oldest = performance.now() - this.#limits.ms;
    while (this.#items[0] && this.#items[0].at < oldest) this.#onLost(this.#items.shift()!.body);
  }
}
