/**
 * Users and groups of the machine, or of a system below another root.
 * @module
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, messageOf } from "../../errors.ts";
import type { ExecContext } from "../../loader/types.ts";
import {
  allGroups,
  allUsers,
  findGroup,
  findUser,
  type Group,
  parseGroup,
  parseUser,
  type User,
} from "../../process/mod.ts";
import { compareText } from "../../text/py_text.ts";
import { runProgram } from "./_program.ts";

/** The argument that names another root. */
export const rootArg = {
  type: "string",
  default: null,
  doc: "Folder of a system to change in place of the running one.",
} as const;

function entries<T>(root: string, file: string, parse: (line: string) => T | undefined): T[] {
  const path = join(root, "etc", file);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CommandExecutionError(`Cannot read "${path}": ${messageOf(error)}`);
  }
  return text.split("\n").map((line) => parse(line.trim())).filter((entry) => entry !== undefined);
}

/** All users. @throws CommandExecutionError when `root` has no such file. */
export function usersOf(root: string | null): Promise<User[]> | User[] {
  return root === null ? allUsers() : entries(root, "passwd", parseUser);
}

/** The user with this name. */
export async function userOf(name: string, root: string | null): Promise<User | undefined> {
  if (root === null) return await findUser(name);
  return entries(root, "passwd", parseUser).find((user) => user.name === name);
}

/** All groups. @throws CommandExecutionError when `root` has no such file. */
export function groupsOf(root: string | null): Promise<Group[]> | Group[] {
  return root === null ? allGroups() : entries(root, "group", parseGroup);
}

/** The group with this name. */
export async function groupOf(name: string, root: string | null): Promise<Group | undefined> {
  if (root === null) return await findGroup(name);
  return entries(root, "group", parseGroup).find((group) => group.name === name);
}

/** Names of the groups among `groups` that a user is in, sorted. */
export function memberships(user: User, groups: readonly Group[]): string[] {
  const names = groups.filter(({ gid, members }) => gid === user.gid || members.includes(user.name))
    .map(({ name }) => name);
  return [...new Set(names)].sort(compareText);
}

/** Names of all groups of a user, sorted: also those that the system knows only when asked for one user. */
export async function groupNamesOf(ctx: ExecContext, name: string): Promise<string[]> {
  const user = await findUser(name);
  if (!user) return [];
  const groups = await allGroups();
  const asked = await runProgram(ctx, ["id", "-G", "--", name], { ignoreRetcode: true });
  if (asked.retcode !== 0) return memberships(user, groups);
  const names = await Promise.all(
    asked.stdout.split(/\s+/).filter(Boolean).map(Number).map(async (gid) =>
      (groups.find((group) => group.gid === gid) ?? await findGroup(gid))?.name
    ),
  );
  return [...new Set(names.filter((one) => one !== undefined))].sort(compareText);
}
