/**
 * Contract of returners: places besides the master that job returns, jobs and events go to.
 * The functions have Salt's names. (`salt/returners/`)
 * @module
 */
import type { Logger } from "../logging/mod.ts";
import type { Data, DataMap } from "../types/mod.ts";

/** A returner: a file in `plugins/returners`. */
export interface Returner {
  name: string;
  /** The name it is called by, where that is not its file's: `redis` for `redis_return`. */
  virtualname?: string;
  doc: string;
  /** Makes it ready for use. It connects when it is first used, not here. */
  open(ctx: ReturnerContext): OpenReturner;
}

/** What a returner may use. */
export interface ReturnerContext {
  /** `__opts__` of the minion or master. */
  readonly opts: DataMap;
  /** An option by name, from options, grains and pillar. (`config.option`) undefined: it is not set. */
  option(name: string): Data | undefined;
  readonly log: Logger;
  /** Another returner, for one that hands on. */
  returner(name: string): Promise<OpenReturner>;
}

/** How a write is done. */
export interface WriteHow {
  /** An earlier try may have come through without our knowing: nothing may be stored twice. */
  again: boolean;
}

/**
 * A returner in use. Functions that it does not have are absent. A write that rejects with
 * {@linkcode ReturnerUnavailable} is tried again later; one that rejects with anything else a few times.
 */
export interface OpenReturner {
  /** Stores returns of jobs. Salt's takes one; here they come as they have gathered. */
  returner?(returns: readonly DataMap[], how: WriteHow): Promise<void>;
  /** Stores what a job was. */
  save_load?(jid: string, load: DataMap, minions: readonly string[] | null): Promise<void>;
  /** What a job was; empty when it is not known. */
  get_load?(jid: string): Promise<DataMap>;
  /** The returns of a job, whole, by minion. */
  get_jid?(jid: string): Promise<DataMap>;
  /** The last return of each minion for a function. */
  get_fun?(fun: string): Promise<DataMap>;
  /** All jobs, by jid, as `jobs.list_jobs` shows them. */
  get_jids?(): Promise<DataMap>;
  get_minions?(): Promise<string[]>;
  /** Removes what is older than `keep_jobs_seconds`. */
  clean_old_jobs?(): Promise<void>;
  /** Stores events. */
  event_return?(events: readonly DataMap[], how: WriteHow): Promise<void>;
  /** The job id to use: the one passed, or one of its own making. */
  prep_jid?(nocache: boolean, passed_jid: string | null): Promise<string>;
  close(): Promise<void>;
}

/** The server of a returner is away or takes nothing now; later it may. */
export class ReturnerUnavailable extends Error {
  override name = "ReturnerUnavailable";
}
