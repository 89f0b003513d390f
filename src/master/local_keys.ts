/**
 * Keys by which programs of this host show that they run as a user the master trusts: one file
 * `<cachedir>/.<user>_key` each, made anew at every start. (`salt/daemons/masterapi.py:access_keys`)
 * @module
 */
import { chown, readdir, rm } from "node:fs/promises";
import { timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { Buffer } from "node:buffer";
import { Crypticle } from "../crypt/mod.ts";
import { atomicWrite } from "../fs/atomic_write.ts";
import { getLogger } from "../logging/mod.ts";
import { allUsers, findUser, type User } from "../process/mod.ts";
import { nameMatches } from "./access/acl.ts";

const log = getLogger("saltx.master");

/** User names as `useradd` makes them; anything else never becomes part of a path. */
const USER = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/;

/** Where a user's key is. A domain user's backslash becomes an underscore, as in Salt. */
export function localKeyPath(cachedir: string, user: string): string {
  return join(cachedir, `.${user.replaceAll("\\", "_")}_key`);
}

/** Whom keys are for. */
export interface KeyUsers {
  /** Who the master runs as. */
  readonly master: string;
  /** Names and patterns of `publisher_acl`. */
  readonly patterns: readonly string[];
  /** Whether all users of this host are held against the patterns. (`client_acl_verify`) */
  readonly verify: boolean;
}

/**
 * Writes a fresh key for the master's user and for each user of this host whom `publisher_acl` names,
 * readable by that user alone, and removes those of an earlier start.
 * @returns user to key.
 */
export async function writeLocalKeys(
  cachedir: string,
  users: KeyUsers,
): Promise<Record<string, string>> {
  for (const name of await readdir(cachedir)) {
    if (name.startsWith(".") && name.endsWith("_key")) await rm(join(cachedir, name));
  }
  const accounts = new Map<string, User>();
  for (const user of await namedUsers(users)) accounts.set(user.name, user);
  const keys: Record<string, string> = {};
  for (const user of new Set([users.master, ...accounts.keys()])) {
    if (!USER.test(user)) {
      log.error(`publisher_acl: '${user}' is not a user name; it gets no key`);
      continue;
    }
    const path = localKeyPath(cachedir, user);
    keys[user] = Crypticle.generateKeyString();
    await atomicWrite(path, keys[user], { mode: 0o600 });
    const ids = accounts.get(user);
    if (ids) await chown(path, ids.uid, ids.gid);
  }
  return keys;
}

/** Compares in constant time; the lengths of keys are no secret. */
export function sameKey(given: unknown, wanted: string | undefined): boolean {
  if (typeof given !== "string" || wanted === undefined) return false;
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The users of this host that are named. A directory that can be asked for one need not list all. */
async function namedUsers({ master, patterns, verify }: KeyUsers): Promise<User[]> {
  const found: User[] = [];
  const everybody = verify && patterns.length > 0 ? await allUsers() : [];
  for (const pattern of [master, ...patterns]) {
    const exact = await findUser(pattern);
    const named = exact ? [exact] : everybody.filter(({ name }) => nameMatches(pattern, name));
    if (named.length === 0 && pattern !== master) {
      log.warning(`publisher_acl: '${pattern}' names no user of this host`);
    }
    found.push(...named);
  }
  return found;
}
