/**
 * The returners that saltx has, and those in use.
 * @module
 */
import { LoaderError } from "../../errors.ts";
import { customFiles } from "../../loader/custom/files.ts";
import type { OpenReturner, Returner, ReturnerContext } from "../../loader/returner_types.ts";
import { getLogger } from "../../logging/mod.ts";

/** Each is loaded when it is first used: its file's name, and the name it is called by. */
const BUILT_IN: Readonly<Record<string, () => Promise<Returner>>> = {
  elasticsearch: async () => (await import("./elasticsearch_return.ts")).elasticsearchReturn,
  http: async () => (await import("./http_return.ts")).httpReturn,
  local: async () => (await import("./local.ts")).local,
  local_cache: async () => (await import("./local_cache.ts")).localCache,
  multi_returner: async () => (await import("./multi_returner.ts")).multiReturner,
  pgjsonb: async () => (await import("./pgjsonb.ts")).pgjsonb,
  postgres: async () => (await import("./postgres.ts")).postgres,
  rawfile_json: async () => (await import("./rawfile_json.ts")).rawfileJson,
  redis: async () => (await import("./redis_return.ts")).redisReturn,
  syslog: async () => (await import("./syslog_return.ts")).syslogReturn,
};

/** Files that Salt lets users name in place of what they serve. */
const FILES: Readonly<Record<string, string>> = {
  elasticsearch_return: "elasticsearch",
  redis_return: "redis",
  syslog_return: "syslog",
};

/** Names of the built-in returners, sorted. */
export const returnerNames: readonly string[] = Object.keys(BUILT_IN).sort();

/** The returners of one minion or master: each opened when it is first named. */
export class Returners {
  readonly #parts: Pick<ReturnerContext, "opts" | "option">;
  readonly #open = new Map<string, Promise<OpenReturner>>();

  constructor(parts: Pick<ReturnerContext, "opts" | "option">) {
    this.#parts = parts;
  }

  /** @throws LoaderError when there is none of this name, or an option keeps it from loading. */
  get(name: string): Promise<OpenReturner> {
    const known = FILES[name] ?? name;
    let opened = this.#open.get(known);
    if (!opened) {
      opened = this.#load(known);
      this.#open.set(known, opened);
      // A name that was wrong may be right after the next sync.
      opened.catch(() => this.#open.delete(known));
    }
    return opened;
  }

  /** Forgets what is open, for what was synced. */
  async reset(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.allSettled(all.map(async (opened) => (await opened).close()));
  }

  async #load(name: string): Promise<OpenReturner> {
    const { opts, option } = this.#parts;
    const disabled = opts["disable_returners"];
    if (Array.isArray(disabled) && disabled.includes(name)) {
      throw new LoaderError(`Returner ${name} could not be loaded: it is in disable_returners`);
    }
    const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined;
    // A user's own goes before a built-in one of its name.
    const returner = await usersReturner(opts, name) ?? await builtIn?.();
    if (!returner) {
      const known = returnerNames.join(", ");
      throw new LoaderError(
        `Returner ${name} could not be loaded: it is not available here. There are ${known}`,
      );
    }
    return returner.open({
      opts,
      option,
      log: getLogger(`saltx.returners.${name}`),
      returner: (other) => this.get(other),
    });
  }
}

async function usersReturner(opts: object, name: string): Promise<Returner | undefined> {
  if (customFiles(opts, "returners").length === 0) return undefined;
  const { customReturner } = await import("../../loader/custom/returners.ts");
  return await customReturner(opts, name);
}
