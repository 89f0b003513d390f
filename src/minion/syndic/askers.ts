/**
 * Which master above asked for a job, so that its returns go there.
 * @module
 */

/** Jobs remembered. */
const MOST = 10_000;

/** Bounded memory of jobs by id. */
export class Askers {
  readonly #names = new Map<string, string>();

  note(jid: string, master: string): void {
    this.#names.set(jid, master);
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= MOST) break;
      this.#names.delete(oldest);
    }
  }

  /** Name of the master; undefined: the job is of this master's own, or long past. */
  of(jid: string): string | undefined {
    return this.#names.get(jid);
  }
}
