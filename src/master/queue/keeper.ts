/**
 * Brings queued jobs to minions that come back: oldest first, one at a time, the next when the return
 * of the one before has come. An entry leaves the queue with its return.
 *
 * A minion of saltx drops a job that it has had, also after its own restart, so what was sent while its
 * link broke is sent again. A real one forgets at its restart: what it was sent before and has not
 * returned is reported as interrupted, and never sent twice.
 *
 * Jobs that are kept for a moment only, because a link broke, go out together and are then forgotten.
 * @module
 */
import type { JobCache, JobEnd, MinionDataCache, QueueEntry, QueueStore } from "../../cache/mod.ts";
import type { EventBusServer } from "../../event/mod.ts";
import { messageOf } from "../../errors.ts";
import type { KeyStore } from "../../key/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import type { Presence } from "../presence.ts";

const log = getLogger("saltx.queue");

/** A real minion fires its start event when it may not have subscribed yet: ms until each try. */
const AFTER_START = [1000, 5000] as const;

/** ms between looks for minions that come back without saying so. */
const LOOK = 1000;

/** ms until the next job goes out although the one before has not returned. */
const PATIENCE = 300_000;

/** What the keeper works with. */
export interface KeeperParts {
  store: QueueStore;
  jobs: Pick<JobCache, "setEnd" | "returns">;
  keys: Pick<KeyStore, "acceptedKey">;
  minions: Pick<MinionDataCache, "grains">;
  bus: Pick<EventBusServer, "fire" | "onEvent">;
  presence: { of(ids: readonly string[]): Presence[] };
  /** s for which jobs are kept for minions that should be back in a moment; no others are kept so short. */
  window: number;
  /** Sends a load to minions now. */
  publish(load: DataMap, minions: string[]): void;
  /** ms, and timers; those of the runtime when absent. */
  now?: () => number;
  later?: (ms: number, work: () => void) => () => void;
}

interface Sent {
  jid: string;
  at: number;
}

/** Keeps the queue of one master, in its main thread. */
export class QueueKeeper {
  readonly #parts: KeeperParts;
  readonly #now: () => number;
  readonly #later: (ms: number, work: () => void) => () => void;
  /** By minion: the job whose return is waited for. */
  readonly #sent = new Map<string, Sent>();
  /** By minion: timers that end with it. */
  readonly #timers = new Map<string, (() => void)[]>();
  /** Ends looking for who is back without saying so. */
  #stopLooking: (() => void) | null = null;
  /** Who was there when last looked. */
  #seen: ReadonlySet<string> = new Set();
  /** By jid: ends listening to its returns. */
  readonly #jobs = new Map<string, () => void>();
  readonly #stops: (() => void)[] = [];

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#now = parts.now ?? (() => performance.now());
    this.#later = parts.later ?? laterByTimer;
  }

  /** Takes up what an earlier master left, and listens. */
  start(): void {
    const { bus } = this.#parts;
    this.#stops.push(
      bus.onEvent("salt/queue/", ({ tag, data }) => this.#guard(() => this.#hear(tag, data))),
      bus.onEvent("salt/minion/", ({ tag }) => {
        const id = /^salt\/minion\/([^/]+)\/start$/.exec(tag)?.[1];
        if (id !== undefined) this.#guard(() => this.#started(id));
      }),
      bus.onEvent("salt/auth", ({ data: { id } }) => {
        // One that had subscribed before it signed in.
        if (this.#jobs.size > 0 && typeof id === "string") this.#guard(() => this.#signedIn(id));
      }),
      bus.onEvent("salt/key", ({ data }) => {
        const { act, id } = data;
        if ((act === "delete" || act === "reject") && typeof id === "string") {
          this.#guard(() => this.#drop({ id }, "expired", `The key of ${id} was removed`));
        }
      }),
    );
    this.#guard(() => this.#resume());
  }

  /** What the publisher's socket tells of a topic. */
  topic(topic: string, present: boolean): void {
    // At a start of the master, all minions come at once.
    if (this.#jobs.size === 0) return;
    this.#guard(() => {
      for (const id of this.#parts.store.idsOfTopic(topic)) {
        if (present) this.#release(id);
        else if (this.#remembersJobs(id)) {
          this.#forget(id);
          this.#parts.store.resend(id);
        }
      }
    });
  }

  /** Looks around: what has expired, who is there without having said so. */
  check(): void {
    this.#guard(() => {
      this.#end(
        this.#parts.store.removeExpired(),
        (entry) =>
          entry.sent === null
            ? {
              end: this.#isBrief(entry) ? "not connected" : "expired",
              reason: "It did not come back in time",
            }
            : { end: "timed out", reason: `Sent when it came back, at ${isoTime(entry.sent)}` },
      );
      for (const [id, { at }] of this.#sent) {
        if (this.#now() - at > PATIENCE) this.#sent.delete(id);
      }
      for (const jid of this.#parts.store.jids()) this.#listen(jid);
      const ids = this.#parts.store.ids({ sent: false });
      const presence = this.#parts.presence.of(ids);
      ids.forEach((id, i) => {
        if (presence[i] === "present") this.#release(id);
      });
    });
  }

  close(): void {
    this.#stopLooking?.();
    for (const stop of this.#stops) stop();
    for (const stop of this.#jobs.values()) stop();
    for (const id of [...this.#timers.keys()]) this.#clearTimers(id);
    this.#parts.store.close();
  }

  #resume(): void {
    const { store, jobs } = this.#parts;
    for (const id of store.ids({ sent: true })) if (this.#remembersJobs(id)) store.resend(id);
    for (const jid of store.jids()) {
      for (const part of jobs.returns(jid)) if (part.ret) store.remove({ jid, id: part.id });
      this.#listen(jid);
    }
  }

  #hear(tag: string, data: DataMap): void {
    const [, , jid = "", what] = tag.split("/");
    if (what === "new") {
      this.#listen(jid);
      const ids = texts(data["minions"]);
      // Some may have come since the master looked who is not there.
      const presence = this.#parts.presence.of(ids);
      ids.forEach((id, i) => {
        if (presence[i] === "present") this.#release(id);
      });
      if (ids.some((id) => !this.#remembersJobs(id))) this.#lookOut();
    } else if (what === "cancelled") {
      for (const id of texts(data["minions"])) this.#next(id, jid);
    }
  }

  /** Real minions come back without a word: looks for them while something is kept for a moment only. */
  #lookOut(): void {
    this.#stopLooking ??= this.#later(LOOK, () => {
      this.#stopLooking = null;
      this.#guard(() => {
        const { store, presence } = this.#parts;
        const ids = store.ids({ sent: false }).filter((id) => !this.#remembersJobs(id));
        const states = presence.of(ids);
        const there = new Set(ids.filter((_, i) => states[i] === "present"));
        // One that was there at the last look too has subscribed by now.
        for (const id of there) if (this.#seen.has(id)) this.#release(id);
        this.#seen = there;
        if (this.#keepsForAMoment(ids)) this.#lookOut();
      });
    });
  }

  #keepsForAMoment(ids: readonly string[]): boolean {
    return ids.some((id) => {
      const entry = this.#parts.store.next(id);
      return entry !== null && this.#isBrief(entry);
    });
  }

  #listen(jid: string): void {
    if (this.#jobs.has(jid)) return;
    const prefix = `salt/job/${jid}/ret/`;
    this.#jobs.set(
      jid,
      this.#parts.bus.onEvent(prefix, ({ tag }) => {
        const id = tag.slice(prefix.length);
        this.#guard(() => {
          this.#parts.store.remove({ jid, id });
          if (this.#parts.store.list({ jid }, 1).length === 0) this.#unlisten(jid);
          this.#next(id, jid);
        });
      }),
    );
  }

  #unlisten(jid: string): void {
    this.#jobs.get(jid)?.();
    this.#jobs.delete(jid);
  }

  /** A minion has started: what it was doing is over. */
  #started(id: string): void {
    if (this.#remembersJobs(id)) return this.#release(id);
    this.#forget(id);
    this.#drop(
      { id, sent: true },
      "interrupted",
      "The minion was restarted after it had been sent to it",
    );
    if (this.#parts.store.next(id) === null) return;
    this.#addTimer(id, AFTER_START[0], () => this.#release(id));
    // Real minions drop a job id that they have had since their start.
    this.#addTimer(id, AFTER_START[1], () => this.#repeat(id));
  }

  #signedIn(id: string): void {
    if (this.#parts.presence.of([id])[0] === "present") this.#release(id);
  }

  /** Sends the next job, unless one is under way. */
  #release(id: string): void {
    if (this.#sent.has(id) || this.#parts.keys.acceptedKey(id) === null) return;
    const entry = this.#parts.store.next(id);
    if (entry === null || !this.#parts.store.markSent(entry.jid, id)) return;
    const brief = this.#isBrief(entry);
    if (brief) this.#parts.store.remove({ jid: entry.jid, id });
    else this.#sent.set(id, { jid: entry.jid, at: this.#now() });
    this.#parts.jobs.setEnd(entry.jid, [id], "waiting");
    this.#send(entry);
    this.#parts.bus.fire(`salt/queue/${entry.jid}/sent`, { jid: entry.jid, minions: [id] });
    log.info(`${id} is back: job ${entry.jid} (${entry.load.fun}) was sent to it`);
    // Such jobs run side by side, as they would have if its link had not broken.
    if (!brief) return;
    if (this.#parts.store.list({ jid: entry.jid }, 1).length === 0) this.#unlisten(entry.jid);
    this.#release(id);
  }

  /** Whether it is kept for a moment only. */
  #isBrief({ expires, queued }: QueueEntry): boolean {
    return expires - queued <= this.#parts.window;
  }

  #repeat(id: string): void {
    const jid = this.#sent.get(id)?.jid;
    const entry = jid === undefined ? undefined : this.#parts.store.list({ jid, id }, 1)[0];
    if (entry) this.#send(entry);
  }

  #send({ id, load }: QueueEntry): void {
    const { delimiter: _, ...rest } = load;
    this.#parts.publish({ ...rest, tgt: [id], tgt_type: "list" } as unknown as DataMap, [id]);
  }

  /** That job is done with: on to the next one. */
  #next(id: string, jid: string): void {
    if (this.#sent.get(id)?.jid === jid) {
      this.#forget(id);
      this.#release(id);
    }
  }

  #drop(filter: { id: string; sent?: boolean }, end: JobEnd, reason: string): void {
    if (filter.sent === undefined) this.#forget(filter.id);
    this.#end(this.#parts.store.remove(filter), () => ({ end, reason }));
  }

  #end(
    entries: readonly QueueEntry[],
    how: (entry: QueueEntry) => { end: JobEnd; reason: string },
  ): void {
    for (const entry of entries) {
      const { jid, id } = entry;
      const { end, reason } = how(entry);
      this.#parts.jobs.setEnd(jid, [id], end, reason);
      this.#parts.bus.fire(`salt/queue/${jid}/${end === "expired" ? end : "ended"}`, {
        jid,
        minions: [id],
        end,
        reason,
      });
      log.warning(`Job ${jid} will not be done by ${id} (${end}): ${reason}`);
      if (this.#parts.store.list({ jid }, 1).length === 0) this.#unlisten(jid);
    }
  }

  #remembersJobs(id: string): boolean {
    const grains = this.#parts.minions.grains(id);
    return grains !== null && "saltxversion" in grains;
  }

  #forget(id: string): void {
    this.#sent.delete(id);
    this.#clearTimers(id);
  }

  #addTimer(id: string, ms: number, work: () => void): void {
    const timers = this.#timers.get(id) ?? [];
    timers.push(this.#later(ms, () => this.#guard(work)));
    this.#timers.set(id, timers);
  }

  #clearTimers(id: string): void {
    for (const stop of this.#timers.get(id) ?? []) stop();
    this.#timers.delete(id);
  }

  /** A store that fails must not take the master with it. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      log.error(`The queue of jobs cannot be worked on: ${messageOf(error)}`, error);
    }
  }
}

function laterByTimer(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  timer.unref?.();
  return () => clearTimeout(timer);
}

function texts(value: Data | undefined): string[] {
  const list = Array.isArray(value) ? value : isMap(value) ? Object.keys(value) : [];
  return list.filter((item) => typeof item === "string");
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
