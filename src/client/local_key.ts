/**
 * The key by which a program on the master's host shows who runs it.
 * (`salt/client/__init__.py:LocalClient.__read_master_key`, `salt/utils/user.py:get_specific_user`)
 * @module
 */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";

/** Who runs this: the login name, or `sudo_<name>` for root through sudo. */
export function localUser(
  env: Readonly<Record<string, string | undefined>>,
  name: string = userInfo().username,
): string {
  const sudo = env["SUDO_USER"];
  return name === "root" && sudo ? `sudo_${sudo}` : name;
}

/** Whose key file that user presents: root and sudo users take that of the master's user. */
export function keyOwner(user: string, masterUser: string): string {
  return user === "root" || user.startsWith("sudo_") ? masterUser : user;
}

/** The path of a key file. */
export function keyFilePath(cachedir: string, owner: string): string {
  return join(cachedir, `.${owner.replaceAll("\\", "_")}_key`);
}

/** The key; empty when this user may not read it, and has to sign in by other means. */
export function readLocalKey(cachedir: string, user: string, masterUser: string): string {
  const owner = keyOwner(user, masterUser);
  // A name that is no file name cannot have a key.
  if (owner.includes("/") || owner.includes("\0")) return "";
  try {
    return readFileSync(keyFilePath(cachedir, owner), "utf8");
  } catch {
    return "";
  }
}
