/**
 * What simulated minions count.
 * @module
 */

/** What has really happened, counted where it happened. */
export interface Tally {
  signIns: number;
  /** Sign-ins without RSA. */
  resumes: number;
  /** Publications that were decrypted. */
  jobs: number;
  /** Returns whose acknowledgement was decrypted. */
  returns: number;
  events: number;
  /** Pieces of files that came. */
  pieces: number;
  /** UDP packets that minions lost on purpose. */
  packetsLost: number;
  /** Minions that have come back after they had lost their master. */
  comebacks: number;
  /** Answers that were no answers, and connections that were lost unasked. */
  errors: number;
  /** What the first few of them were. */
  reasons: string[];
  /** ms of each request until its answer, by command. */
  latencies: Record<string, number[]>;
}

/** A tally of nothing. */
export function emptyTally(): Tally {
  return {
    signIns: 0,
    resumes: 0,
    jobs: 0,
    returns: 0,
    events: 0,
    pieces: 0,
    packetsLost: 0,
    comebacks: 0,
    errors: 0,
    reasons: [],
    latencies: {},
  };
}

/** Counts what went wrong, and keeps the first few words of it. */
export function noteError(tally: Tally, error: unknown): void {
  tally.errors += 1;
  if (tally.reasons.length < MAX_REASONS) tally.reasons.push(String(error));
}

const MAX_REASONS = 5;
