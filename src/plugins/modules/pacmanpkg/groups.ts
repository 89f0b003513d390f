/** Groups of packages: `pkg.group_list`, `pkg.group_info` … @module */
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compareText } from "../../../text/py_text.ts";
import type { DataMap } from "../../../types/mod.ts";
import { packageWord } from "../_package_manager.ts";
import { runProgram } from "../_program.ts";
import { listPackages } from "./list.ts";
import { parseGroups } from "./pacman.ts";

async function groupList(ctx: ExecContext): Promise<DataMap> {
  const ask = async (option: string) =>
    parseGroups((await runProgram(ctx, ["pacman", option], { ignoreRetcode: true })).stdout);
  const [available, installed] = [await ask("-Sgg"), await ask("-Qg")];
  const known = Object.keys(installed).filter((group) => Object.hasOwn(available, group));
  const isWhole = (group: string) => installed[group]!.length === available[group]!.length;
  return {
    installed: known.filter(isWhole).sort(compareText),
    partially_installed: known.filter((group) => !isWhole(group)).sort(compareText),
    available: Object.keys(available).filter((group) => !known.includes(group)).sort(compareText),
  };
}

const kinds = ["mandatory", "optional", "default", "conditional"];

async function groupMembers(ctx: ExecContext, name: string): Promise<string[]> {
  const { stdout } = await runProgram(ctx, ["pacman", "-Sgg", packageWord(name)]);
  return [...new Set(parseGroups(stdout)[name] ?? [])].sort(compareText);
}

const groupArg = { type: "string", required: true, doc: "Name of the group." } as const;

/** Functions for groups of packages. */
export const groupFunctions = {
  group_list: fn({
    doc: "Lists the groups of packages that are installed, partly installed, and that could be.",
    args: {},
    example: "salt '*' pkg.group_list",
    run: (ctx) => groupList(ctx),
  }),
  group_info: fn({
    doc: "Returns the packages of a group; all of them are default ones.",
    args: { name: groupArg },
    example: "salt '*' pkg.group_info 'xorg'",
    async run(ctx, { name }) {
      const members = await groupMembers(ctx, name);
      return Object.fromEntries(kinds.map((kind) => [kind, kind === "default" ? members : []]));
    },
  }),
  group_diff: fn({
    doc: "Returns which packages of a group are installed and which are not.",
    args: { name: groupArg },
    example: "salt '*' pkg.group_diff 'xorg'",
    async run(ctx, { name }) {
      const installed = await listPackages(ctx);
      const members = await groupMembers(ctx, name);
      const isIn = (one: string) => Object.hasOwn(installed, one);
      return Object.fromEntries(kinds.map((kind) => {
        const own = kind === "default" ? members : [];
        return [kind, {
          installed: own.filter(isIn),
          "not installed": own.filter((one) => !isIn(one)),
        }];
      }));
    },
  }),
};
