/**
 * A job that was published, and its returns as they come in.
 * @module
 */
import { messageOf } from "../errors.ts";
import { VALUE_TRIMMED } from "../event/tag.ts";
import type { EventClient } from "../event/types.ts";
import { getLogger } from "../logging/mod.ts";
import { type Data, type DataMap, isMap, type Jid, type SaltEvent } from "../types/mod.ts";
import type { Clock } from "./clock.ts";
import { EventQueue } from "./event_queue.ts";
import { JobTracker, type WaitRules } from "./job_tracker.ts";
import type { MinionEnd, MinionResult, Published } from "./types.ts";

const log = getLogger("saltx.client");

/** What a job needs of its client. */
export interface JobParts {
  readonly events: EventClient;
  readonly clock: Clock;
  readonly rules: WaitRules;
  /** Whether lower masters answer too. */
  readonly orderMasters: boolean;
  /** A return that was too large for an event, from where the master keeps it; undefined: it cannot be had. */
  storedReturn(jid: Jid, id: string): Promise<Data | undefined>;
  /** A job id that was never given out. */
  newJid(): Jid;
  /** Publishes `saltutil.find_job` for these minions under that id. */
  findJob(jid: Jid, wanted: Jid, ids: readonly string[]): Promise<void>;
}

/** How far a job is. */
export interface JobProgress {
  readonly returned: number;
  readonly expected: number;
  /** Not yet returned. */
  readonly waiting: readonly string[];
}

/** The worst return code of a return; several functions have one each. */
export function worstRetcode(data: DataMap): number {
  const retcode = data["retcode"];
  const codes = Array.isArray(retcode)
    ? retcode
    : isMap(retcode)
    ? Object.values(retcode)
    : [retcode];
  const numbers = codes.map((code) => typeof code === "number" ? code : Number(code ?? 0));
  // The code that is farthest from success, so that a negative one is not lost.
  return numbers.reduce((worst, code) => (Math.abs(code) > Math.abs(worst) ? code : worst), 0);
}

/** The text for a minion that gave nothing. */
export function noReturnText(end: MinionEnd, jid: string): string {
  const lookup = `salt-run jobs.lookup_jid ${jid}`;
  switch (end) {
    case "not connected":
      return "Minion did not return. [Not connected]";
    case "queued":
      return "Minion did not return. [Queued]\nIt is not connected. The master keeps the job and sends " +
        `it when the minion comes back. To look up the return data later, run:\n\n${lookup}`;
    case "not known":
      return "Minion did not return. [Not known]\nThe master has no accepted key of that name.";
    case "still running":
      return "Minion did not return. [Still running]\nIt works on the job and will return upon " +
        `completion. To look up the return data for this job later, run:\n\n${lookup}`;
    default:
      return "Minion did not return. [No response]\nThe minions may not have all finished running " +
        "and any remaining minions will return upon completion. To look up the return data for " +
        `this job later, run the following command:\n\n${lookup}`;
  }
}

/** One job. */
export class Job {
  readonly jid: Jid;
  readonly #parts: JobParts;
  readonly #queue: EventQueue;
  readonly #tracker: JobTracker;
  /** Jobs that ask about this one. */
  readonly #questions = new Set<string>();
  #tellRunning: (id: string) => void = () => {};

  /** `queue` already reads the events of this job. */
  constructor(published: Published, queue: EventQueue, parts: JobParts) {
    this.jid = published.jid;
    this.#parts = parts;
    this.#queue = queue;
    const now = parts.clock.now();
    this.#tracker = new JobTracker(parts.rules, now);
    this.#tracker.expect(published.minions, now);
    this.#tracker.miss(published.missing);
    this.#tracker.notReached(published.notConnected, "not connected");
    this.#tracker.notReached(published.queued, "queued");
    this.#tracker.returning(published.returning);
    if (published.syndics !== null) this.#tracker.awaitSyndics(published.syndics);
  }

  /** Calls back for each minion that says that it still works on the job. */
  onRunning(listener: (id: string) => void): void {
    this.#tellRunning = listener;
  }

  get progress(): JobProgress {
    const { found, expected, waiting } = this.#tracker;
    return { returned: found.size, expected, waiting };
  }

  /**
   * Returns as they come in; at the end, those of whom there is none, by name. Ends early when the
   * signal aborts; then the rest is told as it stands.
   */
  async *results(signal?: AbortSignal): AsyncGenerator<MinionResult> {
    try {
      while (!signal?.aborted) {
        const step = this.#tracker.next(this.#parts.clock.now());
        if (step.kind === "end") break;
        if (step.kind === "ask") {
          await this.#ask(step.ids);
          continue;
        }
        const event = await this.#queue.next(step.until, signal);
        const result = event && this.#take(event);
        if (result) yield await this.#whole(result);
        else if (event === null && !this.#queue.open) break;
      }
      const rest = this.#tracker.unreturned();
      if (!signal?.aborted) {
        await this.#tellTimedOut(rest.flatMap(([id, end]) => end === "timed out" ? [id] : []));
      }
      for (const [id, end] of rest) {
        yield {
          id,
          end,
          ret: noReturnText(end, this.jid),
          retcode: 1,
          out: "no_return",
          jid: this.jid,
        };
      }
    } finally {
      this.#queue.close();
    }
  }

  /** The master cannot know by itself that nobody answers any more. */
  async #tellTimedOut(minions: readonly string[]): Promise<void> {
    if (minions.length === 0) return;
    const seconds = this.#parts.rules.timeout / 1000;
    const reason = `It neither returned within ${seconds} s nor said that it works on the job.`;
    try {
      const event = { jid: this.jid, minions: [...minions], reason };
      await this.#parts.events.fire(`saltx/job/${this.jid}/ended`, event);
    } catch (error) {
      log.debug(`The master was not told who timed out: ${messageOf(error)}`);
    }
  }

  #take({ tag, data }: SaltEvent): MinionResult | null {
    const parts = tag.split("/");
    const now = this.#parts.clock.now();
    if (this.#parts.orderMasters && parts[0] === "syndic") return this.#takeFromSyndic(tag, data);
    const [, what, jid = "", kind] = parts;
    if (what === "queue") {
      if (jid === this.jid && kind === "sent") this.#tracker.sent(idList(data["minions"]), now);
      return null;
    }
    if (this.#questions.has(jid)) {
      if (kind === "ret") this.#takeAnswer(data, now);
    } else if (jid !== this.jid) {
      return null;
    } else if (kind === "new") {
      this.#tracker.expect(idList(data["minions"]), now);
      this.#tracker.miss(idList(data["missing"]));
    } else if (kind === "ret") {
      return this.#takeReturn(data);
    } else if (kind === "error") {
      log.error(`The master reports a fault with job ${jid}: ${String(data["error"])}`);
    }
    return null;
  }

  /** `syndic/<id>/<jid>`: minions of a lower master. */
  #takeFromSyndic(tag: string, data: DataMap): null {
    const [, syndic = "", ...rest] = tag.split("/");
    if (!rest.includes(this.jid)) return null;
    if (isMap(data["error"])) {
      log.error(`Syndic ${syndic} refused the job: ${String(data["error"]["message"])}`);
      this.#tracker.syndicTold(syndic);
    }
    this.#tracker.expect(idList(data["minions"]), this.#parts.clock.now());
    this.#tracker.notReached(idList(data["not_connected"]), "not connected");
    // One above further masters does not speak for these.
    if (rest.length === 1 && data["order_masters"] !== true) this.#tracker.syndicTold(syndic);
    return null;
  }

  #takeReturn(data: DataMap): MinionResult | null {
    const id = data["id"];
    if (typeof id !== "string" || !("return" in data)) {
      log.warning(`A return of job ${this.jid} has no id or no data; ignored`);
      return null;
    }
    if (!this.#tracker.returned(id)) return null;
    const retcode = worstRetcode(data);
    const out = data["out"];
    return {
      id,
      end: data["interrupted"] === true ? "interrupted" : retcode === 0 ? "returned" : "failed",
      ret: data["return"] ?? null,
      retcode,
      ...(typeof out === "string" && out !== "" ? { out } : {}),
      jid: this.jid,
      data,
    };
  }

  /** Fetches what the event had to leave out. */
  async #whole(result: MinionResult): Promise<MinionResult> {
    if (result.ret !== VALUE_TRIMMED) return result;
    const ret = await this.#parts.storedReturn(this.jid, result.id);
    return ret === undefined ? result : { ...result, ret };
  }

  #takeAnswer(data: DataMap, now: number): void {
    const id = data["id"];
    if (typeof id !== "string") return;
    const running = saysRunning(data);
    this.#tracker.answered(id, running, now);
    if (running) this.#tellRunning(id);
  }

  async #ask(ids: readonly string[]): Promise<void> {
    const jid = this.#parts.newJid();
    this.#questions.add(jid);
    log.debug(`Asking ${ids.length} minions whether job ${this.jid} still runs`);
    const subscription = this.#parts.events.subscribe(`salt/job/${jid}/`);
    this.#queue.add(subscription);
    try {
      await subscription.ready;
      await this.#parts.findJob(jid, this.jid, ids);
    } catch (error) {
      log.warning(`Cannot ask who still works on job ${this.jid}: ${messageOf(error)}`);
      this.#tracker.askFailed(this.#parts.clock.now());
    }
  }
}

function idList(value: Data | undefined): string[] {
  return Array.isArray(value) ? value.filter((id) => typeof id === "string") : [];
}

/** A minion that works on the job answers with what it knows of it. */
function saysRunning(data: DataMap): boolean {
  const answer = data["return"];
  if (worstRetcode(data) !== 0 || !isMap(answer)) return false;
  if (Object.keys(answer).length === 0) return false;
  const inner = answer["return"];
  return !(isMap(inner) && Object.keys(inner).length === 0);
}
