/**
 * A job in batches: at most so many minions work on it at a time. (`salt/cli/batch.py:Batch`)
 *
 * Minions are found with a ping first. One that dies meanwhile gives its place free when it is known
 * not to answer, so no minion can hold up the run.
 * @module
 */
import { SaltInvocationError } from "../errors.ts";
import { NoMinionsError } from "./errors.ts";
import { noReturnText } from "./job.ts";
import type { LocalClient } from "./local_client.ts";
import { cameBack, type Target } from "../types/mod.ts";
import type { JobRequest, MinionResult } from "./types.ts";

/** How to go about it. */
export interface BatchRules {
  /** A number of minions, or a percentage of those that answered the ping: `3`, `10%`. */
  readonly size: string;
  /** Seconds before a place that became free is given away. */
  readonly wait: number;
  /** Start nothing more after the first failure. */
  readonly failhard: boolean;
}

/** What happens in a run, in order. */
export type BatchEvent =
  /** Did not answer the ping: gets no job. */
  | { readonly kind: "down"; readonly id: string; readonly result: MinionResult }
  | { readonly kind: "started"; readonly jid: string; readonly ids: readonly string[] }
  | { readonly kind: "result"; readonly result: MinionResult }
  /** Not started, because of a failure or an abort. */
  | { readonly kind: "skipped"; readonly ids: readonly string[] };

/** ms that places becoming free are collected, so that they are filled with one job. */
const COLLECT_MS = 10;

/**
 * The number that a batch size comes to.
 * @throws SaltInvocationError when it is no size.
 */
export function batchNumber(size: string, minions: number): number {
  const percent = /^\s*(?:%\s*(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\s*%)\s*$/.exec(size);
  const share = percent ? Number(percent[1] ?? percent[2]) / 100 * minions : undefined;
  const number = share === undefined
    ? /^\s*\d+\s*$/.test(size) ? Number(size) : 0
    : share < 1
    ? Math.ceil(share)
    : Math.floor(share);
  if (number >= 1 || (percent && minions === 0 && Number(percent[1] ?? percent[2]) > 0)) {
    return Math.max(1, number);
  }
  throw new SaltInvocationError(
    `Invalid batch data sent: ${size}\nData must be in the form of %10, 10% or 3`,
  );
}

class BatchRun {
  readonly #client: LocalClient;
  readonly #request: JobRequest;
  readonly #rules: BatchRules;
  readonly #stop = new AbortController();
  readonly #events: BatchEvent[] = [];
  readonly #known = new Set<string>();
  readonly #active = new Set<string>();
  #queue: string[] = [];
  #places = 0;
  /** Places that are free but wait. */
  #cooling = 0;
  #pinging = true;
  #ended = false;
  #filling = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(client: LocalClient, request: JobRequest, rules: BatchRules) {
    this.#client = client;
    this.#request = request;
    this.#rules = rules;
    batchNumber(rules.size, 0);
  }

  async *events(signal?: AbortSignal): AsyncGenerator<BatchEvent> {
    const abort = () => this.#skipRest();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await this.#ping();
      this.#places = batchNumber(this.#rules.size, this.#known.size);
      this.#fill();
      while (true) {
        const event = this.#events.shift();
        if (event) yield event;
        else if (this.#failure !== undefined) throw this.#failure;
        else if (signal?.aborted || this.#done()) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#ended = true;
      this.#stop.abort();
    }
  }

  #done(): boolean {
    return !this.#pinging && this.#queue.length === 0 && this.#active.size === 0;
  }

  #emit(event: BatchEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#wake?.();
  }

  /** Waits until all have answered, or `timeout`; who answers later joins in later. */
  async #ping(): Promise<void> {
    const { credentials, target } = this.#request;
    const seconds = this.#request.timeout ?? this.#client.opts.timeout;
    const job = await this.#client.start({
      target,
      fun: "test.ping",
      timeout: seconds,
      ...(credentials ? { credentials } : {}),
    });
    const rest = this.#hearPings(job.results(this.#stop.signal));
    const waited = new AbortController();
    const all = rest.finally(() => waited.abort());
    await Promise.race([all, this.#client.clock.wait(seconds * 1000, waited.signal)]);
  }

  async #hearPings(results: AsyncIterable<MinionResult>): Promise<void> {
    try {
      for await (const result of results) {
        if (this.#ended) return;
        if (cameBack(result.end)) this.#join(result.id);
        else this.#emit({ kind: "down", id: result.id, result });
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pinging = false;
      this.#wake?.();
    }
  }

  #join(id: string): void {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    this.#queue.push(id);
    if (this.#places > 0) this.#fillSoon();
  }

  #fillSoon(): void {
    if (this.#filling) return;
    this.#filling = true;
    void this.#client.clock.wait(COLLECT_MS, this.#stop.signal).then(() => {
      this.#filling = false;
      this.#fill();
    });
  }

  #fill(): void {
    const free = this.#places - this.#active.size - this.#cooling;
    if (free <= 0 || this.#queue.length === 0 || this.#ended) return;
    const ids = this.#queue.splice(0, free);
    for (const id of ids) this.#active.add(id);
    this.#runOn(ids).catch((error) => this.#fail(error)).finally(() => this.#wake?.());
  }

  async #runOn(ids: readonly string[]): Promise<void> {
    const { jid: _jid, ...request } = this.#request;
    const target: Target = { tgt: [...ids], tgt_type: "list" };
    const pending = new Set(ids);
    try {
      const job = await this.#client.start({ ...request, target });
      this.#emit({ kind: "started", jid: job.jid, ids });
      for await (const result of job.results(this.#stop.signal)) {
        if (this.#ended) return;
        if (pending.delete(result.id)) this.#finish(result);
      }
    } catch (error) {
      if (!(error instanceof NoMinionsError)) throw error;
    }
    // Their keys went away since the ping.
    for (const id of pending) {
      const ret = noReturnText("not known", "");
      this.#finish({ id, end: "not known", ret, retcode: 1, out: "no_return", jid: "" });
    }
  }

  #finish(result: MinionResult): void {
    this.#active.delete(result.id);
    this.#emit({ kind: "result", result });
    if (this.#rules.failhard && result.retcode !== 0) this.#skipRest();
    if (this.#rules.wait <= 0) return this.#fillSoon();
    this.#cooling += 1;
    void this.#client.clock.wait(this.#rules.wait * 1000, this.#stop.signal).then(() => {
      this.#cooling -= 1;
      this.#fillSoon();
    });
  }

  #skipRest(): void {
    const ids = this.#queue;
    this.#queue = [];
    if (ids.length > 0) this.#emit({ kind: "skipped", ids });
    this.#wake?.();
  }
}

/**
 * Runs a job in batches. When the signal aborts, nothing more is started, and the run ends without
 * waiting for what works.
 * @throws NoMinionsError, and SaltInvocationError for a size that is none.
 */
export function runBatches(
  client: LocalClient,
  request: JobRequest,
  rules: BatchRules,
  signal?: AbortSignal,
): AsyncGenerator<BatchEvent> {
  return new BatchRun(client, request, rules).events(signal);
}
