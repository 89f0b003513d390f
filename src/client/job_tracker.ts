/**
 * Who of a job's minions is still to be waited for, without sockets or clocks: events and the time go
 * in, what to do next comes out. (`salt/client/__init__.py:LocalClient.get_iter_returns`)
 * @module
 */

/** When to stop waiting; all in ms. */
export interface WaitRules {
  /** Before the first question who still works, and after each sign that one does. */
  readonly timeout: number;
  /** For the answers to that question. */
  readonly gather: number;
  /** At least this long, because syndics may still tell of their minions. */
  readonly hold: number;
}

/** What to do: wait for events until then, ask these, or end. */
export type NextStep =
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "ask"; readonly ids: readonly string[] }
  | { readonly kind: "end" };

/**
 * A minion that said it no longer works on the job gets this long for a return that is still on its
 * way to arrive.
 */
const STRAGGLER_MS = 2000;

interface Waiting {
  /** Waiting goes on at least until then. */
  until: number;
  running: boolean;
  /** Asked in the current round and silent so far. */
  asked: boolean;
  /** Its link broke a moment ago: it gets the job when it is back. */
  returning: boolean;
}

/** The state of one job. */
export class JobTracker {
  readonly #rules: WaitRules;
  readonly #start: number;
  readonly #waiting = new Map<string, Waiting>();
  readonly #found = new Set<string>();
  readonly #missing = new Set<string>();
  readonly #notReached = new Map<string, "not connected" | "queued">();
  /** Until when the answers to the current question may come; the first question waits for `timeout`. */
  #roundEnds: number;
  /** Somebody is known to work on the job, or nobody was asked yet. */
  #anyRunning = true;
  /** Syndics that have not told of their minions yet; null: it is not known which there are. */
  #syndics: Set<string> | null = null;
  /** How many were asked in this round and are silent so far. */
  #silent = 0;

  constructor(rules: WaitRules, now: number) {
    this.#rules = rules;
    this.#start = now;
    this.#roundEnds = now + rules.timeout;
  }

  /** Adds minions that are expected to return. */
  expect(ids: Iterable<string>, now: number): void {
    for (const id of ids) {
      if (this.#found.has(id) || this.#waiting.has(id) || this.#notReached.has(id)) continue;
      const until = now + this.#rules.timeout;
      this.#waiting.set(id, { until, running: false, asked: false, returning: false });
    }
  }

  /** Notes that these get the job when they are back, which should be soon. */
  returning(ids: Iterable<string>): void {
    for (const id of ids) {
      const state = this.#waiting.get(id);
      if (state) state.returning = true;
    }
  }

  /** Notes that these are back and were sent the job. */
  sent(ids: Iterable<string>, now: number): void {
    for (const id of ids) {
      const state = this.#waiting.get(id);
      if (!state?.returning) continue;
      state.returning = false;
      state.until = now + this.#rules.timeout;
      this.#anyRunning = true;
      this.#roundEnds = Math.max(this.#roundEnds, state.until);
    }
  }

  /** Notes who may tell of more minions. */
  awaitSyndics(ids: Iterable<string>): void {
    this.#syndics = new Set(ids);
  }

  /** Notes that a syndic has told of all its minions. */
  syndicTold(id: string): void {
    this.#syndics?.delete(id);
  }

  /** Adds ids that were named but of which no return can be expected. */
  miss(ids: Iterable<string>): void {
    for (const id of ids) if (!this.#found.has(id)) this.#missing.add(id);
  }

  /** Notes minions that did not get the job, and why. */
  notReached(ids: Iterable<string>, why: "not connected" | "queued"): void {
    for (const id of ids) if (this.#forget(id)) this.#notReached.set(id, why);
  }

  #forget(id: string): boolean {
    if (this.#waiting.get(id)?.asked) this.#silent -= 1;
    return this.#waiting.delete(id);
  }

  /** Notes a return. False: this minion has returned before. */
  returned(id: string): boolean {
    if (this.#found.has(id)) return false;
    this.#found.add(id);
    this.#forget(id);
    this.#missing.delete(id);
    this.#notReached.delete(id);
    return true;
  }

  /** Notes an answer to the question who still works. */
  answered(id: string, running: boolean, now: number): void {
    if (this.#found.has(id)) return;
    if (running) this.expect([id], now);
    const state = this.#waiting.get(id);
    if (!state) return;
    if (state.asked) this.#silent -= 1;
    state.asked = false;
    state.running = running;
    if (running) {
      state.until = now + this.#rules.timeout;
      this.#anyRunning = true;
    } else {
      state.until = Math.max(state.until, now + STRAGGLER_MS);
    }
    // All have answered and none works: only returns on their way are left to come.
    if (this.#silent === 0 && !this.#anyRunning) this.#roundEnds = Math.min(this.#roundEnds, now);
  }

  /** The question could not be asked, or the master had nobody to ask. */
  askFailed(now: number): void {
    for (const state of this.#waiting.values()) state.asked = false;
    this.#silent = 0;
    this.#roundEnds = now;
  }

  /** What to do at this time. */
  next(now: number): NextStep {
    const holdUntil = this.#syndics?.size === 0 ? this.#start : this.#start + this.#rules.hold;
    if (this.#waiting.size === 0) {
      return now >= holdUntil ? { kind: "end" } : { kind: "wait", until: holdUntil };
    }
    if (now < this.#roundEnds) return { kind: "wait", until: this.#roundEnds };
    if (this.#anyRunning) return this.#ask(now);
    let last = holdUntil;
    for (const { until } of this.#waiting.values()) last = Math.max(last, until);
    return now >= last ? { kind: "end" } : { kind: "wait", until: last };
  }

  #ask(now: number): NextStep {
    this.#anyRunning = false;
    this.#roundEnds = now + this.#rules.gather;
    const ids: string[] = [];
    for (const [id, state] of this.#waiting) {
      state.asked = !state.returning;
      state.running = false;
      if (state.asked) ids.push(id);
    }
    this.#silent = ids.length;
    if (ids.length > 0) return { kind: "ask", ids };
    this.#roundEnds = now;
    return this.next(now);
  }

  /** Returned so far. */
  get found(): ReadonlySet<string> {
    return this.#found;
  }

  /** Expected, with those that have returned. */
  get expected(): number {
    return this.#found.size + this.#waiting.size + this.#notReached.size;
  }

  /** Still waited for, longest silent first. */
  get waiting(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  /** Those without a return, and why. */
  unreturned(): [
    id: string,
    end: "timed out" | "still running" | "not connected" | "queued" | "not known",
  ][] {
    const rows: ReturnType<JobTracker["unreturned"]> = [];
    for (const [id, state] of this.#waiting) {
      const why = state.returning ? "not connected" : "timed out";
      rows.push([id, state.running ? "still running" : why]);
    }
    for (const [id, why] of this.#notReached) rows.push([id, why]);
    for (const id of this.#missing) rows.push([id, "not known"]);
    return rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }
}
