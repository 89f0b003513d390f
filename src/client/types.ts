/**
 * What clients are asked for and what they give.
 * @module
 */
import type { Data, DataMap, Jid, Target } from "../types/mod.ts";

/** How a job ended on one minion, as far as the one who asked can know. */
export type MinionEnd =
  /** Came back with return code 0. */
  | "returned"
  /** Came back with another return code. */
  | "failed"
  /** The minion was stopped or killed while it worked on the job, and says so. */
  | "interrupted"
  /** The master knows that the minion held no connection when the job was sent. */
  | "not connected"
  /** Not connected; the master keeps the job and sends it when the minion comes back. */
  | "queued"
  /** Named in the target, but the master has no accepted key of that name. */
  | "not known"
  /** Neither returned nor said that it still works on the job. */
  | "timed out"
  /** Said that it still works on the job when waiting was ended. */
  | "still running";

/** One minion's part in a job. */
export interface MinionResult {
  readonly id: string;
  readonly end: MinionEnd;
  /** What the function gave, or a text that says why there is nothing. */
  readonly ret: Data;
  /** 0 only when the minion returned and said so. */
  readonly retcode: number;
  /** The outputter that shows `ret` best. */
  readonly out?: string;
  readonly jid: string;
  /** The return as it came. */
  readonly data?: DataMap;
}

/** How a client shows who it is, in place of the key file. */
export type Credentials =
  | { readonly token: string }
  | { readonly eauth: string; readonly [field: string]: string };

/** A job to publish. */
export interface JobRequest {
  readonly target: Target;
  /** One function, or several that run one after the other. */
  readonly fun: string | readonly string[];
  /** Values, already typed; for several functions a list of lists. */
  readonly arg?: readonly Data[];
  /** Returners, with commas between. */
  readonly ret?: string;
  /** A job id of the caller's choice. */
  readonly jid?: string;
  /** Seconds to wait for returns before asking who still works. `timeout` of the options when absent. */
  readonly timeout?: number;
  /** Seconds to wait for the answers to that. */
  readonly gatherJobTimeout?: number;
  /** What else travels with the publication: `metadata`, `ret_config`, `module_executors` … */
  readonly kwargs?: DataMap;
  readonly credentials?: Credentials;
}

/** A job that the master took. */
export interface Published {
  readonly jid: Jid;
  /** Who is expected to return. */
  readonly minions: readonly string[];
  /** Named, but without an accepted key. */
  readonly missing: readonly string[];
  /** Of those expected, who is known to hold no connection. */
  readonly notConnected: readonly string[];
  /** Of those expected, for whom the master keeps the job until they come back. */
  readonly queued: readonly string[];
  /** Of those expected, who lost the connection a moment ago and gets the job when it is back. */
  readonly returning: readonly string[];
  /** Syndics that may tell of more minions; null: the master does not know. */
  readonly syndics: readonly string[] | null;
}

/** The options of a master that its clients look at. */
export interface ClientOpts {
  readonly interface: string;
  readonly ret_port: number;
  readonly cachedir: string;
  readonly sock_dir: string;
  readonly user: string;
  readonly timeout: number;
  readonly gather_job_timeout: number;
  readonly nodegroups: unknown;
  readonly order_masters: boolean;
  readonly syndic_wait: number;
  readonly ext_job_cache: string;
  readonly [key: string]: unknown;
}
