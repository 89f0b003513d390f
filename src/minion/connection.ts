/**
 * A minion's side of one master, or of several that stand in for each other, for as long as the minion
 * runs: sessions one after the other, the event bus, the pillar and the returns that belong to it.
 * (`salt/minion.py:MinionManager._connect_minion, Minion.tune_in`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { CommandExecutionError, messageOf } from "../errors.ts";
import type { BusAddress, EventBusServer } from "../event/mod.ts";
import { getLogger } from "../logging/mod.ts";
import type { MinionFacts } from "../plugins/matchers/mod.ts";
import type { Data, DataMap, ReturnLoad, Target } from "../types/mod.ts";
import { aborted } from "./aborted.ts";
import { Attempts } from "./attempts.ts";
import { awaitBack } from "./await_back.ts";
import { Backoff } from "./backoff.ts";
import { awaitMaster } from "./failback.ts";
import { FormerSession } from "./former_session.ts";
import type { JobOrigin, JobRunner } from "./jobs.ts";
import type { JobJournal } from "./journal.ts";
import { LinkNews } from "./link_news.ts";
import { handleLocalEvent, LOCAL_TAGS, type LocalActions } from "./local_events.ts";
import { MasterChoice } from "./master_choice.ts";
import { localActionsOf, type ServedConnection, servicesOf } from "./master_services.ts";
import type { NamedMaster } from "./masters.ts";
import { fetchPillar } from "./pillar_request.ts";
import { checkPublication, isForMe } from "./publication.ts";
import { ReturnSender } from "./returns.ts";
import { Session, type SessionListener, type SessionParts } from "./session.ts";
import { eventLoad, startEvents } from "./start_event.ts";
import { startTimers } from "./timers.ts";
import type { Timed } from "./timed.ts";
import type { World } from "./world.ts";

const log = getLogger("saltx.minion");

/** What a connection works with; all but the address is shared with those to other masters. */
export interface ConnectionParts extends SessionParts {
  opts: MinionOpts;
  world: World;
  jobs: JobRunner;
  journal: () => JobJournal;
  /** Resolves when the journal may be used. */
  opened(): Promise<void>;
  matches(target: Target, facts: MinionFacts): boolean;
  startBus(address: BusAddress, opts: MinionOpts): Promise<EventBusServer>;
  environment: Pick<LocalActions, "setEnvironment" | "environment">;
  manage: Timed["manage"];
  /** The pillar was fetched. */
  pillarChanged(): void;
}

/** Why a session ends: the first master is back. */
class FailBack extends Error {
  override name = "FailBack";
}

/** A master, and what this minion has to do with it. */
export class MasterConnection implements SessionListener, ServedConnection {
  readonly services;
  readonly #choice: MasterChoice;
  readonly #attempts: Attempts;
  readonly #parts: ConnectionParts;
  readonly #bus: EventBusServer;
  readonly #stop = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #returns: ReturnSender;
  readonly #link: LinkNews;
  readonly #former: FormerSession;
  #opts: MinionOpts;
  #session: Session | null = null;
  #pillar: DataMap = {};
  /** Whether the master was told of the start once. */
  #announced = false;
  /** Whether a sign-in follows a link that was lost. */
  #returning = false;
  #quiet = false;

  private constructor(
    masters: readonly NamedMaster[],
    parts: ConnectionParts,
    bus: EventBusServer,
  ) {
    this.#choice = new MasterChoice(masters);
    this.#attempts = new Attempts(this.#choice, parts.opts.master_tries);
    this.#parts = parts;
    this.#bus = bus;
    this.#link = new LinkNews((tag, data) => bus.fire(tag, data));
    this.#former = new FormerSession(parts.clock, this.#stop.signal);
    this.#opts = { ...parts.opts, master: this.name };
    this.#returns = new ReturnSender(this.#choice.names, parts.opts, {
      journal: parts.journal,
      send: (load, options, master) => this.#channelTo(master).request(load, options),
      clock: parts.clock,
    });
    this.services = servicesOf(this, parts);
    this.#ready.promise.catch(() => {});
    for (const tag of LOCAL_TAGS) {
      bus.onEvent(tag, (event) => void handleLocalEvent(event, localActionsOf(this, parts)));
    }
  }

  /** Opens the event bus. Nothing is said to the master before {@linkcode MasterConnection.run}. */
  static async open(
    masters: readonly NamedMaster[],
    address: BusAddress,
    parts: ConnectionParts,
  ): Promise<MasterConnection> {
    const bus = await parts.startBus(address, parts.opts);
    parts.transport.lane?.(bus);
    return new MasterConnection(masters, parts, bus);
  }

  /** Of the master that it is connected to, or tries to be. */
  get name(): string {
    return this.#choice.current.name;
  }

  get opts(): MinionOpts {
    return this.#opts;
  }

  get pillar(): DataMap {
    return this.#pillar;
  }

  /** Whether commands of this master arrive. */
  get connected(): boolean {
    return this.#link.connected;
  }

  /** Resolves when the master was reached for the first time; rejects when it never will be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Where jobs of the current master come from. */
  get origin(): JobOrigin {
    return this.#originOf(this.#opts, this.name);
  }

  /**
   * Connects, and connects again whenever that is needed, until stopped.
   * @throws AuthenticationError when the master refuses for good, or all of several do.
   */
  async run(): Promise<void> {
    const { clock, opts } = this.#parts;
    const { signal } = this.#stop;
    const wait = opts.acceptance_wait_time * 1000;
    const backoff = new Backoff(
      wait,
      Math.max(wait, opts.acceptance_wait_time_max * 1000),
      () => clock.random(),
    );
    startTimers(opts, clock, signal, {
      connected: () => this.#link.connected,
      ping: () => this.#ping(),
      refreshGrains: async () => {
        if (await this.#parts.world.refreshGrains()) await this.refreshPillar();
      },
    });
    while (!signal.aborted) {
      try {
        await this.#runSession(() => backoff.reset());
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof FailBack) this.#choice.failBack();
        else if (this.#failed(error)) await this.#pause(backoff.next(), error).catch(() => {});
      }
    }
  }

  /** Takes no more publications; returns can still be sent. */
  quiesce(): void {
    this.#quiet = true;
    this.#session?.closeSubscription();
  }

  /** Sends what is under way for at most `ms`, then closes all. */
  async close(ms: number): Promise<void> {
    await this.#returns.drain(ms);
    this.#returns.close();
    this.#stop.abort(new Error("The minion stops"));
    this.#session?.close();
    this.#former.close();
    await this.#bus.close();
  }

  onLost(session: Session): void {
    if (session === this.#session) this.#tellLost();
  }

  onBack(session: Session): void {
    if (session !== this.#session) return;
    void this.#comeBack(session);
  }

  onRekey(session: Session): void {
    log.info(`Master ${this.name} has a new session key`);
    if (session !== this.#session || !this.#returning || !this.#announced) return;
    this.#announce().catch((error) => log.info(`The start event failed: ${messageOf(error)}`));
  }

  /** Fetches the pillar anew. */
  async refreshPillar(cleanCache = false): Promise<void> {
    this.#pillar = await this.#fetchPillar(this.channel(), cleanCache);
    this.#parts.pillarChanged();
  }

  channel(): Session["channel"] {
    if (this.#session) return this.#session.channel;
    throw new CommandExecutionError(`There is no connection to master ${this.name}`);
  }

  sendReturn(load: ReturnLoad): void {
    this.#returns.deliver(load, null, true, this.name);
  }

  fireLocal(tag: string, data: DataMap): void {
    this.#bus.fire(tag, data);
  }

  masterLost(master: string): void {
    const session = this.#session;
    if (!session?.isUp || this.#former.is(session) || master !== this.name) return;
    session.close(new Error("an event says that it is gone"));
  }

  masterBack(master: string): void {
    const { first, current } = this.#choice;
    if (master !== first.name || current === first || !this.#session) return;
    log.info(`Going back to master ${master}`);
    this.#former.retire(this.#session);
  }

  async #pause(ms: number, error: unknown): Promise<void> {
    const { clock, resolver } = this.#parts;
    const { signal } = this.#stop;
    // Of several that stand in for each other, no single one is waited for.
    if (this.#choice.hasOthers) return await clock.sleep(ms, signal);
    const { current: master } = this.#choice;
    await awaitBack(ms, { opts: this.#opts, master, error, resolver, clock, signal });
  }

  /** @returns whether to wait before the next session. @throws when there is to be none. */
  #failed(error: unknown): boolean {
    try {
      return this.#attempts.failed(error);
    } catch (refusal) {
      this.#ready.reject(refusal);
      throw refusal;
    }
  }

  /** One session from sign-in to its end. */
  async #runSession(whenReady: () => void): Promise<void> {
    const { signal } = this.#stop;
    const { current: master, hasOthers: alternatives } = this.#choice;
    const how = { signal, alternatives };
    const session = await Session.open(this.#parts.opts, master, this.#parts, this, how);
    this.#session = session;
    this.#opts = session.opts;
    try {
      signal.throwIfAborted();
      const prepared = this.#prepare(session);
      prepared.catch((error) => session.close(error));
      await this.#receive(
        session,
        prepared.then(() => {
          this.#attempts.worked();
          whenReady();
        }),
      );
      if (this.#quiet) await aborted(signal);
      if (this.#former.is(session)) throw new FailBack();
      if (!signal.aborted) throw session.over.reason ?? new Error("the subscription ended");
    } finally {
      if (this.#former.is(session)) this.#link.down();
      else session.close();
      this.#tellLost();
      this.#session = null;
    }
  }

  /** What must be there before the first job runs. */
  async #prepare(session: Session): Promise<void> {
    const [pillar] = await Promise.all([
      this.#parts.world.ready().then(() => this.#fetchPillar(session.channel, false)),
      session.up(),
      this.#parts.opened(),
    ]);
    this.#pillar = pillar;
    this.#parts.pillarChanged();
    this.#link.up();
    await this.#announce();
    this.#announced = true;
    log.info("Minion is ready to receive requests!");
    this.#link.found(session.master);
    this.#ready.resolve();
    this.#returns.flush();
    if (this.#choice.current !== this.#choice.first) this.#watchFirst(session);
  }

  async #receive(session: Session, prepared: Promise<void>): Promise<void> {
    const { jobs, matches, world, opts } = this.#parts;
    const origin = this.#originOf(session.opts, session.master);
    // Its failure ends the session, whether or not a publication waits for it.
    prepared.catch(() => {});
    for await (const publication of session.publications()) {
      const load = checkPublication(publication);
      if (!load) continue;
      await prepared;
      const facts: MinionFacts = { id: opts.id, grains: world.grains, pillar: this.#pillar };
      if (isForMe(load, facts, matches)) jobs.submit(load, origin);
    }
  }

  /** Signs in before a command needs it: a master that was restarted has another session key. */
  async #comeBack(session: Session): Promise<void> {
    this.#returning = true;
    try {
      await session.channel.signIn(session.over);
    } catch (error) {
      return session.close(error);
    } finally {
      this.#returning = false;
    }
    if (session !== this.#session || !session.isUp) return;
    this.#link.up();
    log.info(`Connection to master ${this.name} re-established`);
    this.#link.found(session.master);
    this.#returns.flush();
  }

  #tellLost(): void {
    this.#link.lost(this.name, this.#quiet || this.#stop.signal.aborted);
  }

  /** Tells the bus when the first master is there again; that brings the minion back to it. */
  #watchFirst(session: Session): void {
    const { opts } = this.#parts;
    if (!opts.master_failback) return;
    const { first } = this.#choice;
    const signal = AbortSignal.any([session.over, this.#stop.signal]);
    awaitMaster(opts, first, this.#parts, signal).then(
      () => this.#bus.fire("__master_failback", { master: first.name }),
      () => {},
    );
  }

  async #announce(): Promise<void> {
    const { clock, world } = this.#parts;
    for (const load of startEvents(this.#opts, world.grains, clock.now())) await this.ask(load);
  }

  #fetchPillar(channel: Session["channel"], cleanCache: boolean): Promise<DataMap> {
    const { opts, world } = this.#parts;
    return fetchPillar(channel, opts, world.grains, cleanCache);
  }

  /** The way to a master; where there is none, that to the one which stands in for it. */
  #channelTo(master: string): Session["channel"] {
    const former = this.#session?.master === master ? undefined : this.#former.channelTo(master);
    return former ?? this.channel();
  }

  #originOf(opts: MinionOpts, name: string): JobOrigin {
    const pillar = () => this.#pillar;
    return {
      name,
      opts,
      get pillar() {
        return pillar();
      },
      services: this.services,
      deliver: (load, entry, keep) => this.#returns.deliver(load, entry, keep, name),
    };
  }

  /** A request with the times and tries of returns. */
  ask(load: DataMap): Promise<Data> {
    const { return_retry_timer_max, return_retry_timer, return_retry_tries } = this.#parts.opts;
    const seconds = Math.max(1, return_retry_timer_max, return_retry_timer);
    return this.channel().request(load, { timeoutMs: seconds * 1000, tries: return_retry_tries });
  }

  async #ping(): Promise<void> {
    try {
      await this.ask(eventLoad(this.#opts.id, { data: "ping", tag: "minion_ping" }));
    } catch (error) {
      log.error(`Master ${this.name} did not answer a ping; connecting anew`);
      this.#session?.close(error);
    }
  }
}
