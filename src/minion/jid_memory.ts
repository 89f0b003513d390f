/**
 * Which jobs this minion has taken already. (`salt/minion.py:Minion.jid_queue`)
 * @module
 */

/** How many are remembered at least: Salt's 100 do not cover what a busy master sends again. */
export const LEAST_REMEMBERED = 4096;

/** Remembers the last job ids, so that a job which comes twice, by two masters say, runs once. */
export class JidMemory {
  readonly #jids = new Set<string>();
  readonly #most: number;

  /** @param most `minion_jid_queue_hwm`, or more where that is below {@linkcode LEAST_REMEMBERED} */
  constructor(most: number) {
    this.#most = Math.max(LEAST_REMEMBERED, most);
  }

  /** Notes a job id. `false`: it is known. */
  add(jid: string): boolean {
    if (this.#jids.has(jid)) return false;
    this.#jids.add(jid);
    for (const oldest of this.#jids) {
      if (this.#jids.size <= this.#most) break;
      this.#jids.delete(oldest);
    }
    return true;
  }
}
