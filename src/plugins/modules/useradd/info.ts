/** What is known of users: `user.info`, `user.getent` … @module */
import { type ExecContext, fn } from "../../../loader/types.ts";
import type { User } from "../../../process/mod.ts";
import { compareText } from "../../../text/py_text.ts";
import type { DataMap } from "../../../types/mod.ts";
import { groupNamesOf, groupsOf, memberships, rootArg, userOf, usersOf } from "../_accounts.ts";
import { operand, programOutput } from "../_program.ts";

/** The parts of the comment field, in their order. */
export const gecosKeys = ["fullname", "roomnumber", "workphone", "homephone", "other"] as const;

/** One part of the comment field. */
export type GecosKey = (typeof gecosKeys)[number];

/** The comment field taken apart; the last part keeps its commas. */
export function parseGecos(gecos: string): Record<GecosKey, string> {
  const parts = gecos.split(",");
  const values = [...parts.slice(0, 4), parts.slice(4).join(",")];
  return Object.fromEntries(
    gecosKeys.map((key, index) => [key, values[index] ?? ""]),
  ) as Record<GecosKey, string>;
}

/** The comment field put together. */
export function formatGecos(parts: Record<GecosKey, string>): string {
  return gecosKeys.map((key) => parts[key]).join(",").replace(/,+$/, "");
}

function formatUser(user: User, groups: string[]): DataMap {
  return {
    gid: user.gid,
    groups,
    home: user.home,
    name: user.name,
    passwd: user.passwd,
    shell: user.shell,
    uid: user.uid,
    ...parseGecos(user.gecos),
  };
}

/** A user as `user.info` shows it; an empty map when there is none. */
export async function userInfo(
  ctx: ExecContext,
  name: string,
  root: string | null,
): Promise<DataMap> {
  const user = await userOf(name, root);
  return user ? formatUser(user, await groupNamesOf(ctx, name)) : {};
}

const name = { type: "string", required: true, doc: "Name of the user." } as const;

/** Functions that change nothing. */
export const infoFunctions = {
  info: fn({
    doc: "Returns what is known of a user; an empty map when there is none.",
    args: { name, root: rootArg },
    example: "salt '*' user.info root",
    run: (ctx, args) => userInfo(ctx, args.name, args.root),
  }),
  getent: fn({
    doc: "Returns what is known of each user.",
    args: {
      refresh: { type: "bool", default: false, doc: "Has no effect: nothing is remembered." },
      root: rootArg,
    },
    example: "salt '*' user.getent",
    async run(_ctx, { root }) {
      const [users, groups] = await Promise.all([usersOf(root), groupsOf(null)]);
      return users.map((user) => formatUser(user, memberships(user, groups)));
    },
  }),
  list_users: fn({
    doc: "Lists the names of all users, sorted.",
    args: { root: rootArg },
    example: "salt '*' user.list_users",
    run: async (_ctx, { root }) => (await usersOf(root)).map((user) => user.name).sort(compareText),
  }),
  list_groups: fn({
    doc: "Lists the groups of a user, sorted.",
    args: { name },
    example: "salt '*' user.list_groups foo",
    run: (ctx, args) => groupNamesOf(ctx, args.name),
  }),
  primary_group: fn({
    doc: "Returns the name of a user's primary group.",
    args: { name },
    example: "salt '*' user.primary_group saltadmin",
    run: (ctx, args) => programOutput(ctx, ["id", "-g", "-n", operand(args.name, "a user")]),
  }),
  get_loginclass: fn({
    doc: "Returns the login class of a user. Only OpenBSD has them; elsewhere False.",
    args: { name },
    example: "salt '*' user.get_loginclass foo",
    run: () => false,
  }),
};
