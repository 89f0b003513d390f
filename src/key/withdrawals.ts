/**
 * Ids whose keys were deleted a moment ago. A minion may have keys of two kinds, and an accepted one
 * lets the other in: while both are removed, one after the other and on one master of a cluster after
 * the other, neither may speak for an id, or the minion would be back before the last is gone.
 * @module
 */
import { readdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureDir, fileError } from "../fs/mod.ts";
import { isValidMinionId } from "../text/minion_id.ts";
import { codeOf, removeKeyFile } from "./key_files.ts";

/** ms for which no key speaks for an id after a deletion. */
export const WITHDRAWN_MS = 60_000;

/** A folder of empty files, so that all programs and threads of a master see the same at once. */
export class Withdrawals {
  readonly #pkiDir: string;
  readonly #folder: string;
  #tidied = false;

  constructor(pkiDir: string) {
    this.#pkiDir = pkiDir;
    this.#folder = join(pkiDir, "withdrawn");
  }

  /**
   * To be called before the first of an id's keys is removed. Nothing is noted where no RAET key was ever
   * accepted: keys of one kind alone let nothing in.
   * @throws SaltException when it cannot be noted.
   */
  note(id: string): void {
    if (!isValidMinionId(id) || !isThere(join(this.#pkiDir, "accepted"))) return;
    const path = join(this.#folder, id);
    ensureDir(this.#folder);
    this.#tidy();
    try {
      writeFileSync(path, "\n", { mode: 0o644 });
    } catch (error) {
      throw fileError("note the deletion of a key in", path, error);
    }
  }

  /** An operator has let the id in again. */
  clear(id: string): void {
    if (isValidMinionId(id)) removeKeyFile(join(this.#folder, id));
  }

  /** Whether no key may speak for the id now. */
  has(id: string): boolean {
    if (!isValidMinionId(id)) return true;
    const stat = statSync(join(this.#folder, id), { throwIfNoEntry: false });
    return stat !== undefined && isFresh(stat.mtimeMs);
  }

  /** Removes, once, what has no meaning any more. */
  #tidy(): void {
    if (this.#tidied) return;
    this.#tidied = true;
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (!stat || isFresh(stat.mtimeMs)) continue;
      try {
        unlinkSync(path);
      } catch (error) {
        // Another program was faster, or it is another user's: it only takes room.
        if (codeOf(error) !== "ENOENT") return;
      }
    }
  }
}

/** Also true for a while of one from the future: the clock was set back. */
function isFresh(mtimeMs: number): boolean {
  return Math.abs(Date.now() - mtimeMs) < WITHDRAWN_MS;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
