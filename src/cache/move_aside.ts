/**
 * Puts a damaged database out of the way, once, however many threads and processes notice it.
 * @module
 */
import { closeSync, openSync, readdirSync, renameSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileError } from "../fs/mod.ts";

/** SQLite's companions of a database. They belong to its content: the log may hold what the file lacks. */
const COMPANIONS = ["-wal", "-shm"];

/** How many damaged databases are kept for their owner to look at. */
const KEPT = 3;

/** ms after which the lock of another can only be that of a process that was killed. */
const LOCK_MS = 10_000;

/** ms between looks at the lock. */
const LOCK_WAIT = 20;

/**
 * Renames `path` and its companions to `<path>.corrupt-<time>`, if it is still the file `inode`.
 * @returns the new name; null when another has done it already.
 * @throws SaltException when it cannot be renamed.
 */
export function moveAside(path: string, inode: number): string | null {
  const unlock = lock(`${path}.lock`);
  try {
    if (statSync(path, { throwIfNoEntry: false })?.ino !== inode) return null;
    const stamp = new Date().toISOString().replaceAll(/\D/g, "").slice(0, 17);
    const aside = `${path}.corrupt-${stamp}`;
    for (const suffix of COMPANIONS) rename(path + suffix, aside + suffix);
    rename(path, aside);
    removeOldest(path);
    return aside;
  } finally {
    unlock();
  }
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw fileError("move aside", from, error);
  }
}

function removeOldest(path: string): void {
  const prefix = `${basename(path)}.corrupt-`;
  const folder = dirname(path);
  const kept = readdirSync(folder).filter((name) => /^\d+$/.test(name.slice(prefix.length)))
    .filter((name) => name.startsWith(prefix)).sort();
  for (const name of kept.slice(0, -KEPT)) {
    for (const suffix of ["", ...COMPANIONS]) remove(join(folder, name + suffix));
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already, or not ours to remove.
  }
}

/** Waits for its turn, without giving way to other work of this thread. */
function lock(path: string): () => void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  while (true) {
    try {
      closeSync(openSync(path, "wx", 0o600));
      return () => remove(path);
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw fileError("lock", path, error);
    }
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > LOCK_MS) remove(path);
    else Atomics.wait(sleeper, 0, 0, LOCK_WAIT);
  }
}
