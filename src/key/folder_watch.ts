/**
 * Whether files came to a folder or left it.
 * @module
 */
import { statSync } from "node:fs";

/** ms within which a second change may leave the folder's time as it is. */
const SETTLED_MS = 100;

/** Watches one folder, by its time of change: that costs nothing, however many files are in it. */
export class FolderWatch {
  readonly #path: string;
  #seen: number | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** True when something may have changed since the last call; at the first call as well. */
  changed(): boolean {
    const at = statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (at === this.#seen) return false;
    // What was changed just now may be changed again without a trace.
    this.#seen = Date.now() - at > SETTLED_MS ? at : null;
    return true;
  }
}
