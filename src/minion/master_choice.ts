/**
 * Which of its masters a connection is to use next. No I/O.
 * (`salt/minion.py:MinionBase.eval_master`)
 * @module
 */
import type { NamedMaster } from "./masters.ts";

/** The masters of one connection: one, or several that stand in for each other. */
export class MasterChoice {
  /** The one to be connected to when all are well. */
  readonly first: NamedMaster;
  /** Names of all. */
  readonly names: readonly string[];
  readonly #refusals = new Map<NamedMaster, unknown>();
  #order: readonly NamedMaster[];
  #tried = 0;

  /** @param order In the order in which they are to be tried; at least one. */
  constructor(order: readonly NamedMaster[]) {
    this.#order = order;
    this.first = order[0]!;
    this.names = order.map(({ name }) => name);
  }

  get current(): NamedMaster {
    return this.#order[0]!;
  }

  /** Whether there is another one to go to. */
  get hasOthers(): boolean {
    return this.#order.length > 1;
  }

  /** The current one took this minion. */
  worked(): void {
    this.#tried = 0;
    this.#refusals.clear();
  }

  /**
   * The current one does not do: it goes to the end of the list.
   * @param refusal Why it never will, if so.
   * @returns whether all have been tried since one of them worked.
   */
  failed(refusal?: unknown): boolean {
    const { current } = this;
    if (refusal === undefined) this.#refusals.delete(current);
    else this.#refusals.set(current, refusal);
    this.#order = [...this.#order.slice(1), current];
    this.#tried += 1;
    if (this.#tried < this.#order.length) return false;
    this.#tried = 0;
    return true;
  }

  /** Why none of them will ever do; undefined while one might. */
  get refusal(): unknown {
    if (this.#refusals.size < this.#order.length) return undefined;
    return this.#refusals.get(this.first);
  }

  /** The first one is next, then the others in the order they have. */
  failBack(): void {
    this.#order = [this.first, ...this.#order.filter((master) => master !== this.first)];
    this.#tried = 0;
  }
}
