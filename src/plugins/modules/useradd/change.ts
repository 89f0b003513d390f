/** Changes of users: `user.chuid`, `user.chgroups`, `user.chfullname` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { groupNamesOf, rootArg, userOf } from "../_accounts.ts";
import { operand, runProgram } from "../_program.ts";
import { formatGecos, type GecosKey, parseGecos, userInfo } from "./info.ts";

const name = { type: "string", required: true, doc: "Name of the user." } as const;

function rootOption(root: string | null): string[] {
  return root === null ? [] : ["-R", root];
}

/** Names of groups, given as a list or with commas between them. */
export function groupList(groups: Data): string[] {
  const list = Array.isArray(groups) ? groups.map(pyStr) : pyStr(groups).split(",");
  return list.map((group) => operand(group, "the name of a group"));
}

interface Attribute {
  key: string;
  value: Data;
  option: string;
  more?: string[];
  root: string | null;
}

/** Sets one field of a user. Whether it has the value now. */
async function changeAttribute(
  ctx: ExecContext,
  user: string,
  { key, value, option, more = [], root }: Attribute,
): Promise<boolean> {
  const before = await userInfo(ctx, user, root);
  if (Object.keys(before).length === 0) {
    throw new CommandExecutionError(`User '${user}' does not exist`);
  }
  const text = pyStr(value);
  if (text === pyStr(before[key]!)) return true;
  const word = operand(value, `the ${key} of a user`);
  await runProgram(ctx, ["usermod", ...rootOption(root), ...more, option, word, user]);
  const after = await userInfo(ctx, key === "name" ? text : user, root);
  return Object.hasOwn(after, key) && pyStr(after[key]!) === text;
}

/** Sets one part of the comment field. Whether it has the value now. */
export async function changeGecos(
  ctx: ExecContext,
  user: string,
  key: GecosKey,
  value: Data,
  root: string | null,
): Promise<boolean> {
  const before = await userOf(user, root);
  if (!before) throw new CommandExecutionError(`User '${user}' does not exist`);
  const text = value === null ? "" : pyStr(value);
  if (/[\0\n:]/.test(text) || (key !== "other" && text.includes(","))) {
    throw new CommandExecutionError(`"${text}" cannot be the ${key} of a user`);
  }
  const parts = parseGecos(before.gecos);
  if (parts[key] === text) return true;
  const gecos = formatGecos({ ...parts, [key]: text });
  await runProgram(ctx, ["usermod", ...rootOption(root), "-c", gecos, user]);
  const after = await userOf(user, root);
  return after !== undefined && parseGecos(after.gecos)[key] === text;
}

/** Puts a user into groups, and out of all others unless `append`. */
export async function changeGroups(
  ctx: ExecContext,
  user: string,
  groups: Data,
  options: { append: boolean; root: string | null },
): Promise<boolean> {
  const wanted = groupList(groups);
  const known = await groupNamesOf(ctx, user);
  if (known.length === new Set(wanted).size && wanted.every((group) => known.includes(group))) {
    return true;
  }
  const append = options.append ? ["-a"] : [];
  const argv = ["usermod", ...rootOption(options.root), ...append, "-G", wanted.join(","), user];
  const done = await runProgram(ctx, argv);
  if (done.retcode === 0 || !done.stderr.includes("not found in")) return done.retcode === 0;
  // The user is not a local one: usermod cannot change it, but local groups can have it.
  let all = true;
  for (const group of wanted) {
    all = (await runProgram(ctx, ["gpasswd", "-a", user, group])).retcode === 0 && all;
  }
  return all;
}

function attribute(key: string, option: string, what: string, example: string) {
  const args = {
    name,
    [key]: { type: "any", required: true, doc: `The new ${what}.` },
    root: rootArg,
  } as const;
  return fn({
    doc: `Sets the ${what} of a user.`,
    args,
    example,
    run: (ctx, given) => {
      const { name: user, root, [key]: value } = given as {
        name: string;
        root: string | null;
        [key: string]: Data;
      };
      return changeAttribute(ctx, user, { key, value: value!, option, root });
    },
  });
}

function gecos(key: GecosKey, what: string, example: string) {
  const args = {
    name,
    [key]: { type: "any", required: true, doc: `The new ${what}.` },
    root: rootArg,
  } as const;
  return fn({
    doc: `Sets the ${what} of a user, in the comment field.`,
    args,
    example,
    run: (ctx, given) => {
      const { name: user, root, [key]: value } = given as {
        name: string;
        root: string | null;
        [key: string]: Data;
      };
      return changeGecos(ctx, operand(user, "a user"), key, value!, root);
    },
  });
}

/** Functions that change a user. */
export const changeFunctions = {
  chuid: attribute("uid", "-u", "id", "salt '*' user.chuid foo 4376"),
  chgid: attribute("gid", "-g", "primary group", "salt '*' user.chgid foo 4376"),
  chshell: attribute("shell", "-s", "login shell", "salt '*' user.chshell foo /bin/zsh"),
  chhome: fn({
    doc: "Sets the home folder of a user.",
    args: {
      name,
      home: { type: "string", required: true, doc: "The new home folder." },
      persist: { type: "bool", default: false, doc: "Move what is in the old one." },
      root: rootArg,
    },
    example: "salt '*' user.chhome foo /home/users/foo True",
    run: (ctx, args) =>
      changeAttribute(ctx, args.name, {
        key: "home",
        value: args.home,
        option: "-d",
        more: args.persist ? ["-m"] : [],
        root: args.root,
      }),
  }),
  chgroups: fn({
    doc: "Sets the groups of a user, besides the primary one.",
    args: {
      name,
      groups: { type: "any", required: true, doc: "List of groups, or text with commas." },
      append: { type: "bool", default: false, doc: "Leave the user in the other groups too." },
      root: rootArg,
    },
    example: "salt '*' user.chgroups foo wheel,root\nsalt '*' user.chgroups foo wheel append=True",
    run: (ctx, args) => changeGroups(ctx, operand(args.name, "a user"), args.groups, args),
  }),
  chfullname: gecos("fullname", "full name", `salt '*' user.chfullname foo "Foo Bar"`),
  chroomnumber: gecos("roomnumber", "room number", "salt '*' user.chroomnumber foo 123"),
  chworkphone: gecos("workphone", "work phone", "salt '*' user.chworkphone foo 7735550123"),
  chhomephone: gecos("homephone", "home phone", "salt '*' user.chhomephone foo 7735551234"),
  chother: gecos("other", "last part", "salt '*' user.chother foobar"),
  chloginclass: fn({
    doc: "Sets the login class of a user. Only OpenBSD has them; elsewhere False.",
    args: { name, loginclass: { type: "string", required: true, doc: "" }, root: rootArg },
    example: "salt '*' user.chloginclass foo staff",
    run: () => false,
  }),
  rename: fn({
    doc: "Gives a user another name.",
    args: {
      name,
      new_name: { type: "string", required: true, doc: "The new name." },
      root: rootArg,
    },
    example: "salt '*' user.rename name new_name",
    async run(ctx, args) {
      if (await userOf(args.new_name, args.root)) {
        throw new CommandExecutionError(`User '${args.new_name}' already exists`);
      }
      const attribute = { key: "name", value: args.new_name, option: "-l", root: args.root };
      return changeAttribute(ctx, operand(args.name, "a user"), attribute);
    },
  }),
};
