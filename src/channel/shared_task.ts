/**
 * One piece of work that any number of callers wait for together.
 * @module
 */

/** `promise`, or the signal's reason as rejection as soon as that aborts. */
export function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

interface Run<T> {
  result: Promise<T>;
  stop: AbortController;
  waiting: number;
}

/** Runs `work` at most once at a time. It is stopped when nobody waits for it any more. */
export class SharedTask<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  #run: Run<T> | null = null;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** The result of the run under way, or of a new one. Rejects with the signal's reason when that aborts. */
  async join(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const run = this.#run ??= this.#start();
    run.waiting++;
    try {
      return await untilAborted(run.result, signal);
    } finally {
      run.waiting--;
      if (run.waiting === 0) {
        if (this.#run === run) this.#run = null;
        run.stop.abort(new Error("Nobody waits for this any more"));
      }
    }
  }

  /** Stops the run under way; all who wait for it are rejected with `reason`. */
  stop(reason: Error): void {
    this.#run?.stop.abort(reason);
  }

  #start(): Run<T> {
    const stop = new AbortController();
    const result = untilAborted(this.#work(stop.signal), stop.signal);
    const run: Run<T> = { result, stop, waiting: 0 };
    const done = () => {
      if (this.#run === run) this.#run = null;
    };
    result.then(done, done);
    return run;
  }
}
