/**
 * Events on their way to one master above.
 * @module
 */
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { Data, DataMap } from "../../types/mod.ts";

const log = getLogger("saltx.syndic");

/** Events kept while the master above is away; the oldest go. */
const MOST_WAITING = 10_000;

/** Events of one request. */
const BATCH = 500;

/** Sends events in order, many at a time. */
export class EventQueue {
  readonly #id: string;
  readonly #send: (load: DataMap) => Promise<Data>;
  #waiting: DataMap[] = [];
  #lost = 0;
  #sending = false;

  /** @param id Of the syndic. */
  constructor(id: string, send: (load: DataMap) => Promise<Data>) {
    this.#id = id;
    this.#send = send;
  }

  add(tag: string, data: DataMap): void {
    this.#waiting.push({ tag, data });
    if (this.#waiting.length <= MOST_WAITING) return;
    this.#waiting.shift();
    this.#lost += 1;
    if (this.#lost === 1) {
      log.warning(
        `More than ${MOST_WAITING} events wait for the master above: the oldest are lost`,
      );
    }
  }

  /** Sends what waits. What fails is kept for the next time. */
  flush(): void {
    if (this.#sending || this.#waiting.length === 0) return;
    this.#sending = true;
    this.#sendAll().catch((error) => {
      log.info(`Events could not be sent to the master above: ${messageOf(error)}`);
    }).finally(() => this.#sending = false);
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const events = this.#waiting.splice(0, BATCH);
      const load = { cmd: "_minion_event", id: this.#id, pretag: `syndic/${this.#id}`, events };
      try {
        await this.#send(load);
      } catch (error) {
        this.#waiting = [...events, ...this.#waiting].slice(-MOST_WAITING);
        throw error;
      }
    }
    if (this.#lost > 0) {
      log.warning(`${this.#lost} events were lost while the master above was away`);
    }
    this.#lost = 0;
  }
}
