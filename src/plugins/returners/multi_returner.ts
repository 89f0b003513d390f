/** Several returners as one, those of the option `multi_returner`. (`salt/returners/multi_returner.py`) @module */
import type {
  OpenReturner,
  Returner,
  ReturnerContext,
  WriteHow,
} from "../../loader/returner_types.ts";
import type { DataMap } from "../../types/mod.ts";

/** The option with their names. */
const OPTION = "multi_returner";

class MultiReturner implements OpenReturner {
  readonly #ctx: ReturnerContext;

  constructor(ctx: ReturnerContext) {
    this.#ctx = ctx;
  }

  /** One after the other: one that is away holds the later ones up, and all get it in the end. */
  async returner(returns: readonly DataMap[], how: WriteHow): Promise<void> {
    for (const one of await this.#all()) await one.returner?.(returns, how);
  }

  async event_return(events: readonly DataMap[], how: WriteHow): Promise<void> {
    for (const one of await this.#all()) await one.event_return?.(events, how);
  }

  async save_load(jid: string, load: DataMap, minions: readonly string[] | null): Promise<void> {
    for (const one of await this.#all()) await one.save_load?.(jid, load, minions);
  }

  get_load(jid: string): Promise<DataMap> {
    return this.#merge((one) => one.get_load?.(jid));
  }

  get_jid(jid: string): Promise<DataMap> {
    return this.#merge((one) => one.get_jid?.(jid));
  }

  get_fun(fun: string): Promise<DataMap> {
    return this.#merge((one) => one.get_fun?.(fun));
  }

  get_jids(): Promise<DataMap> {
    return this.#merge((one) => one.get_jids?.());
  }

  async get_minions(): Promise<string[]> {
    const lists = [];
    for (const one of await this.#all()) lists.push(await one.get_minions?.() ?? []);
    return [...new Set(lists.flat())].sort();
  }

  async clean_old_jobs(): Promise<void> {
    for (const one of await this.#all()) await one.clean_old_jobs?.();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #all(): Promise<OpenReturner[]> {
    const names = [this.#ctx.option(OPTION) ?? []].flat().map(String);
    if (names.length === 0) throw new Error(`The option ${OPTION} names no returner`);
    if (names.includes(OPTION)) throw new Error(`The option ${OPTION} may not name itself`);
    return await Promise.all(names.map((name) => this.#ctx.returner(name)));
  }

  async #merge(read: (one: OpenReturner) => Promise<DataMap> | undefined): Promise<DataMap> {
    const found: DataMap = {};
    for (const one of await this.#all()) Object.assign(found, await read(one) ?? {});
    return found;
  }
}

/** The returner `multi_returner`. */
export const multiReturner: Returner = {
  name: "multi_returner",
  doc: "All returners that the option multi_returner names.",
  open: (ctx) => new MultiReturner(ctx),
};
