/** Users, by the programs of the shadow suite. (`salt/modules/useradd.py`) @module */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ExecContext, executionModule, fn } from "../../../loader/types.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { groupOf, rootArg } from "../_accounts.ts";
import { operand, runProgram } from "../_program.ts";
import { changeFunctions, changeGecos, changeGroups, groupList } from "./change.ts";
import { gecosKeys, infoFunctions } from "./info.ts";

interface Add {
  name: string;
  uid: Data;
  gid: Data;
  groups: Data;
  home: string | null;
  shell: string | null;
  unique: boolean;
  system: boolean;
  fullname: Data;
  roomnumber: Data;
  workphone: Data;
  homephone: Data;
  other: Data;
  createhome: boolean;
  nologinit: boolean;
  root: string | null;
  usergroup: boolean | null;
}

function isGiven(value: Data): boolean {
  return value !== null && value !== "";
}

/** Whether useradd would make a group of the user's name. */
function makesUserGroup(root: string | null): boolean {
  try {
    const text = readFileSync(join(root ?? "/", "etc/login.defs"), "utf8");
    return /^\s*USERGROUPS_ENAB\s+yes/m.test(text);
  } catch {
    return false;
  }
}

/** The primary group, as an option of useradd. */
async function primaryGroup({ name, gid, groups, usergroup, root }: Add): Promise<string[]> {
  if (isGiven(gid)) return ["-g", operand(gid, "a group")];
  if (usergroup) return ["-U"];
  if (!pyTruthy(groups) || !groupList(groups).includes(name) || !makesUserGroup(root)) return [];
  // The group of the user's name is there already: useradd would refuse to make it.
  const group = await groupOf(name, root);
  return group ? ["-g", String(group.gid)] : [];
}

async function add(ctx: ExecContext, args: Add): Promise<boolean> {
  const { name, root, shell, home } = args;
  const user = operand(name, "the name of a user");
  const argv = [
    "useradd",
    ...(shell ? ["-s", operand(shell, "a shell")] : []),
    ...(isGiven(args.uid) ? ["-u", operand(args.uid, "a user id")] : []),
    ...await primaryGroup(args),
    ...(args.usergroup === false ? ["-N"] : []),
    args.createhome ? "-m" : "-M",
    ...(args.nologinit ? ["-l"] : []),
    ...(home === null ? [] : ["-d", operand(home, "a home folder")]),
    ...(args.unique ? [] : ["-o"]),
    ...(args.system ? ["-r"] : []),
    ...(root === null ? [] : ["-R", root]),
    user,
  ];
  const done = await runProgram(ctx, argv);
  if (done.retcode !== 0) {
    ctx.log.error(`useradd failed: ${done.stderr}`);
    return false;
  }
  if (pyTruthy(args.groups)) await changeGroups(ctx, user, args.groups, { append: false, root });
  for (const key of gecosKeys) {
    if (pyTruthy(args[key])) await changeGecos(ctx, user, key, args[key], root);
  }
  return true;
}

/** `userdel` of Debian says so when there is no mailbox to remove; the user is gone all the same. */
function onlyMailMissing(ctx: ExecContext, stderr: string): boolean {
  return ctx.grains["os_family"] === "Debian" && /var\/(spool\/)?mail/.test(stderr);
}

const name = { type: "string", required: true, doc: "Name of the user." } as const;
const part = (what: string) => ({ type: "any", default: "", doc: `The ${what}.` }) as const;

/** The module `user` of Linux. */
export const useradd = executionModule({
  name: "useradd",
  virtualname: "user",
  doc: "Users of the machine.",
  virtual: ({ grains }) =>
    grains["kernel"] === undefined || grains["kernel"] === "Linux" || "the system is not Linux",
  functions: {
    add: fn({
      doc: "Adds a user.",
      args: {
        name,
        uid: { type: "any", default: null, doc: "The user's id; the next free one if left out." },
        gid: { type: "any", default: null, doc: "Name or id of the primary group." },
        groups: { type: "any", default: null, doc: "Other groups: a list, or text with commas." },
        home: { type: "string", default: null, doc: "The home folder." },
        shell: { type: "string", default: null, doc: "The login shell." },
        unique: { type: "bool", default: true, doc: "False lets several users have the id." },
        system: { type: "bool", default: false, doc: "Take the id from the range of services." },
        fullname: part("full name"),
        roomnumber: part("room number"),
        workphone: part("work phone"),
        homephone: part("home phone"),
        other: part("last part of the comment field"),
        createhome: { type: "bool", default: true, doc: "Make the home folder." },
        loginclass: { type: "any", default: null, doc: "Has an effect on OpenBSD only." },
        nologinit: { type: "bool", default: false, doc: "Keep out of lastlog and faillog." },
        root: rootArg,
        usergroup: {
          type: "bool",
          default: null,
          doc: "Make a group of the user's name, or do not; as login.defs says if left out.",
        },
      },
      example: "salt '*' user.add name <uid> <gid> <groups> <home> <shell>",
      run: add,
    }),
    delete: fn({
      doc: "Deletes a user.",
      args: {
        name,
        remove: { type: "bool", default: false, doc: "Delete the home folder and mailbox too." },
        force: { type: "bool", default: false, doc: "Also when the user is logged in." },
        root: rootArg,
      },
      example: "salt '*' user.delete name remove=True force=True",
      async run(ctx, args) {
        const options = [...(args.remove ? ["-r"] : []), ...(args.force ? ["-f"] : [])];
        const root = args.root === null ? [] : ["-R", args.root];
        const user = operand(args.name, "the name of a user");
        const done = await runProgram(ctx, ["userdel", ...options, ...root, user]);
        if (done.retcode === 0) return true;
        if (done.retcode === 12 && onlyMailMissing(ctx, done.stderr)) {
          ctx.context.retcode = 0;
          return true;
        }
        ctx.log.error(`userdel failed: ${pyStr(done.stderr)}`);
        return false;
      },
    }),
    ...infoFunctions,
    ...changeFunctions,
  },
});
