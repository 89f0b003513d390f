/**
 * A minion's side of one master, for as long as the minion runs: sessions one after the other, the
 * event bus, the pillar and the returns that belong to this master.
 * (`salt/minion.py:MinionManager._connect_minion, Minion.tune_in`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import { AuthenticationError, CommandExecutionError, EX, messageOf } from "../errors.ts";
import type { BusAddress, EventBusServer } from "../event/mod.ts";
import type { MinionServices } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import type { MinionFacts } from "../plugins/matchers/mod.ts";
import type { Data, DataMap, ReturnLoad, Target } from "../types/mod.ts";
import { Backoff } from "./backoff.ts";
import type { JobOrigin, JobRunner } from "./jobs.ts";
import type { JobJournal, JournalEntry } from "./journal.ts";
import { handleLocalEvent, LOCAL_TAGS, type LocalActions } from "./local_events.ts";
import type { NamedMaster } from "./masters.ts";
import { pillarRequest } from "./pillar_request.ts";
import { checkPublication, isForMe } from "./publication.ts";
import { ReturnSender } from "./returns.ts";
import { Session, type SessionListener, type SessionParts } from "./session.ts";
import { eventLoad, startEvents } from "./start_event.ts";
import type { World } from "./world.ts";

const log = getLogger("saltx.minion");

/** Exit codes with which a refusal ends a minion: trying again would not help. */
const FATAL: readonly number[] = [EX.NOPERM, EX.MASTER_KEY];

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
}

/** One master and what this minion has to do with it. */
export class MasterConnection implements JobOrigin, SessionListener {
  readonly name: string;
  readonly services: MinionServices;
  readonly #master: NamedMaster;
  readonly #parts: ConnectionParts;
  readonly #bus: EventBusServer;
  readonly #stop = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  readonly #returns: ReturnSender;
  #opts: MinionOpts;
  #session: Session | null = null;
  #pillar: DataMap = {};
  #connected = false;
  /** Whether the master was told of the start once. */
  #announced = false;
  /** Whether a sign-in follows a link that was lost. */
  #returning = false;
  #quiet = false;

  private constructor(master: NamedMaster, parts: ConnectionParts, bus: EventBusServer) {
    this.name = master.name;
    this.#master = master;
    this.#parts = parts;
    this.#bus = bus;
    this.#opts = { ...parts.opts, master: master.name };
    this.#returns = new ReturnSender(master.name, parts.opts, {
      journal: parts.journal,
      send: (load, options) => this.#channel().request(load, options),
      clock: parts.clock,
    });
    this.services = this.#makeServices();
    this.#ready.promise.catch(() => {});
    for (const tag of LOCAL_TAGS) {
      bus.onEvent(tag, (event) => void handleLocalEvent(event, this.#localActions()));
    }
  }

  /** Opens the event bus. Nothing is said to the master before {@linkcode MasterConnection.run}. */
  static async open(
    master: NamedMaster,
    address: BusAddress,
    parts: ConnectionParts,
  ): Promise<MasterConnection> {
    return new MasterConnection(master, parts, await parts.startBus(address, parts.opts));
  }

  get opts(): MinionOpts {
    return this.#opts;
  }

  get pillar(): DataMap {
    return this.#pillar;
  }

  /** Whether commands of this master arrive. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Resolves when the master was reached for the first time; rejects when it never will be. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  deliver(load: ReturnLoad, entry: JournalEntry | null, keep: boolean): void {
    this.#returns.deliver(load, entry, keep);
  }

  /**
   * Connects, and connects again whenever that is needed, until stopped.
   * @throws AuthenticationError when the master refuses for good.
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
    this.#startTimers();
    while (!signal.aborted) {
      try {
        await this.#runSession(() => backoff.reset());
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof AuthenticationError && FATAL.includes(error.exitCode)) {
          this.#ready.reject(error);
          throw error;
        }
        log.error(
          `Error while bringing up minion. Is master at ${this.name} responding? The error ` +
            `message was ${messageOf(error)}`,
          error instanceof AuthenticationError ? undefined : error,
        );
        await clock.sleep(backoff.next(), signal).catch(() => {});
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
    await this.#bus.close();
  }

  onLost(session: Session): void {
    if (session !== this.#session) return;
    this.#connected = false;
    log.warning(`Connection to master ${this.name} lost`);
    this.#bus.fire(`__master_disconnected/${this.name}`, { master: this.name });
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
    this.#pillar = await this.#fetchPillar(this.#channel(), cleanCache);
  }

  /** One session from sign-in to its end. */
  async #runSession(whenReady: () => void): Promise<void> {
    const { signal } = this.#stop;
    const session = await Session.open(this.#parts.opts, this.#master, this.#parts, this, signal);
    this.#session = session;
    this.#opts = session.opts;
    try {
      signal.throwIfAborted();
      const prepared = this.#prepare(session);
      prepared.catch((error) => session.close(error));
      await this.#receive(session, prepared.then(whenReady));
      if (this.#quiet) await aborted(signal);
      if (!signal.aborted) throw session.over.reason ?? new Error("the subscription ended");
    } finally {
      this.#connected = false;
      this.#session = null;
      session.close();
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
    this.#connected = true;
    await this.#announce();
    this.#announced = true;
    log.info("Minion is ready to receive requests!");
    this.#ready.resolve();
    this.#returns.flush();
  }

  async #receive(session: Session, prepared: Promise<void>): Promise<void> {
    const { jobs, matches, world, opts } = this.#parts;
    // Its failure ends the session, whether or not a publication waits for it.
    prepared.catch(() => {});
    for await (const publication of session.publications()) {
      const load = checkPublication(publication);
      if (!load) continue;
      await prepared;
      const facts: MinionFacts = { id: opts.id, grains: world.grains, pillar: this.#pillar };
      if (isForMe(load, facts, matches)) jobs.submit(load, this);
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
    this.#connected = true;
    log.info(`Connection to master ${this.name} re-established`);
    this.#bus.fire(`__master_connected/${this.name}`, { master: this.name });
    this.#returns.flush();
  }

  async #announce(): Promise<void> {
    const { clock, world } = this.#parts;
    for (const load of startEvents(this.#opts, world.grains, clock.now())) await this.#ask(load);
  }

  async #fetchPillar(channel: Session["channel"], cleanCache: boolean): Promise<DataMap> {
    const { opts, world } = this.#parts;
    const pillar = await channel.requestPillar(pillarRequest(opts, world.grains, { cleanCache }));
    const errors = pillar["_errors"];
    if (Array.isArray(errors) && errors.length > 0) {
      log.critical(`Pillar rendered with ${errors.length} errors; see the master's log`);
    }
    return pillar;
  }

  #channel(): Session["channel"] {
    if (this.#session) return this.#session.channel;
    throw new CommandExecutionError(`There is no connection to master ${this.name}`);
  }

  /** A request with the times and tries of returns. */
  #ask(load: DataMap): Promise<Data> {
    const { return_retry_timer_max, return_retry_timer, return_retry_tries } = this.#parts.opts;
    const seconds = Math.max(1, return_retry_timer_max, return_retry_timer);
    return this.#channel().request(load, { timeoutMs: seconds * 1000, tries: return_retry_tries });
  }

  /** What happens again and again, at Salt's intervals in minutes. */
  #startTimers(): void {
    const { ping_interval: ping, grains_refresh_every: refresh } = this.#parts.opts;
    void this.#every(ping, () => this.#ping());
    void this.#every(refresh, async () => {
      if (await this.#parts.world.refreshGrains()) await this.refreshPillar();
    });
  }

  async #every(minutes: number, work: () => Promise<unknown>): Promise<void> {
    const { signal } = this.#stop;
    while (minutes > 0 && !signal.aborted) {
      await this.#parts.clock.sleep(minutes * 60_000, signal).catch(() => {});
      if (signal.aborted || !this.#connected) continue;
      await work().catch((error) => log.warning(messageOf(error)));
    }
  }

  async #ping(): Promise<void> {
    try {
      await this.#ask(eventLoad(this.#opts.id, { data: "ping", tag: "minion_ping" }));
    } catch (error) {
      log.error(`Master ${this.name} did not answer a ping; connecting anew`);
      this.#session?.close(error);
    }
  }

  #makeServices(): MinionServices {
    const { jobs, world } = this.#parts;
    return {
      running: () => jobs.running(),
      refreshModules: async () => {
        await world.refreshModules();
        return true;
      },
      refreshGrains: async (pillar = "changed") => {
        const changed = await world.refreshGrains();
        if (pillar === "always" || (changed && pillar === "changed")) await this.refreshPillar();
        return true;
      },
      refreshPillar: async (cleanCache) => {
        await this.refreshPillar(cleanCache);
        return true;
      },
      requestPillar: (options) =>
        this.#channel().requestPillar(pillarRequest(this.#opts, world.grains, options)),
      request: (load) => this.#channel().request(load),
      fireLocal: (tag, data) => {
        this.#bus.fire(tag, data);
        return Promise.resolve(true);
      },
      fireMaster: async (tag, data) => {
        try {
          await this.#ask(eventLoad(this.#opts.id, { data, tag }));
          return true;
        } catch (error) {
          log.info(`fire_master failed: ${messageOf(error)}`);
          return false;
        }
      },
    };
  }

  #localActions(): LocalActions {
    const { world, environment } = this.#parts;
    const { id } = this.#opts;
    return {
      refreshModules: () => world.refreshModules(),
      refreshPillar: (cleanCache) => this.refreshPillar(cleanCache),
      refreshGrains: () => world.refreshGrains(),
      request: (load) => this.#ask({ id, ...load }),
      sendReturn: (load) =>
        this.deliver({ ...load, cmd: "_return", id } as unknown as ReturnLoad, null, true),
      fireLocal: (tag, data) => this.#bus.fire(tag, data),
      ...environment,
    };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
