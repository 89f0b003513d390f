/**
 * Links a master to masters above it: takes their jobs down, brings returns and events up.
 * (`salt/minion.py:SyndicManager`)
 * @module
 */
import { openJobCache } from "../../cache/mod.ts";
import { type LocalClient, openLocalClient } from "../../client/mod.ts";
import type { SyndicOpts } from "../../config/mod.ts";
import { messageOf } from "../../errors.ts";
import { type EventClient, VALUE_TRIMMED } from "../../event/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { type DataMap, type PublishLoad, type ReturnLoad } from "../../types/mod.ts";
import type { JobJournal } from "../journal.ts";
import { listMasters } from "../masters.ts";
import { type MinionParts, realParts } from "../parts.ts";
import { ReturnSender } from "../returns.ts";
import { Askers } from "./askers.ts";
import { ReturnBundle } from "./bundle.ts";
import { Mark, MARK_MS, missedReturns } from "./catch_up.ts";
import { EventQueue } from "./event_queue.ts";
import { LocalJobs } from "./local_jobs.ts";
import { UpperMaster } from "./upper.ts";

const log = getLogger("saltx.syndic");

/** ms for which events and returns are gathered, unless `syndic_event_forward_timeout` is less. */
const GATHER_MS = 50;

/** ms between tries to reach the master of this host. */
const RETRY_MS = 1000;

/** Events of this program's own kind, which say nothing to others. */
const PRIVATE = /^(saltx\/|salt\/queue\/)/;

const RETURN_TAG = /^salt\/job\/(\d{20}(?:_\d+)?)\/ret\/(.+)$/;
const JOB_TAG = /^(?:salt\/job\/)?(\d{20}(?:_\d+)?)(?:\/|$)/;

/** A syndic that runs. */
export interface RunningSyndic {
  /** Rejects when all masters above refuse for good. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** One master above with what is on its way there. */
interface Way {
  upper: UpperMaster;
  returns: ReturnSender;
  bundle: ReturnBundle;
  events: EventQueue;
}

/**
 * Starts a syndic; it connects in the background.
 * @throws SaltConfigurationError when no master above can be used.
 */
export async function startSyndic(
  opts: SyndicOpts,
  options: { parts?: Partial<MinionParts> } = {},
): Promise<RunningSyndic> {
  const syndic = new Syndic(opts, { ...realParts(opts.upper), ...options.parts });
  await syndic.open();
  return syndic;
}

class Syndic implements RunningSyndic {
  readonly #opts: SyndicOpts;
  readonly #parts: MinionParts;
  readonly #ways = new Map<string, Way>();
  readonly #askers = new Askers();
  readonly #jobs: ReturnType<typeof openJobCache>;
  readonly #stop = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  readonly #local: LocalJobs;
  readonly #mark: Mark;
  #journal: JobJournal | null = null;
  #listening: Promise<void> = Promise.resolve();
  #gathering = false;
  /** The mark of the syndic before, until what was missed since has been looked for. */
  #missing: number | null = null;

  constructor(opts: SyndicOpts, parts: MinionParts) {
    this.#opts = opts;
    this.#parts = parts;
    this.#jobs = openJobCache(opts.lower);
    this.#local = new LocalJobs(opts.lower, (load, reply) => this.#tellMinions(load, reply));
    this.#mark = new Mark(opts.lower.cachedir);
    this.#ended.promise.catch(() => {});
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  async open(): Promise<void> {
    const { upper } = this.#opts;
    const masters = listMasters(upper, (message) => log.warning(message));
    this.#journal = await this.#openJournal();
    this.#missing = this.#mark.read();
    const parts = { ...this.#parts, grains: () => Promise.resolve({}) };
    for (const master of masters) {
      this.#ways.set(
        master.name,
        this.#way(
          new UpperMaster(master, upper, parts, {
            onJob: (load, from) => this.#take(load, from),
            onConnected: (from) => this.#connected(from),
          }),
        ),
      );
    }
    log.info(`Syndic '${upper.id}' connects to ${[...this.#ways.keys()].join(", ")}`);
    const runs = [...this.#ways.values()].map(({ upper }) => this.#run(upper));
    void Promise.allSettled(runs).then((results) => {
      const first = results.find((result) => result.status === "rejected");
      if (first && results.every((result) => result.status === "rejected")) {
        this.#ended.reject(first.reason);
      }
    });
    this.#listening = this.#listen();
    void this.#keepMark();
  }

  async stop(): Promise<void> {
    this.#flush();
    const ms = this.#opts.lower.drain_timeout * 500;
    await Promise.all([...this.#ways.values()].map(({ returns }) => returns.drain(ms)));
    this.#stop.abort(new Error("The syndic stops"));
    for (const { upper, returns } of this.#ways.values()) {
      returns.close();
      upper.close();
    }
    await this.#listening;
    this.#local.close();
    this.#journal?.close();
    this.#jobs.close();
    this.#ended.resolve();
  }

  #way(upper: UpperMaster): Way {
    const { upper: opts, lower } = this.#opts;
    return {
      upper,
      returns: new ReturnSender([upper.name], opts, {
        journal: () => this.#journal!,
        send: (load, options) => upper.request(load, options),
        clock: this.#parts.clock,
      }),
      bundle: new ReturnBundle(
        opts.id,
        (jid) => this.#jobs.load(jid)?.load ?? null,
        lower.syndic_jid_forward_cache_hwm,
      ),
      events: new EventQueue(opts.id, (load) => upper.request(load, this.#patience())),
    };
  }

  #patience() {
    const { return_retry_timer: low, return_retry_timer_max: high, return_retry_tries: tries } =
      this.#opts.upper;
    return { timeoutMs: Math.max(1, low, high) * 1000, tries };
  }

  async #openJournal(): Promise<JobJournal> {
    const { MIGRATIONS, noJournal, SqliteJournal } = await import("../journal.ts");
    const { upper, lower } = this.#opts;
    if (!upper.return_journal) return noJournal;
    const { SqliteFile } = await import("../../cache/sqlite_file.ts");
    const path = `${lower.cachedir}/syndic_journal.db`;
    const file = new SqliteFile({ path, migrations: MIGRATIONS, durable: false });
    return new SqliteJournal(file, {
      entries: upper.return_journal_max_entries,
      bytes: upper.return_journal_max_bytes,
      seconds: upper.return_journal_max_age,
    });
  }

  async #run(upper: UpperMaster): Promise<void> {
    try {
      await upper.run();
    } catch (error) {
      log.critical(`The master above ${upper.name} is given up: ${messageOf(error)}`);
      throw error;
    }
  }

  #connected(from: UpperMaster): void {
    const way = this.#ways.get(from.name);
    way?.returns.flush();
    way?.events.flush();
  }

  /** A job of a master above. */
  #take(load: PublishLoad, from: UpperMaster): void {
    const { master_id: own } = this.#opts.lower;
    if (own !== "" && load["master_id"] === own) {
      return void log.debug(`Job ${load.jid} began here; it is not taken back down`);
    }
    this.#askers.note(load.jid, from.name);
    void this.#local.publish(load);
  }

  /** Tells who asked which minions there are, also when there are none. */
  #tellMinions(load: PublishLoad, reply: DataMap): void {
    const data = { jid: load.jid, ...reply };
    const tag = reply["error"] === undefined ? load.jid : `salt/job/${load.jid}/error`;
    const more = this.#opts.lower.order_masters ? { order_masters: true } : {};
    this.#wayOf(load.jid)?.events.add(tag, { ...data, ...more });
    this.#gather();
  }

  /** Follows the events of this host's master, also over its restarts. */
  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let events: EventClient | null = null;
      let client: LocalClient | null = null;
      try {
        client = await openLocalClient(this.#opts.lower);
        events = await client.events();
        const subscription = events.subscribe("");
        const close = () => subscription.close();
        signal.addEventListener("abort", close, { once: true });
        await subscription.ready;
        log.info("The events of this host's master are followed");
        this.#catchUp();
        for await (const { tag, data } of subscription) this.#hear(tag, data);
        signal.removeEventListener("abort", close);
      } catch (error) {
        log.warning(`The events of this host's master cannot be had: ${messageOf(error)}`);
      } finally {
        client?.close();
      }
      await this.#parts.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  /** Brings up what came back while no syndic ran; once. */
  #catchUp(): void {
    const mark = this.#missing;
    this.#missing = null;
    if (mark === null) return;
    const missed = missedReturns(this.#jobs, mark);
    if (missed.length > 0) log.info(`${missed.length} returns may have been missed; sent now`);
    for (const { jid, ret, fromAbove } of missed) this.#wayOf(jid)?.bundle.add(jid, ret, fromAbove);
    this.#gather();
  }

  async #keepMark(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // Not before what was missed has been looked for.
      if (this.#missing === null) this.#mark.set(this.#parts.clock.now());
      await this.#parts.clock.sleep(MARK_MS, signal).catch(() => {});
    }
  }

  #hear(tag: string, data: DataMap): void {
    const ret = RETURN_TAG.exec(tag);
    if (ret && "return" in data) this.#takeReturn(ret[1]!, ret[2]!, data);
    else if (!("retcode" in data) && !PRIVATE.test(tag)) this.#takeEvent(tag, data);
    else return;
    this.#gather();
  }

  #takeReturn(jid: string, id: string, data: DataMap): void {
    const way = this.#wayOf(jid);
    const whole = data["return"] === VALUE_TRIMMED ? this.#stored(jid, id) : undefined;
    const ret = { ...data, id, ...(whole === undefined ? {} : { return: whole }) };
    way?.bundle.add(jid, ret, this.#askers.of(jid) !== undefined);
  }

  /** What the event had to leave out. */
  #stored(jid: string, id: string) {
    return this.#jobs.returns(jid).find((one) => one.id === id)?.ret?.return;
  }

  #takeEvent(tag: string, data: DataMap): void {
    const asked = JOB_TAG.exec(tag)?.[1];
    if (asked !== undefined && this.#askers.of(asked) !== undefined) {
      // Which minions there are has been told, with more about them.
      if (tag !== asked) this.#wayOf(asked)?.events.add(tag, data);
    } else if (this.#opts.lower.syndic_forward_all_events) {
      for (const { events } of this.#ways.values()) events.add(tag, data);
    } else this.#anyWay()?.events.add(tag, data);
  }

  /** To the master that asked for a job; of this host's own jobs, to one of them. */
  #wayOf(jid: string): Way | undefined {
    const asker = this.#askers.of(jid);
    return (asker === undefined ? undefined : this.#ways.get(asker)) ?? this.#anyWay();
  }

  #anyWay(): Way | undefined {
    const all = [...this.#ways.values()];
    const connected = all.filter(({ upper }) => upper.connected);
    const choice = connected.length > 0 ? connected : all;
    const random = this.#opts.lower.syndic_failover === "random";
    return choice[random ? Math.floor(this.#parts.clock.random() * choice.length) : 0];
  }

  /** Lets a little more come before it goes. */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const ms = Math.min(GATHER_MS, this.#opts.lower.syndic_event_forward_timeout * 1000);
    this.#parts.clock.sleep(ms, this.#stop.signal).then(() => {
      this.#gathering = false;
      this.#flush();
    }, () => {});
  }

  #flush(): void {
    for (const { upper, returns, bundle, events } of this.#ways.values()) {
      events.flush();
      for (const load of bundle.take()) {
        const ret = { cmd: "_syndic_return", jid: load["jid"], load: [load] };
        const job = { jid: load["jid"], fun: load["fun"] } as unknown as PublishLoad;
        const entry = this.#journal?.start(upper.name, job) ?? null;
        returns.deliver(ret as unknown as ReturnLoad, entry, true, upper.name);
      }
    }
  }
}
