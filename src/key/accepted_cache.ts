/**
 * Accepted public keys in memory, for the master's hot path.
 * @module
 */
import { statSync } from "node:fs";

/** A file's identity and content at one moment. */
interface Entry {
  text: string;
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

/** ms after a change in which a file is read anew: a second change could leave the same times. */
const RACY_MS = 50;

/**
 * Remembers what files say for as long as they are the same files: every call costs one `stat`.
 * Changes by other threads, processes and hosts count at once.
 */
export class AcceptedCache {
  readonly #read: (path: string) => string | null;
  readonly #limit: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  /** `read` gives a file's text, null when it is gone; `limit` bounds how many are remembered. */
  constructor(read: (path: string) => string | null, limit = 20_000, now = Date.now) {
    this.#read = read;
    this.#limit = limit;
    this.#now = now;
  }

  /** The text of the file; null when there is none. */
  get(path: string): string | null {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) {
      this.#entries.delete(path);
      return null;
    }
    const known = this.#entries.get(path);
    if (
      known && known.ino === stat.ino && known.size === stat.size &&
      known.mtimeMs === stat.mtimeMs && known.ctimeMs === stat.ctimeMs
    ) return known.text;
    const text = this.#read(path);
    if (text === null || Math.abs(this.#now() - stat.ctimeMs) < RACY_MS) {
      this.#entries.delete(path);
      return text;
    }
    if (this.#entries.size >= this.#limit) this.#forgetOldest();
    const { ino, size, mtimeMs, ctimeMs } = stat;
    this.#entries.set(path, { text, ino, size, mtimeMs, ctimeMs });
    return text;
  }

  #forgetOldest(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}
