/**
 * Stores returns, those that came together in one transaction: a commit costs as much as several
 * writes, and a database has one writer at a time.
 * @module
 */
import type { JobCache, SaveResult } from "../cache/mod.ts";
import type { ReturnLoad } from "../types/mod.ts";

interface Waiting {
  ret: ReturnLoad;
  resolve(result: SaveResult): void;
  reject(error: unknown): void;
}

/** One for each worker. */
export class ReturnWriter {
  readonly #jobs: Pick<JobCache, "batch" | "saveReturn">;
  #waiting: Waiting[] = [];
  #scheduled = false;

  constructor(jobs: Pick<JobCache, "batch" | "saveReturn">) {
    this.#jobs = jobs;
  }

  /**
   * Resolves when the return is committed: it may be acknowledged then.
   * @throws {StoreError}
   */
  save(ret: ReturnLoad): Promise<SaveResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ret, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.flush();
      });
    });
  }

  /** Commits what waits. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    let results: SaveResult[];
    try {
      results = this.#jobs.batch(() => waiting.map(({ ret }) => this.#jobs.saveReturn(ret)));
    } catch {
      // One that cannot be stored must not take the others with it.
      return waiting.forEach((one) => this.#saveAlone(one));
    }
    waiting.forEach(({ resolve }, i) => resolve(results[i]!));
  }

  #saveAlone({ ret, resolve, reject }: Waiting): void {
    try {
      resolve(this.#jobs.saveReturn(ret));
    } catch (error) {
      reject(error);
    }
  }
}
