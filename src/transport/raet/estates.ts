/**
 * The estates that a master has an association with: by name, by remote, by the sessions that packets
 * name, and by when they are to be looked at.
 * @module
 */
import { CidTable, type Owner } from "./cids.ts";
import { RoadError } from "./errors.ts";
import type { Peer } from "./peer.ts";
import type { Remote } from "./remote.ts";
import type { Starts } from "./starts.ts";
import { Timers } from "./timers.ts";

/** An estate, and what only its master's stack has to know of it. */
export interface Estate extends Peer {
  /** Where it was started anew lately. */
  starts: Starts;
  boot: Uint8Array;
  association: Uint8Array;
  /** Whether it may be talked to, and answers. */
  open: boolean;
}

/** All of one master, in step with each other. */
export class Estates {
  readonly #interim: number;
  readonly #link: (estate: Estate, open: boolean) => void;
  readonly #byName = new Map<string, Estate>();
  readonly #byRemote = new Map<Remote, Estate>();
  readonly #cids = new CidTable();
  readonly #timers = new Timers<Remote>();

  /**
   * @param interim ms of silence after which an estate is to be forgotten.
   * @param link told when an estate may be talked to, and when not any more.
   */
  constructor(interim: number, link: (estate: Estate, open: boolean) => void) {
    this.#interim = interim;
    this.#link = link;
  }

  get all(): Estate[] {
    return [...this.#byName.values()];
  }

  get size(): number {
    return this.#byName.size;
  }

  /** Connection ids that packets may name. */
  get cids(): number {
    return this.#cids.size;
  }

  get(name: string): Estate | undefined {
    return this.#byName.get(name);
  }

  of(remote: Remote): Estate | undefined {
    return this.#byRemote.get(remote);
  }

  /** Whose packets name that connection id. */
  owner(cid: Uint8Array): Owner | undefined {
    return this.#cids.find(cid);
  }

  add(estate: Estate): void {
    this.#byName.set(estate.estate, estate);
    this.#byRemote.set(estate.remote, estate);
  }

  /** Tells who listens, once for each change. */
  setOpen(estate: Estate, open: boolean): void {
    if (estate.open === open) return;
    estate.open = open;
    this.#link(estate, open);
  }

  /** Lets a remote do something and keeps the tables in step. */
  work(remote: Remote, what: () => void, now: number): void {
    what();
    if (!this.#byRemote.has(remote)) return;
    this.#cids.follow(remote);
    const heard = remote.session?.lastHeard ?? now;
    this.#timers.set(remote, Math.min(remote.timer(now), heard + this.#interim));
  }

  /** When the first of them is to be looked at. */
  nextTimer(): number {
    return this.#timers.next();
  }

  /** Those whose time has come, and whether they have been silent for too long. */
  *due(now: number): Generator<{ estate: Estate; silent: boolean }> {
    for (const remote of this.#timers.due(now)) {
      const estate = this.#byRemote.get(remote);
      const heard = remote.session?.lastHeard ?? -Infinity;
      // What is done for one may end another.
      if (estate) yield { estate, silent: now - heard >= this.#interim };
    }
  }

  /** Makes room for one that waits for acceptance, where so many do already. */
  dropOldestPending(most: number): void {
    let pending = 0;
    let oldest: Estate | undefined;
    for (const estate of this.#byName.values()) {
      if (estate.remote.accepted) continue;
      pending += 1;
      oldest ??= estate;
    }
    if (pending < most || !oldest) return;
    this.forget(oldest, new RoadError("closed", `${oldest.estate} is pending no more`));
  }

  /** Ends an association; what waits for the estate fails. */
  forget(estate: Estate, error: RoadError): void {
    const { remote } = estate;
    this.#byName.delete(estate.estate);
    this.#byRemote.delete(remote);
    remote.accepted = false;
    remote.disconnect();
    remote.inbox.clear();
    this.#cids.follow(remote);
    this.#timers.set(remote, Infinity);
    remote.outbox.fail(error);
    this.setOpen(estate, false);
  }
}
