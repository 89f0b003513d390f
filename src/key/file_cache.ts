/**
 * What files and folders hold, in memory and never stale: for the master's hot path.
 * @module
 */
import { type Stats, statSync } from "node:fs";
import { fileError } from "../fs/mod.ts";

/** A file's identity and content at one moment. */
interface Entry<T> {
  content: T;
  ino: number;
  size: number;
  mtimeMs: number;
  ctimeMs: number;
}

/**
 * ms after a change in which a file is read anew: a second change could leave the same times. Deno
 * gives the time of a rename in whole seconds.
 */
const RACY_MS = 2000;

/**
 * Remembers what was read for as long as it is the same file or folder: every call costs one `stat`.
 * Changes by other threads, processes and hosts count at once.
 */
export class FileCache<T> {
  readonly #read: (path: string) => T | null;
  readonly #limit: number;
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry<T>>();

  /** `read` gives the content, null when there is none; `limit` bounds how many are remembered. */
  constructor(
    read: (path: string) => T | null,
    limit: number,
    now: () => number = Date.now,
  ) {
    this.#read = read;
    this.#limit = limit;
    this.#now = now;
  }

  /** The content at `path`; null when there is none. Throws SaltException when that cannot be told. */
  get(path: string): T | null {
    const stat = statOf(path);
    if (stat === undefined) {
      this.#entries.delete(path);
      return null;
    }
    const known = this.#entries.get(path);
    if (
      known && known.ino === stat.ino && known.size === stat.size &&
      known.mtimeMs === stat.mtimeMs && known.ctimeMs === stat.ctimeMs
    ) return known.content;
    const content = this.#read(path);
    if (content === null || Math.abs(this.#now() - stat.ctimeMs) < RACY_MS) {
      this.#entries.delete(path);
      return content;
    }
    if (this.#entries.size >= this.#limit) this.#forgetOldest();
    const { ino, size, mtimeMs, ctimeMs } = stat;
    this.#entries.set(path, { content, ino, size, mtimeMs, ctimeMs });
    return content;
  }

  #forgetOldest(): void {
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw fileError("read", path, error);
  }
}
