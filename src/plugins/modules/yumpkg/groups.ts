/** Groups of packages: `pkg.group_list`, `pkg.group_install` … @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { kwargsArg, withoutJob } from "../_package_manager.ts";
import { operand, runProgram } from "../_program.ts";
import { listPackages } from "../_rpm_list.ts";
import { yumName } from "./yum.ts";

const sections: Readonly<Record<string, string>> = {
  "installed groups:": "installed",
  "available groups:": "available",
  "installed environment groups:": "installed environments",
  "available environment groups:": "available environments",
  "available language groups:": "available languages",
};

function noGroups(): DataMap {
  return {
    installed: [],
    available: [],
    "installed environments": [],
    "available environments": [],
    "available languages": {},
  };
}

/** Reads `dnf grouplist hidden`. */
export function parseGroupList(text: string): DataMap {
  const found = noGroups();
  let key: string | undefined;
  for (const line of text.split("\n")) {
    const small = line.trim().toLowerCase();
    if (small === "done") break;
    if (Object.hasOwn(sections, small)) {
      key = sections[small];
      continue;
    }
    if (key === undefined || small === "") continue;
    const list = found[key];
    if (Array.isArray(list)) list.push(line.trim());
    else {
      const parts = /^\s*(.+?) \[(.+)\]$/.exec(line);
      if (parts && isMap(list)) list[line.trim()] = { name: parts[1]!, language: parts[2]! };
    }
  }
  return found;
}

/** Reads dnf5's `group list --hidden`. */
export function parseGroupTable(text: string): DataMap {
  const found = noGroups();
  for (const words of text.split("\n").map((line) => line.trim().split(/\s+/))) {
    const state = words.at(-1)!.toLowerCase();
    if (words.length < 3 || !["yes", "no"].includes(state)) continue;
    (found[state === "yes" ? "installed" : "available"] as Data[]).push(words[0]!);
  }
  return found;
}

const members = ["mandatory", "optional", "default", "conditional"];

/** What a group is: members by kind. */
export interface Group {
  type: string;
  group: string;
  id: string;
  description: string;
  members: Record<string, string[]>;
}

/** Reads `dnf groupinfo`; undefined when it names no group. */
export function parseGroupInfo(text: string): Group | undefined {
  const field = (pattern: RegExp) => pattern.exec(text)?.[1]?.trim() ?? "";
  const environment = /^\s*Environment Group:/im.test(text);
  const group = field(/^\s*(?:Environment )?Group\s*:\s*(.*)$/im);
  if (group === "") return undefined;
  const found: Group = {
    type: environment ? "environment group" : "package group",
    group,
    id: field(/^\s*(?:(?:Environment|Group)-Id)\s*:\s*(.*)$/im),
    description: field(/^\s*Description\s*:\s*(.*)$/im),
    members: Object.fromEntries(members.map((kind) => [kind, []])),
  };
  let kind: string | undefined;
  for (const line of text.split("\n")) {
    const heading = /^\s*(Mandatory|Optional|Default|Conditional)\s+(?:Packages|Groups):\s*$/i
      .exec(line);
    if (heading) kind = heading[1]!.toLowerCase();
    else if (kind !== undefined && /^\s+[-+=]?\s*\S/.test(line)) {
      // yum puts a mark in front that says whether a package is installed.
      found.members[kind]!.push(line.trim().replace(/^[-+=]\s*/, ""));
    }
  }
  return found;
}

interface Info {
  name: string;
  expand: boolean;
  ignored: Set<string>;
}

async function groupInfo(ctx: ExecContext, { name, expand, ignored }: Info): Promise<DataMap> {
  const argv = [yumName(ctx), "groupinfo", operand(name, "a group")];
  const found = parseGroupInfo((await runProgram(ctx, argv)).stdout);
  if (!found) throw new CommandExecutionError(`Group '${name}' not found`);
  const all = Object.fromEntries(members.map((kind) => [kind, new Set(found.members[kind])]));
  if (expand && found.type === "environment group") {
    ignored.add(found.group);
    for (const kind of members) await expandGroups(ctx, all, kind, ignored);
  }
  const lists = Object.entries(all).map(([kind, set]) => [kind, [...set].sort(compareText)]);
  const { type, group, id, description } = found;
  return { type, group, id, description, ...Object.fromEntries(lists) };
}

async function expandGroups(
  ctx: ExecContext,
  all: Record<string, Set<string>>,
  kind: string,
  ignored: Set<string>,
): Promise<void> {
  for (const group of [...all[kind]!]) {
    all[kind]!.delete(group);
    if (ignored.has(group)) continue;
    ignored.add(group);
    const inner = await groupInfo(ctx, { name: group, expand: true, ignored });
    for (const inside of members) {
      for (const one of inner[inside] as string[]) all[inside]!.add(one);
    }
  }
}

function list(value: Data, what: string): string[] {
  if (typeof value === "string") return value.split(",").map((one) => one.trim()).filter(Boolean);
  if (Array.isArray(value)) return value.map(pyStr);
  throw new SaltInvocationError(`'${what}' must be a list`);
}

const name = { type: "any", required: true, doc: "Name of the group." } as const;

/** Functions about groups. */
export const groupFunctions = {
  group_list: fn({
    doc: "Lists the groups that are installed and that could be.",
    args: {},
    example: "salt '*' pkg.group_list",
    async run(ctx) {
      if (yumName(ctx) === "dnf5") {
        return parseGroupTable(
          (await runProgram(ctx, ["dnf5", "group", "list", "--hidden"])).stdout,
        );
      }
      return parseGroupList((await runProgram(ctx, [yumName(ctx), "grouplist", "hidden"])).stdout);
    },
  }),
  group_info: fn({
    doc: "Returns what a group is, with its packages.",
    args: {
      name,
      expand: { type: "bool", default: false, doc: "Packages in place of the groups in it." },
      ignore_groups: { type: "any", default: null, doc: "Groups that are left out." },
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.group_info 'Perl Support'",
    run: (ctx, args) =>
      groupInfo(ctx, {
        name: pyStr(args.name),
        expand: args.expand,
        ignored: new Set(
          args.ignore_groups === null ? [] : list(args.ignore_groups, "ignore_groups"),
        ),
      }),
  }),
  group_diff: fn({
    doc: "Returns which packages of a group are installed and which are not.",
    args: { name, kwargs: kwargsArg },
    example: "salt '*' pkg.group_diff 'Perl Support'",
    async run(ctx, args) {
      const installed = await listPackages(ctx);
      const ignored = new Set<string>();
      const info = await groupInfo(ctx, { name: pyStr(args.name), expand: true, ignored });
      return Object.fromEntries(members.map((kind) => {
        const all = info[kind] as string[];
        const isIn = (one: string) => Object.hasOwn(installed, one);
        return [kind, {
          installed: all.filter(isIn),
          "not installed": all.filter((one) => !isIn(one)),
        }];
      }));
    },
  }),
  group_install: fn({
    doc: "Installs the packages of groups: those they must have, and those they usually have.",
    args: {
      name: { ...name, doc: "Names of groups, a list or with commas between." },
      skip: { type: "any", default: [], doc: "Packages to leave out." },
      include: { type: "any", default: [], doc: "Packages to install as well." },
      kwargs: { ...kwargsArg, doc: "As of `pkg.install`." },
    },
    example: "salt '*' pkg.group_install 'Group 1'\n" +
      "salt '*' pkg.group_install 'My Group' skip='foo,bar' include='baz'",
    async run(ctx, { kwargs, ...args }) {
      const groups = list(args.name, "groups");
      if (groups.length === 0) throw new SaltInvocationError("no groups specified");
      const skipped = list(args.skip, "skip");
      const wanted = new Set<string>();
      for (const group of groups) {
        const info = await groupInfo(ctx, { name: group, expand: false, ignored: new Set() });
        for (const one of info["mandatory"] as string[]) wanted.add(one);
        for (const one of info["default"] as string[]) if (!skipped.includes(one)) wanted.add(one);
      }
      for (const one of list(args.include, "include")) wanted.add(one);
      const installed = await listPackages(ctx);
      const missing = [...wanted].filter((one) => !Object.hasOwn(installed, one));
      if (missing.length === 0) return {};
      return await ctx.salt("pkg.install", [], { ...withoutJob(kwargs), pkgs: missing });
    },
  }),
};
