/**
 * Makes the folders of a daemon and hands them to the user it will run as.
 * (`salt/utils/verify.py:verify_env`)
 * @module
 */
import { lchownSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ensureDir, fileError } from "../fs/mod.ts";

/** What of the options names folders. */
export interface FolderOptions {
  readonly pki_dir: string;
  readonly cachedir: string;
  readonly sock_dir: string;
  readonly permissive_pki_access: boolean;
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

/**
 * Makes the folders of keys, cache and sockets.
 *
 * @param owner who gets them; nobody when absent.
 * @throws SaltException naming the folder.
 */
export function prepareFolders(opts: FolderOptions, owner: Owner | undefined): void {
  const folders: [string, number][] = [
    [opts.pki_dir, opts.permissive_pki_access ? 0o750 : 0o700],
    [opts.cachedir, 0o750],
    [opts.sock_dir, 0o750],
  ];
  for (const [path, mode] of folders) {
    ensureDir(path, mode);
    if (owner && lstatSync(path).uid !== owner.uid) {
      try {
        handOver(path, owner);
      } catch (error) {
        throw fileError("give away", path, error);
      }
    }
  }
}
