/**
 * The file by which anybody who may write to the master's cache folder asks it to rotate the session
 * key. (`salt/crypt.py:dropfile`)
 * @module
 */
import { chownSync, closeSync, openSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { ensureDir, fileError } from "../fs/mod.ts";
import { codeOf } from "./key_files.ts";

/** Where the file is looked for. */
export function dropFilePath(cachedir: string): string {
  return join(cachedir, ".dfn");
}

/**
 * Asks for a rotation. A wish that is still waiting is enough. The file's mode is 0400 from the start
 * and its owner is that of the folder: the master obeys no other.
 * @throws SaltException when it cannot be written.
 */
export function requestRotation(cachedir: string): void {
  const path = dropFilePath(cachedir);
  ensureDir(dirname(path));
  try {
    closeSync(openSync(path, "wx", 0o400));
    const { uid, gid } = statSync(cachedir);
    if (process.getuid?.() === 0 && uid !== 0) chownSync(path, uid, gid);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw fileError("ask for a new session key by", path, error);
  }
}
