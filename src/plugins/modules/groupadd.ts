/** Groups, by the programs of the shadow suite. (`salt/modules/groupadd.py`) @module */
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import type { Group } from "../../process/mod.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import type { DataMap } from "../../types/mod.ts";
import { groupOf, groupsOf, rootArg } from "./_accounts.ts";
import { operand, runProgram } from "./_program.ts";

const name = { type: "string", required: true, doc: "Name of the group." } as const;
const username = { type: "string", required: true, doc: "Name of the user." } as const;
const nonUnique = {
  type: "bool",
  default: false,
  doc: "Let several groups have the id.",
} as const;

function formatGroup(group: Group): DataMap {
  const { name, passwd, gid, members } = group;
  return { name, passwd, gid, members };
}

/** Runs a program; whether it went well. */
async function succeeds(ctx: ExecContext, argv: string[]): Promise<boolean> {
  const { retcode, stderr } = await runProgram(ctx, argv);
  if (retcode !== 0) ctx.log.error(`${argv[0]} failed: ${stderr}`);
  return retcode === 0;
}

function rootOption(root: string | null, option = "-R"): string[] {
  return root === null ? [] : [option, root];
}

/** The module `group` of Linux. */
export const groupadd = executionModule({
  name: "groupadd",
  virtualname: "group",
  doc: "Groups of the machine.",
  virtual: ({ grains }) =>
    grains["kernel"] === undefined || grains["kernel"] === "Linux" || "the system is not Linux",
  functions: {
    add: fn({
      doc: "Adds a group.",
      args: {
        name,
        gid: { type: "any", default: null, doc: "The group's id; the next free one if left out." },
        system: { type: "bool", default: false, doc: "Take the id from the range of services." },
        root: rootArg,
        non_unique: nonUnique,
      },
      example: "salt '*' group.add foo 3456",
      run: (ctx, args) =>
        succeeds(ctx, [
          "groupadd",
          ...(pyTruthy(args.gid) ? ["-g", operand(args.gid, "a group id")] : []),
          ...(pyTruthy(args.gid) && args.non_unique ? ["-o"] : []),
          ...(args.system ? ["-r"] : []),
          ...rootOption(args.root),
          operand(args.name, "the name of a group"),
        ]),
    }),
    delete: fn({
      doc: "Deletes a group.",
      args: { name, root: rootArg },
      example: "salt '*' group.delete foo",
      run: (ctx, args) =>
        succeeds(ctx, [
          "groupdel",
          ...rootOption(args.root),
          operand(args.name, "the name of a group"),
        ]),
    }),
    info: fn({
      doc: "Returns what is known of a group; an empty map when there is none.",
      args: { name, root: rootArg },
      example: "salt '*' group.info foo",
      async run(_ctx, args) {
        const group = await groupOf(args.name, args.root);
        return group ? formatGroup(group) : {};
      },
    }),
    getent: fn({
      doc: "Returns what is known of each group.",
      args: {
        refresh: { type: "bool", default: false, doc: "Has no effect: nothing is remembered." },
        root: rootArg,
      },
      example: "salt '*' group.getent",
      run: async (_ctx, args) => (await groupsOf(args.root)).map(formatGroup),
    }),
    chgid: fn({
      doc: "Sets the id of a group.",
      args: {
        name,
        gid: { type: "any", required: true, doc: "The new id." },
        root: rootArg,
        non_unique: nonUnique,
      },
      example: "salt '*' group.chgid foo 4376",
      async run(ctx, args) {
        const before = await groupOf(args.name, args.root);
        if (!before) return false;
        if (pyStr(args.gid) === String(before.gid)) return true;
        const gid = operand(args.gid, "a group id");
        const option = args.non_unique ? "-og" : "-g";
        const name = operand(args.name, "the name of a group");
        await runProgram(ctx, ["groupmod", ...rootOption(args.root), option, gid, name]);
        return String((await groupOf(args.name, args.root))?.gid) === gid;
      },
    }),
    adduser: fn({
      doc: "Puts a user into a group.",
      args: { name, username, root: rootArg },
      example: "salt '*' group.adduser foo bar",
      run: (ctx, args) =>
        succeeds(ctx, [
          "gpasswd",
          "--add",
          operand(args.username, "a user"),
          operand(args.name, "the name of a group"),
          ...rootOption(args.root, "--root"),
        ]),
    }),
    deluser: fn({
      doc: "Takes a user out of a group. True also when the user was not in it.",
      args: { name, username, root: rootArg },
      example: "salt '*' group.deluser foo bar",
      async run(ctx, args) {
        const group = await groupOf(args.name, args.root);
        if (!group?.members.includes(args.username)) return true;
        return succeeds(ctx, [
          "gpasswd",
          "--del",
          operand(args.username, "a user"),
          operand(args.name, "the name of a group"),
          ...rootOption(args.root, "--root"),
        ]);
      },
    }),
    members: fn({
      doc: "Sets who is in a group; all others are taken out.",
      args: {
        name,
        members_list: { type: "any", required: true, doc: "Users: a list, or text with commas." },
        root: rootArg,
      },
      example: "salt '*' group.members foo 'user1,user2,user3,...'",
      run(ctx, args) {
        const list = args.members_list;
        const members = Array.isArray(list) ? list.map(pyStr).join(",") : pyStr(list);
        return succeeds(ctx, [
          "gpasswd",
          "--members",
          members,
          operand(args.name, "the name of a group"),
          ...rootOption(args.root, "--root"),
        ]);
      },
    }),
  },
});
