/**
 * One job while it runs.
 * @module
 */
import { messageOf } from "../errors.ts";
import type { RunningJob } from "../loader/types.ts";
import { getLogger } from "../logging/mod.ts";
import type { Jid, PublishLoad } from "../types/mod.ts";

const log = getLogger("saltx.minion");

/** ms between the end of a job that was cut and the end of processes that outlive it. */
const GRACE_MS = 3000;

/** Why a job did not come to its end: someone killed it. */
export class JobKilled extends Error {
  override name = "JobKilled";
}

/** Why a job did not come to its end: the minion stops. */
export class MinionStopping extends Error {
  override name = "MinionStopping";
}

/** A job as functions, and `saltutil.kill_job`, see it. */
export class Job implements RunningJob {
  readonly load: PublishLoad;
  readonly pid = process.pid;
  readonly #graceMs: number;
  readonly #children = new Set<number>();
  readonly #controller = new AbortController();

  /** @param graceMs How long process groups outlive the job when it is cut. */
  constructor(load: PublishLoad, graceMs = GRACE_MS) {
    this.load = load;
    this.#graceMs = graceMs;
  }

  get jid(): Jid {
    return this.load.jid;
  }

  get children(): ReadonlySet<number> {
    return this.#children;
  }

  /** Aborts with {@linkcode JobKilled} or {@linkcode MinionStopping}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: string): void {
    this.cut(new JobKilled(reason));
  }

  /** Ends the job; process groups that do not end by themselves are killed a little later. */
  cut(reason: JobKilled | MinionStopping): void {
    if (this.signal.aborted) return;
    this.#controller.abort(reason);
    if (this.#children.size > 0) setTimeout(() => this.#killChildren(), this.#graceMs).unref();
  }

  /** Notes a process group; the result forgets it. */
  readonly trackProcess = (pid: number): () => void => {
    this.#children.add(pid);
    return () => void this.#children.delete(pid);
  };

  /** Rejects with the reason when the job is cut, whether or not `work` listens to the signal. */
  async untilCut<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      work.catch(() => {});
    }
  }

  #killChildren(): void {
    for (const group of this.#children) {
      // kill(-1) would mean every process there is.
      if (group <= 1) continue;
      try {
        process.kill(-group, "SIGKILL");
      } catch (error) {
        if ((error as { code?: string }).code === "ESRCH") continue;
        log.warning(
          `Process group ${group} of job ${this.jid} cannot be killed: ${messageOf(error)}`,
        );
      }
    }
  }
}
