/**
 * Makes the folders of a daemon and hands them to the user it will run as.
 * (`salt/utils/verify.py:verify_env`)
 * @module
 */
import { lchownSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ensureDir, fileError } from "../fs/mod.ts";

/** What of the options names folders. */
export interface FolderOptions {
  readonly pki_dir: string;
  readonly cachedir: string;
  readonly sock_dir: string;
}

/** A user as files know him. */
export interface Owner {
  uid: number;
  gid: number;
}

/** Gives a folder and all in it to `owner`. Links are not followed. */
function handOver(path: string, owner: Owner): void {
  const stat = lstatSync(path);
  if (stat.uid !== owner.uid || stat.gid !== owner.gid) lchownSync(path, owner.uid, owner.gid);
  if (!stat.isDirectory()) return;
  for (const name of readdirSync(path)) handOver(join(path, name), owner);
}

/** Salt lets a pki folder be open to its group, and closes it to others. */
const PKI_MODES: readonly number[] = [0o700, 0o750];

function modeOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && stat.mode & 0o7777;
}

/**
 * Makes the folders of keys, cache and sockets that are missing.
 *
 * @param owner who gets them; nobody when absent.
 * @throws SaltException naming the folder.
 */
export function prepareFolders(opts: FolderOptions, owner: Owner | undefined): void {
  if (!PKI_MODES.includes(modeOf(opts.pki_dir) ?? 0)) ensureDir(opts.pki_dir, 0o700);
  for (const path of [opts.cachedir, opts.sock_dir]) {
    if (modeOf(path) === undefined) ensureDir(path, 0o750);
  }
  if (!owner) return;
  for (const path of [opts.pki_dir, opts.cachedir, opts.sock_dir]) {
    if (statSync(path).uid === owner.uid) continue;
    try {
      handOver(path, owner);
    } catch (error) {
      throw fileError("give away", path, error);
    }
  }
}
