/**
 * Users and groups of this machine: the files in `/etc` first, then whatever else the system asks
 * (LDAP, SSSD …) through `getent`.
 * @module
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";

/** An entry of the user database. */
export interface User {
  name: string;
  passwd: string;
  uid: number;
  gid: number;
  gecos: string;
  home: string;
  shell: string;
}

/** An entry of the group database. */
export interface Group {
  name: string;
  passwd: string;
  gid: number;
  members: string[];
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** An entry of `/etc/passwd`; undefined for a line that is none. */
export function parseUser(line: string): User | undefined {
  const parts = line.split(":");
  const [name, passwd, uid, gid, gecos, home, shell] = parts;
  if (parts.length < 7 || !name || !/^\d+$/.test(uid!) || !/^\d+$/.test(gid!)) return undefined;
  return {
    name,
    passwd: passwd!,
    uid: Number(uid),
    gid: Number(gid),
    gecos: gecos!,
    home: home!,
    shell: shell!,
  };
}

/** An entry of `/etc/group`; undefined for a line that is none. */
export function parseGroup(line: string): Group | undefined {
  const [name, passwd, gid, members] = line.split(":");
  if (!name || members === undefined || !/^\d+$/.test(gid!)) return undefined;
  return { name, passwd: passwd!, gid: Number(gid), members: members.split(",").filter(Boolean) };
}

function parsed<T>(texts: string[], parse: (line: string) => T | undefined): T[] {
  return texts.map(parse).filter((entry) => entry !== undefined);
}

/** What `getent <database> [key]` prints, in lines; nothing where there is no such program. */
function getent(database: string, key?: string): Promise<string[]> {
  const args = key === undefined ? [database] : [database, key];
  return new Promise((resolve) => {
    execFile(
      "getent",
      args,
      { timeout: 10_000, maxBuffer: 64 << 20 },
      (error, stdout) => resolve(error && stdout === "" ? [] : stdout.split("\n")),
    );
  });
}

/** Users in `/etc/passwd`. */
export function localUsers(): User[] {
  return parsed(lines("/etc/passwd"), parseUser);
}

/** Groups in `/etc/group`. */
export function localGroups(): Group[] {
  return parsed(lines("/etc/group"), parseGroup);
}

/** All users that the system can list. */
export async function allUsers(): Promise<User[]> {
  const users = parsed(await getent("passwd"), parseUser);
  return users.length > 0 ? users : localUsers();
}

/** All groups that the system can list. */
export async function allGroups(): Promise<Group[]> {
  const groups = parsed(await getent("group"), parseGroup);
  return groups.length > 0 ? groups : localGroups();
}

/** A key that `getent` cannot take for an option or several keys. */
function plainKey(key: string): boolean {
  return key !== "" && !key.startsWith("-") && !/[\0\n:]/.test(key);
}

/** The user with this name or id. */
export async function findUser(key: string | number): Promise<User | undefined> {
  const fits = (user: User) => typeof key === "number" ? user.uid === key : user.name === key;
  const local = localUsers().find(fits);
  if (local || !plainKey(String(key))) return local;
  return parsed(await getent("passwd", String(key)), parseUser).find(fits);
}

/** The group with this name or id. */
export async function findGroup(key: string | number): Promise<Group | undefined> {
  const fits = (group: Group) => typeof key === "number" ? group.gid === key : group.name === key;
  const local = localGroups().find(fits);
  if (local || !plainKey(String(key))) return local;
  return parsed(await getent("group", String(key)), parseGroup).find(fits);
}
