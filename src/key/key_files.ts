/**
 * Key files on disk: each step is one atomic operation of the file system, so that any number of
 * threads and processes can work on the same folders without locks.
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ensureDir, fileError } from "../fs/mod.ts";

/** Bytes of a public key file that are read at most; the PEM of a 32,768-bit key has 5,600. */
export const MAX_KEY_BYTES = 16_384;

/** Begins the names of files that are not finished. Listings pass over names with a dot in front. */
const TEMP_PREFIX = ".saltx-";

/** ms after which an unfinished file can only be the litter of a process that was killed. */
const LITTER_MS = 600_000;

/** The `code` of a system error. */
export function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

/**
 * Makes the pki folder. One that is there keeps the modes that Salt lets pass, 0700 and 0750, and with
 * `permissive` any; every other becomes 0700. (`salt/utils/verify.py:verify_env`)
 */
export function ensurePkiFolder(path: string, permissive: boolean): void {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  const fine = mode !== undefined && (permissive || (mode & 0o7777) === 0o750);
  ensureDir(path, fine ? undefined : 0o700);
}

/** The text of a key file; null when there is none, it is a folder, or too large to be a key. */
export function readKeyFile(path: string): string | null {
  try {
    const bytes = readFileSync(path);
    return bytes.length > MAX_KEY_BYTES ? null : new TextDecoder().decode(bytes);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "EISDIR" || code === "ENOTDIR") return null;
    throw fileError("read", path, error);
  }
}

/** Names of the key files in a folder; none when the folder does not exist. */
export function listKeyFiles(folder: string): string[] {
  const names: string[] = [];
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      if (entry.isFile() || (entry.isSymbolicLink() && isFile(join(folder, entry.name)))) {
        names.push(entry.name);
      }
    }
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw fileError("list", folder, error);
  }
  return names;
}

/** Whether a path leads to a regular file. Throws SaltException when that cannot be told. */
export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/**
 * Makes `<folder>/<name>` with `text`, complete from the moment it can be seen. False: the name is taken.
 *
 * `ready` is used up: a file with this text that {@linkcode writeAhead} made on the same file system.
 */
export function createKeyFile(
  folder: string,
  name: string,
  text: string,
  { mode = 0o644, ready }: { mode?: number; ready?: string | undefined } = {},
): boolean {
  const path = join(folder, name);
  const temp = ready ?? writeTemp(folder, path, text, mode);
  try {
    linkOrCopy(temp, path, text, mode);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw fileError("write", path, error);
  } finally {
    removeKeyFile(temp);
  }
}

/** Replaces `<folder>/<name>` by `text` at once. */
export function replaceKeyFile(folder: string, name: string, text: string, mode = 0o644): void {
  const path = join(folder, name);
  const temp = writeTemp(folder, path, text, mode);
  try {
    renameSync(temp, path);
  } catch (error) {
    removeKeyFile(temp);
    throw fileError("write", path, error);
  }
}

/** Moves a key file. False: it was not there any more. What has the target's name is replaced. */
export function moveKeyFile(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    // With a folder to go to, it is the key that was missing, even if another has its name by now.
    if (codeOf(error) === "ENOENT" && statSync(dirname(to), { throwIfNoEntry: false })) {
      return false;
    }
    throw fileError("move key to", to, error);
  }
}

/** Removes a file. False: it was not there any more. */
export function removeKeyFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw fileError("remove", path, error);
  }
}

/** Removes what processes that were killed left unfinished in a folder. */
export function removeLitter(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(TEMP_PREFIX)) continue;
    const path = join(folder, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat && now - stat.mtimeMs > LITTER_MS) removeKeyFile(path);
  }
}

/** Makes moves and removals in a folder outlast a power cut. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Some file systems refuse to sync folders, and some folders may be written but not read.
  }
}

/**
 * Writes a file without a name to be seen by, and resolves with its path once it is on the disk. Many at
 * a time are there sooner than one after the other, as the file system commits them together.
 */
export async function writeAhead(folder: string, text: string, mode = 0o644): Promise<string> {
  const { temp, fd } = openTemp(folder, mode);
  try {
    try {
      writeFileSync(fd, text);
      await new Promise<void>((resolve, reject) =>
        fsync(fd, (error) => error ? reject(error) : resolve())
      );
    } finally {
      closeSync(fd);
    }
    return temp;
  } catch (error) {
    removeKeyFile(temp);
    throw fileError("write", temp, error);
  }
}

function writeTemp(folder: string, path: string, text: string, mode: number): string {
  let made: string | undefined;
  try {
    const { temp, fd } = openTemp(folder, mode);
    made = temp;
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return temp;
  } catch (error) {
    if (made !== undefined) removeKeyFile(made);
    throw fileError("write", path, error);
  }
}

/** A new file of the folder's owner that no listing shows. */
function openTemp(folder: string, mode: number): { temp: string; fd: number } {
  const temp = join(folder, `${TEMP_PREFIX}${process.pid}-${randomBytes(9).toString("hex")}`);
  const fd = openSync(temp, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    const { uid, gid } = statSync(folder);
    if (process.getuid?.() === 0 && uid !== 0) fchownSync(fd, uid, gid);
    fchmodSync(fd, mode);
    return { temp, fd };
  } catch (error) {
    closeSync(fd);
    removeKeyFile(temp);
    throw error;
  }
}

/** A hard link gives a complete file its name only if that is free; where there are none, a slower way. */
function linkOrCopy(temp: string, path: string, text: string, mode: number): void {
  try {
    linkSync(temp, path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "EEXIST" || code === "ENOSPC" || code === "EACCES" || code === "EROFS") {
      throw error;
    }
    writeFileSync(path, text, { flag: "wx", mode, flush: true });
  }
}
