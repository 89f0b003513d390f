/** Users and groups of files: `file.chown`, `file.get_user` … @module */
import { chownSync, lchownSync } from "node:fs";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { findGroup, findUser } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { expandUser, isLinkAt, pathExists } from "./paths.ts";
import { fileStats, followArg, pathArg } from "./stat.ts";

/** The id of a user; an empty text when there is none. */
export async function userId(user: Data): Promise<number | ""> {
  if (user === null) return process.getuid?.() ?? "";
  if (typeof user === "number") return user;
  return (await findUser(pyStr(user)))?.uid ?? "";
}

/** The id of a group; an empty text when there is none. */
export async function groupId(group: Data): Promise<number | ""> {
  if (group === null) return "";
  if (typeof group === "number") return group;
  return (await findGroup(pyStr(group)))?.gid ?? "";
}

/** Gives a file to a user and a group. What is wrong, or nothing. */
export async function changeOwner(
  path: string,
  user: Data,
  group: Data,
  followLinks: boolean,
): Promise<string | null> {
  const [uid, gid] = [user === "" ? "" : await userId(user), await groupId(group)];
  const problems = [
    ...(uid === "" && user ? ["User does not exist\n"] : []),
    ...(gid === "" && group ? ["Group does not exist\n"] : []),
  ];
  const ids: [number, number] = [uid === "" ? -1 : uid, gid === "" ? -1 : gid];
  const dangling = isLinkAt(path) && !pathExists(path);
  if (!pathExists(path) && !dangling) problems.push("File not found");
  if (problems.length > 0) return problems.join("");
  if (followLinks && !dangling) chownSync(path, ...ids);
  else lchownSync(path, ...ids);
  return null;
}

const user = { type: "any", required: true, doc: "Name or id of the user." } as const;
const group = { type: "any", required: true, doc: "Name or id of the group." } as const;

function getter(key: "uid" | "gid" | "user" | "group" | "mode", what: string) {
  return fn({
    doc: `Returns ${what} of a file.`,
    args: { path: pathArg, follow_symlinks: followArg },
    example: `salt '*' file.get_${key} /etc/passwd`,
    async run(ctx, args) {
      const stats = await fileStats(expandUser(ctx, args.path), null, args.follow_symlinks);
      return stats[key]!;
    },
  });
}

async function groupName(id: Data): Promise<Data> {
  const number = typeof id === "number" || /^\d+$/.test(pyStr(id)) ? Number(id) : await groupId(id);
  if (number === "") return "";
  return (await findGroup(number))?.name ?? number;
}

/** Functions about users and groups. */
export const ownerFunctions = {
  get_uid: getter("uid", "the id of the user"),
  get_gid: getter("gid", "the id of the group"),
  get_user: getter("user", "the user"),
  get_group: getter("group", "the group"),
  get_mode: getter("mode", "the mode"),
  uid_to_user: fn({
    doc: "Returns the name of a user; the id when there is none.",
    args: { uid: { type: "any", required: true, doc: "The id." } },
    example: "salt '*' file.uid_to_user 0",
    async run(_ctx, { uid }) {
      const number = Number(pyStr(uid));
      return Number.isInteger(number) ? (await findUser(number))?.name ?? uid : uid;
    },
  }),
  user_to_uid: fn({
    doc: "Returns the id of a user; an empty text when there is none.",
    args: { user },
    example: "salt '*' file.user_to_uid root",
    run: (_ctx, args) => userId(args.user),
  }),
  gid_to_group: fn({
    doc: "Returns the name of a group; the id when there is none.",
    args: { gid: { type: "any", required: true, doc: "The id." } },
    example: "salt '*' file.gid_to_group 0",
    run: (_ctx, args) => groupName(args.gid),
  }),
  group_to_gid: fn({
    doc: "Returns the id of a group; an empty text when there is none.",
    args: { group },
    example: "salt '*' file.group_to_gid root",
    run: (_ctx, args) => groupId(args.group),
  }),
  chown: fn({
    doc: "Gives a file to a user and a group.",
    args: { path: pathArg, user, group },
    example: "salt '*' file.chown /etc/passwd root root",
    run: (ctx, args) => changeOwner(expandUser(ctx, args.path), args.user, args.group, true),
  }),
  lchown: fn({
    doc: "Gives a link, or a file, to a user and a group.",
    args: { path: pathArg, user, group },
    example: "salt '*' file.lchown /etc/passwd root root",
    run: (ctx, args) => changeOwner(expandUser(ctx, args.path), args.user, args.group, false),
  }),
  chgrp: fn({
    doc: "Gives a file to a group.",
    args: { path: pathArg, group },
    example: "salt '*' file.chgrp /etc/passwd root",
    run: (ctx: ExecContext, args) => changeOwner(expandUser(ctx, args.path), "", args.group, true),
  }),
};
