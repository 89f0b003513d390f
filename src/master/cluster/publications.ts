/**
 * What one master publishes, all publish: each to the minions that hang on it, under its own signature.
 * @module
 */
import type { JobCache } from "../../cache/mod.ts";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { isValidJid } from "../../text/jid.ts";
import { type Data, type DataMap, isMap, type PublishLoad } from "../../types/mod.ts";
import { Backlog } from "./backlog.ts";
import type { ClusterLink, Concern, Entry } from "./link.ts";

const log = getLogger("saltx.cluster");

/** ms after which a publication is not sent any more: nobody waits for it. */
const MAX_AGE = 60_000;

/** ms that one waits for Redis. */
const PATIENCE = 15_000;

/** Jids that are remembered as published. */
const MAX_JIDS = 20_000;

/** What it works with. */
export interface SharedPublicationsParts {
  link: ClusterLink;
  jobs: Pick<JobCache, "load" | "saveLoad">;
  /** Publishes here, once this master has come so far. */
  started: Promise<{ publish(load: DataMap, minions: string[]): void }>;
  now?: () => number;
}

/** One master's part in the publications of all. */
export class SharedPublications implements Concern {
  readonly #parts: SharedPublicationsParts;
  readonly #backlog: Backlog;
  readonly #now: () => number;
  /** Published here already. */
  readonly #jids = new Set<string>();

  constructor(parts: SharedPublicationsParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
    this.#backlog = new Backlog(parts.link, "pub", { items: 1000, ms: PATIENCE }, ({ load }) => {
      const jid = isMap(load) ? load["jid"] : "";
      log.warning(
        `Job ${jid} went only to the minions of this master: Redis was not there in time`,
      );
    });
  }

  /** This master has published. */
  published(load: DataMap, minions: readonly string[]): void {
    this.#remember(String(load["jid"]));
    this.#backlog.add({ load, minions: [...minions], at: this.#now() });
  }

  tell(): Promise<void> {
    return this.#backlog.tell();
  }

  async hear(entries: readonly Entry[]): Promise<void> {
    const { publish } = await this.#parts.started;
    for (const { body: { load, minions, at }, time } of entries) {
      if (!isMap(load) || typeof load["jid"] !== "string" || !isValidJid(load["jid"])) continue;
      const jid = load["jid"];
      // What was published here already does not go out again, whoever put it into Redis anew.
      if (this.#jids.has(jid)) continue;
      const age = this.#now() - Math.min(time, typeof at === "number" ? at : time);
      if (age > MAX_AGE) {
        log.warning(`Job ${jid} is ${Math.round(age / 1000)} s old; not published here`);
        continue;
      }
      this.#remember(jid);
      const ids = texts(minions);
      try {
        if (this.#parts.jobs.load(jid) === null) {
          this.#parts.jobs.saveLoad(load as unknown as PublishLoad, ids);
        }
      } catch (error) {
        log.error(`Job ${jid} of another master cannot be stored: ${messageOf(error)}`, error);
      }
      publish(load, ids);
    }
  }

  #remember(jid: string): void {
    this.#jids.add(jid);
    if (this.#jids.size <= MAX_JIDS) return;
    for (const oldest of this.#jids) {
      this.#jids.delete(oldest);
      break;
    }
  }
}

function texts(value: Data | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
