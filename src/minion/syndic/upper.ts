/**
 * A syndic's connection to one master above. (`salt/minion.py:Syndic, SyndicManager._connect_syndic`)
 * @module
 */
import type { MinionOpts } from "../../config/mod.ts";
import { AuthenticationError, EX, messageOf, SaltClientError } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import type { Data, DataMap, PublishLoad } from "../../types/mod.ts";
import { Backoff } from "../backoff.ts";
import type { NamedMaster } from "../masters.ts";
import { checkPublication } from "../publication.ts";
import { Session, type SessionListener, type SessionParts } from "../session.ts";
import { asctime, eventLoad } from "../start_event.ts";

const log = getLogger("saltx.syndic");

/** Exit codes with which a refusal is final. */
const FATAL: readonly number[] = [EX.NOPERM, EX.MASTER_KEY];

/** Everything, whether or not the master above filters (`zmq_filtering`). */
export const SYNDIC_TOPICS = ["", "syndic"];

/** What it tells its syndic. */
export interface UpperListener {
  /** A job came down. */
  onJob(load: PublishLoad, from: UpperMaster): void;
  /** It can be sent to again. */
  onConnected(from: UpperMaster): void;
}

/** One master above. */
export class UpperMaster implements SessionListener {
  readonly name: string;
  readonly #master: NamedMaster;
  readonly #opts: MinionOpts;
  readonly #parts: SessionParts;
  readonly #listener: UpperListener;
  readonly #stop = new AbortController();
  #session: Session | null = null;

  constructor(
    master: NamedMaster,
    opts: MinionOpts,
    parts: SessionParts,
    listener: UpperListener,
  ) {
    this.name = master.name;
    this.#master = master;
    this.#opts = opts;
    this.#parts = { ...parts, topics: SYNDIC_TOPICS };
    this.#listener = listener;
  }

  /** Whether jobs of it arrive. */
  get connected(): boolean {
    return this.#session?.isUp ?? false;
  }

  /** @throws SaltClientError while there is no connection, and what requests reject with. */
  async request(load: DataMap, options: { timeoutMs: number; tries: number }): Promise<Data> {
    if (this.#session) return await this.#session.channel.request(load, options);
    throw new SaltClientError(`There is no connection to the master above, ${this.name}`);
  }

  /**
   * Connects, and connects again whenever that is needed, until closed.
   * @throws AuthenticationError when the master refuses for good.
   */
  async run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    const wait = this.#opts.acceptance_wait_time * 1000;
    const most = Math.max(wait, this.#opts.acceptance_wait_time_max * 1000);
    const backoff = new Backoff(wait, most, () => clock.random());
    while (!signal.aborted) {
      try {
        await this.#runSession(() => backoff.reset());
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AuthenticationError && FATAL.includes(error.exitCode)) throw error;
        log.error(
          `Error while bringing up syndic for multi-syndic. Is the master at ${this.name} ` +
            `responding? The error message was ${messageOf(error)}`,
        );
        await clock.sleep(backoff.next(), signal).catch(() => {});
      }
    }
  }

  close(): void {
    this.#stop.abort(new Error("The syndic stops"));
    this.#session?.close();
  }

  onLost(session: Session): void {
    if (session === this.#session) log.warning(`Connection to the master above ${this.name} lost`);
  }

  onBack(session: Session): void {
    // Signs in before a job needs it: a master that was restarted has another session key.
    session.channel.signIn(session.over).then(
      () => this.#announce(),
      (error) => session.close(error),
    ).catch((error) => log.info(`The start event failed: ${messageOf(error)}`));
  }

  onRekey(): void {
    log.info(`The master above ${this.name} has a new session key`);
  }

  async #runSession(whenReady: () => void): Promise<void> {
    const { signal } = this.#stop;
    const how = { signal, alternatives: false };
    const session = await Session.open(this.#opts, this.#master, this.#parts, this, how);
    this.#session = session;
    try {
      const announced = session.up().then(() => this.#announce()).then(whenReady);
      announced.catch((error) => session.close(error));
      for await (const publication of session.publications()) {
        const load = checkPublication(publication);
        if (load) this.#listener.onJob(load, this);
      }
      if (!signal.aborted) throw session.over.reason ?? new Error("the subscription ended");
    } finally {
      this.#session = null;
      session.close();
    }
  }

  /** (`salt/minion.py:Syndic.fire_master_syndic_start`) */
  async #announce(): Promise<void> {
    const { id, enable_legacy_startup_events: legacy } = this.#opts;
    const data = `Syndic ${id} started at ${asctime(this.#parts.clock.now())}`;
    const tags = [...(legacy ? ["syndic_start"] : []), `salt/syndic/${id}/start`];
    const seconds = Math.max(1, this.#opts.return_retry_timer_max, this.#opts.return_retry_timer);
    for (const tag of tags) {
      const options = { timeoutMs: seconds * 1000, tries: this.#opts.return_retry_tries };
      await this.request(eventLoad(id, { data, tag }), options);
    }
    log.info(`Syndic successfully connected to ${this.name}`);
    this.#listener.onConnected(this);
  }
}
