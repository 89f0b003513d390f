/**
 * What came back below while no syndic ran: a mark on the disk says until when one did.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JobCache } from "../../cache/mod.ts";
import { messageOf } from "../../errors.ts";
import { atomicWriteSync } from "../../fs/mod.ts";
import { getLogger } from "../../logging/mod.ts";
import type { DataMap } from "../../types/mod.ts";

const log = getLogger("saltx.syndic");

/** ms between marks. */
export const MARK_MS = 5000;

/** s before the mark for which returns may not have gone upward; what goes twice does no harm. */
const OVERLAP = 10;

/** s for which jobs are looked through before the mark. */
const LONGEST_JOB = 86_400;

/** Jobs that are looked through, newest first. */
const MOST_JOBS = 1000;

/** A return that was missed. */
export interface MissedReturn {
  jid: string;
  ret: DataMap;
  /** Whether a master above asked for the job. */
  fromAbove: boolean;
}

/** The mark in a cache folder. */
export class Mark {
  readonly #path: string;

  constructor(cachedir: string) {
    this.#path = join(cachedir, "syndic_seen");
  }

  /** s since 1970; null: no syndic has run here. */
  read(): number | null {
    try {
      const seconds = Number(readFileSync(this.#path, "utf8"));
      return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") return null;
      throw error;
    }
  }

  /** A disk that is full does not stop a syndic. */
  set(now: Date): void {
    try {
      atomicWriteSync(this.#path, String(now.getTime() / 1000), { mode: 0o600 });
    } catch (error) {
      log.warning(`"${this.#path}" cannot be written: ${messageOf(error)}`);
    }
  }
}

/** Returns that came after the mark; the oldest job first. */
export function missedReturns(jobs: JobCache, mark: number): MissedReturn[] {
  const since = mark - OVERLAP;
  const missed: MissedReturn[] = [];
  for (const { jid, load } of jobs.list({ limit: MOST_JOBS, startTime: since - LONGEST_JOB })) {
    if (String(load.fun).startsWith("runner.")) continue;
    const fromAbove = load["auth_list"] !== undefined;
    for (const { id, ret, time } of jobs.returns(jid)) {
      if (!ret || (time ?? 0) < since) continue;
      missed.push({ jid, ret: { fun: load.fun, ...ret, id } as DataMap, fromAbove });
    }
  }
  return missed.reverse();
}
