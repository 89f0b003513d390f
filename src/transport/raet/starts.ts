/**
 * Two hosts with the same id and keys, as cloned images are: each displaces the other.
 * @module
 */

/** Starts within ms, from several addresses, after which they are two hosts. */
const MAX_STARTS = 4;
const WITHIN_MS = 60_000;

/** When and where one estate was started lately. */
export class Starts {
  #starts: { at: number; host: string }[] = [];

  /** Notes a start. False: it is one of two hosts, and has to wait. */
  note(host: string, now: number): boolean {
    this.#starts = this.#starts.filter(({ at }) => now - at < WITHIN_MS);
    const hosts = new Set([...this.#starts.map((start) => start.host), host]);
    if (this.#starts.length >= MAX_STARTS && hosts.size > 1) return false;
    this.#starts.push({ at: now, host });
    return true;
  }
}
