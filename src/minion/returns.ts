/**
 * Brings returns to one master, as often as it takes. (`salt/minion.py:Minion._return_pub`)
 * @module
 */
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { packLocal } from "../serializers/msgpack.ts";
import type { Data, DataMap, ReturnLoad } from "../types/mod.ts";
import type { Clock } from "../channel/clock.ts";
import { Backoff } from "./backoff.ts";
import type { JobJournal, JournalEntry, UnsentReturn } from "./journal.ts";

const log = getLogger("saltx.minion");

/** The settings of returns, in s. */
export interface ReturnSettings {
  readonly return_retry_timer: number;
  /** A random time up to this is taken; 0 takes `return_retry_timer`. */
  readonly return_retry_timer_max: number;
  readonly return_retry_tries: number;
  /** Whether returns go to the master at all. */
  readonly pub_ret: boolean;
}

/** Sends a load to a master and gives its answer. */
export type Send = (
  load: DataMap,
  options: { timeoutMs: number; tries: number },
  master: string,
) => Promise<Data>;

/** A return that the journal could not keep; `entry` has the job's start. */
interface InMemory {
  load: ReturnLoad;
  master: string;
  entry: JournalEntry | null;
  size: number;
}

/** What became of one try. */
type Outcome = "taken" | "refused" | "failed" | "unreachable";

/** ms between tries of what was not taken at once: first and most. */
const FIRST_WAIT = 5_000;
const MOST_WAIT = 300_000;

/** Returns read from the journal at a time. */
const BATCH = 20;

/** Bytes of returns held in memory when the journal cannot hold them. */
const MOST_IN_MEMORY = 16 * 1024 * 1024;

/** Sends each return until the master has it or the journal gives it up. */
export class ReturnSender {
  readonly #masters: readonly string[];
  readonly #settings: ReturnSettings;
  readonly #journal: () => JobJournal;
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #sending = new Set<JournalEntry>();
  readonly #deliveries = new Set<Promise<void>>();
  #unjournaled: InMemory[] = [];
  #stop = new AbortController();
  #retry: AbortController | null = null;
  #flushing: Promise<boolean> | null = null;

  /** @param masters Whose returns it brings away: one master, or several that stand in for each other. */
  constructor(
    masters: readonly string[],
    settings: ReturnSettings,
    parts: { journal: () => JobJournal; send: Send; clock: Clock },
  ) {
    this.#masters = masters;
    this.#settings = settings;
    this.#journal = parts.journal;
    this.#send = parts.send;
    this.#clock = parts.clock;
    this.#backoff = new Backoff(FIRST_WAIT, MOST_WAIT, () => parts.clock.random());
  }

  /**
   * Takes a return and sends it at once.
   * @param keep false: it is of no use later and is given up after the first tries.
   * @param master Who asked.
   */
  deliver(
    load: ReturnLoad,
    entry: JournalEntry | null,
    keep = true,
    master = this.#masters[0]!,
  ): void {
    if (!this.#settings.pub_ret) {
      if (entry !== null) this.#journal().remove(entry);
      return;
    }
    const delivery = this.#deliver(load, entry, keep, master);
    this.#deliveries.add(delivery);
    void delivery.finally(() => this.#deliveries.delete(delivery));
  }

  /** Sends what waits, now: the master is known to be there. */
  flush(): void {
    this.#backoff.reset();
    this.#retry?.abort();
    this.#flushLater(0);
  }

  /** Resolves when no return is under way, or after `ms`. */
  async drain(ms: number): Promise<void> {
    const over = new AbortController();
    const timeout = this.#clock.sleep(ms, over.signal).catch(() => {});
    while (this.#deliveries.size > 0) {
      const all = Promise.allSettled(this.#deliveries).then(() => "done" as const);
      if (await Promise.race([all, timeout]) !== "done") break;
    }
    over.abort();
  }

  /** Stops trying. What is in the journal is sent after the next start. */
  close(): void {
    this.#stop.abort();
    if (this.#unjournaled.length > 0) {
      log.error(
        `${this.#unjournaled.length} returns for master ${this.#masters.join(", ")} are lost`,
      );
    }
  }

  async #deliver(
    load: ReturnLoad,
    entry: JournalEntry | null,
    keep: boolean,
    master: string,
  ): Promise<void> {
    const kept = entry === null ? "failed" : this.#journal().finish(entry, load);
    if (entry !== null) this.#sending.add(entry);
    log.info(`Returning information for job: ${load.jid}`);
    const outcome = await this.#try(load, this.#settings.return_retry_tries, master);
    if (entry !== null) this.#sending.delete(entry);
    if (outcome === "taken" || outcome === "refused" || !keep || kept === "too large") {
      if (entry !== null) this.#journal().remove(entry);
      if (outcome === "taken") this.#backoff.reset();
      return;
    }
    log.warning(
      `The minion failed to return the job information for job ${load.jid}. This is often due to ` +
        `the master being shut down or overloaded. If the master is running, consider increasing ` +
        `the worker_threads value. The return is kept and sent again.`,
    );
    if (kept === "failed") this.#remember(load, master, entry);
    this.#flushLater(this.#backoff.next());
  }

  #remember(load: ReturnLoad, master: string, entry: JournalEntry | null): void {
    const size = packLocal(load as unknown as DataMap).length;
    this.#unjournaled.push({ load, master, entry, size });
    let total = this.#unjournaled.reduce((sum, waiting) => sum + waiting.size, 0);
    while (total > MOST_IN_MEMORY) {
      const lost = this.#unjournaled.shift()!;
      total -= lost.size;
      log.error(`Too many returns wait in memory: that of job ${lost.load.jid} is given up`);
    }
  }

  #flushLater(ms: number): void {
    if (this.#stop.signal.aborted) return;
    if (this.#retry && !this.#retry.signal.aborted) return;
    const retry = this.#retry = new AbortController();
    const signal = AbortSignal.any([retry.signal, this.#stop.signal]);
    this.#clock.sleep(ms, signal).then(() => this.#flushNow(retry), () => {});
  }

  async #flushNow(retry: AbortController): Promise<void> {
    const all = await (this.#flushing ??= this.#flush().finally(() => this.#flushing = null));
    if (this.#retry === retry) this.#retry = null;
    if (!all) this.#flushLater(this.#backoff.next());
  }

  /** Sends everything that waits. false: something still does. */
  async #flush(): Promise<boolean> {
    if (!await this.#flushMemory()) return false;
    let all = true;
    for (const master of this.#masters) all = await this.#flushJournal(master) && all;
    return all;
  }

  async #flushMemory(): Promise<boolean> {
    const waiting = this.#unjournaled;
    this.#unjournaled = [];
    while (waiting.length > 0) {
      const { load, master, entry } = waiting[0]!;
      // The disk may have room again.
      if (entry !== null && this.#journal().finish(entry, load) === "kept") {
        waiting.shift();
        continue;
      }
      const outcome = await this.#try(load, 1, master);
      if (outcome === "unreachable" || outcome === "failed") {
        this.#unjournaled = [...waiting, ...this.#unjournaled];
        return false;
      }
      if (entry !== null) this.#journal().remove(entry);
      waiting.shift();
    }
    return true;
  }

  async #flushJournal(master: string): Promise<boolean> {
    let after: JournalEntry = -1;
    let all = true;
    while (!this.#stop.signal.aborted) {
      const batch = this.#journal().unsent(master, after, BATCH);
      if (batch.length === 0) return all;
      for (const unsent of batch) {
        after = unsent.entry;
        if (this.#sending.has(unsent.entry)) continue;
        const outcome = await this.#resend(unsent, master);
        if (outcome === "unreachable") return false;
        if (outcome === "failed") all = false;
      }
    }
    return false;
  }

  async #resend({ entry, load }: UnsentReturn, master: string): Promise<Outcome> {
    this.#sending.add(entry);
    try {
      const outcome = await this.#try(load, 1, master);
      if (outcome === "taken") log.info(`The return of job ${load.jid} has reached the master`);
      if (outcome === "taken" || outcome === "refused") this.#journal().remove(entry);
      return outcome;
    } finally {
      this.#sending.delete(entry);
    }
  }

  async #try(load: ReturnLoad, tries: number, master: string): Promise<Outcome> {
    let reply: Data;
    try {
      const options = { timeoutMs: this.#timeout(), tries };
      reply = await this.#send(load as unknown as DataMap, options, master);
    } catch (error) {
      log.debug(() => `The return of job ${load.jid} was not answered: ${messageOf(error)}`);
      return "unreachable";
    }
    if (reply === null || reply === true) return "taken";
    if (reply === false) {
      log.warning(`Master ${master} refused the return of job ${load.jid}`);
      return "refused";
    }
    // "" and {} are what a master answers when its handler failed.
    log.debug(`Master ${master} could not store the return of job ${load.jid}`);
    return "failed";
  }

  /** ms. (`salt/minion.py:MinionBase._return_retry_timer`) */
  #timeout(): number {
    const { return_retry_timer: low, return_retry_timer_max: high } = this.#settings;
    const seconds = high > low ? low + Math.floor(this.#clock.random() * (high - low + 1)) : low;
    return Math.max(1, seconds) * 1000;
  }
}
