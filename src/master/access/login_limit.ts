/**
 * A bound on guessing passwords. Salt makes each failed login last about a second, which holds up a
 * worker; here failures use up a budget, and without budget a login is refused at once.
 * @module
 */

/** Failures that are free, and seconds until one is forgotten. */
const BURST = 10;
const RECOVER_S = 1;

/** One budget for all logins of a worker. */
export class LoginLimit {
  readonly #now: () => number;
  #failures = 0;
  #since: number;

  /** @param now ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  mayTry(): boolean {
    const forgiven = (this.#now() - this.#since) / 1000 / RECOVER_S;
    this.#failures = Math.max(0, this.#failures - forgiven);
    this.#since = this.#now();
    return this.#failures < BURST;
  }

  failed(): void {
    this.#failures += 1;
  }
}
