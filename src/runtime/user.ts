/**
 * Changing to the user that the daemons are to run as.
 * @module
 */
import type * as ChildProcess from "node:child_process";
import { readFileSync } from "node:fs";
import { EX, messageOf, SaltException } from "../errors.ts";

/** A line of the user database. (getpwnam(3)) */
export interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
  shell: string;
}

/** Finds `user` in text that has the form of `/etc/passwd`. */
export function findPasswdEntry(text: string, user: string): PasswdEntry | undefined {
  for (const line of text.split("\n")) {
    const [name, , uid, gid, , home, shell] = line.split(":");
    if (name !== user || uid === undefined || gid === undefined) continue;
    return { name, uid: Number(uid), gid: Number(gid), home: home ?? "/", shell: shell ?? "" };
  }
  return undefined;
}

/**
 * Asks `/etc/passwd`, then whatever else the host has (LDAP, SSSD) through `getent`.
 * @throws {SaltException} when there is no such user.
 */
export function lookUpUser(user: string): PasswdEntry {
  const own = findPasswdEntry(readFileSync("/etc/passwd", "utf8"), user);
  if (own) return own;
  const { spawnSync }: typeof ChildProcess = process.getBuiltinModule("node:child_process");
  const answer = spawnSync("getent", ["passwd", "--", user], { encoding: "utf8", timeout: 10_000 });
  const other = findPasswdEntry(answer.stdout ?? "", user);
  if (other) return other;
  throw new SaltException(
    `Cannot run as user "${user}": there is no such user. Correct the setting "user" or create it.`,
    { exitCode: EX.NOUSER },
  );
}

/**
 * Gives up the present user for `user`, with all its groups. `HOME`, `SHELL`, `USER` and `LOGNAME`
 * follow where they are set. (`salt/utils/user.py:chugid_and_umask`, `salt/utils/verify.py:check_user`)
 * @throws {SaltException} when there is no such user, or this one may not.
 */
export function becomeUser(user: string, initgroups: (user: string, gid: number) => void): void {
  const entry = lookUpUser(user);
  if (process.getuid?.() === entry.uid) return;
  try {
    initgroups(entry.name, entry.gid);
    process.setgid?.(entry.gid);
    process.setuid?.(entry.uid);
  } catch (error) {
    throw new SaltException(
      `Cannot run as user "${user}": ${messageOf(error)}. Start as root, or as "${user}".`,
      { exitCode: EX.NOPERM, cause: error },
    );
  }
  const values = { HOME: entry.home, SHELL: entry.shell, USER: entry.name, LOGNAME: entry.name };
  for (const [name, value] of Object.entries(values)) {
    if (process.env[name] !== undefined) process.env[name] = value;
  }
}
