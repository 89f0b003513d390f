/** Who may do what with a file: `file.check_perms`, `file.chattr` … @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { operand, runProgram } from "../_program.ts";
import { changeOwner } from "./owners.ts";
import { expandUser, isFolderAt, isLinkAt, pathExists } from "./paths.ts";
import { checkContext, type SelinuxWish } from "./selinux.ts";
import { changeMode, fileStats, normalMode, pathArg } from "./stat.ts";

/** Attributes of what `lsattr` prints for one path. */
export function parseAttributes(text: string): Record<string, string[]> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("lsattr: "));
  return Object.fromEntries(lines.map((line) => {
    const [, attributes = "", path = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    return [path, attributes.match(/[aAcCdDeijPsStTu]/g) ?? []];
  }));
}

async function attributesOf(ctx: ExecContext, path: string): Promise<DataMap | null> {
  if (which("lsattr") === null) return null;
  if (!pathExists(path)) {
    throw new SaltInvocationError(`File or directory does not exist: ${path}`);
  }
  const argv = ["lsattr", "-d", "--", path];
  return parseAttributes((await runProgram(ctx, argv, { ignoreRetcode: true })).stdout);
}

/** Attributes to add and to remove so that a file has these. */
async function attributeChanges(ctx: ExecContext, path: string, wanted: string) {
  const known = await attributesOf(ctx, path);
  const list = known?.[path];
  if (!Array.isArray(list)) return null;
  const old = new Set(list.map(pyStr));
  const now = new Set(wanted);
  if (old.has("e")) now.add("e");
  const added = [...now].filter((one) => !old.has(one)).join("");
  const removed = [...old].filter((one) => !now.has(one)).join("");
  return { old: [...old].join(""), added, removed };
}

async function changeAttributes(ctx: ExecContext, path: string, words: string[]): Promise<boolean> {
  const { stdout, stderr } = await runProgram(ctx, ["chattr", ...words, "--", path]);
  return stdout === "" && stderr === "";
}

/** What a file is to be. */
export interface PermWish {
  user: Data;
  group: Data;
  mode: Data;
  attrs: string | null;
  followLinks: boolean;
  selinux: SelinuxWish;
}

/** The report that `check_perms` adds to. */
interface Report {
  ret: DataMap;
  comments: string[];
  changes: DataMap;
}

function fail(report: Report, comment: string): void {
  report.ret["result"] = false;
  report.comments.push(comment);
}

/** Whether a name or an id is that of a file. */
function isOwner(wanted: Data, name: Data, id: Data): boolean {
  return wanted === name || wanted === id || pyStr(wanted) === pyStr(id);
}

interface Before {
  stats: DataMap;
  perms: DataMap;
  /** Whether it is a link that stands for itself. */
  isLink: boolean;
}

async function applyOwner(path: string, wish: PermWish, before: Before, report: Report) {
  const { stats, perms, isLink } = before;
  const { user, group } = wish;
  if (user && !isOwner(user, stats["user"]!, stats["uid"]!)) perms["cuser"] = user;
  if (group && !isOwner(group, stats["group"]!, stats["gid"]!)) perms["cgroup"] = group;
  if (perms["cuser"] === undefined && perms["cgroup"] === undefined) return;
  try {
    const newUser = user || stats["uid"]!;
    const newGroup = group || stats["gid"]!;
    const problem = await changeOwner(path, newUser, newGroup, !isLink);
    if (problem) fail(report, problem);
    // The system takes the bits that lend rights away with the owner.
    else if (!isLink) changeMode(path, stats["mode"]!);
  } catch {
    report.ret["result"] = false;
  }
}

function compare(
  what: "user" | "group" | "mode",
  wanted: Data,
  isSet: boolean,
  wasChanged: boolean,
  test: boolean,
  report: Report,
): void {
  if (isSet) {
    if (wasChanged) report.changes[what] = wanted;
  } else if (test) report.changes[what] = wanted;
  else fail(report, `Failed to change ${what} to ${pyStr(wanted)}`);
}

async function checkAttributes(
  ctx: ExecContext,
  path: string,
  wanted: string,
  test: boolean,
  report: Report,
): Promise<void> {
  const differences = await attributeChanges(ctx, path, wanted);
  if (!differences || (!differences.added && !differences.removed)) return;
  const { old, added, removed } = differences;
  let now = wanted;
  if (!test) {
    if (added) await changeAttributes(ctx, path, [`+${added}`]);
    if (removed) await changeAttributes(ctx, path, [`-${removed}`]);
    const left = await attributeChanges(ctx, path, wanted);
    if (left && (left.added || left.removed)) {
      fail(report, `Failed to change attributes to ${wanted}`);
      now = left.old;
    }
  }
  if (old !== now) report.changes["attrs"] = { old, new: now };
}

/**
 * Makes owner, mode, attributes and label of a file what they are to be, or says under `test` what
 * would change.
 *
 * @param given The return of a state to add to; null for a new one.
 * @returns The report, and what the file was and was changed to.
 */
export async function checkPerms(
  ctx: ExecContext,
  path: string,
  given: DataMap | null,
  wish: PermWish,
): Promise<[ret: DataMap, perms: DataMap]> {
  const test = ctx.opts["test"] === true;
  const ret: DataMap = given
    ? { ...given, changes: { ...given["changes"] as DataMap } }
    : { name: path, changes: {}, comment: [], result: true };
  const report: Report = { ret, comments: [], changes: ret["changes"] as DataMap };
  const isLink = isLinkAt(path) && !wish.followLinks;
  const stats = await fileStats(path, null, wish.followLinks);
  const perms: DataMap = {
    luser: typeof wish.user === "number" ? stats["uid"]! : stats["user"]!,
    lgroup: typeof wish.group === "number" ? stats["gid"]! : stats["group"]!,
    lmode: stats["mode"]!,
  };
  const before: Before = { stats, perms, isLink };
  const mode = normalMode(wish.mode);
  if (!test) await applyOwner(path, wish, before, report);
  if (!test && mode !== null && !isLink && mode !== stats["mode"]) {
    perms["cmode"] = mode;
    changeMode(path, mode);
  }
  const after = await fileStats(path, null, wish.followLinks);
  for (const [what, id] of [["user", "uid"], ["group", "gid"]] as const) {
    const wanted = wish[what];
    if (!wanted) continue;
    const isSet = isOwner(wanted, after[what]!, after[id]!);
    compare(what, wanted, isSet, perms[`c${what}`] !== undefined, test, report);
  }
  if (mode !== null && !isLink) {
    compare("mode", mode, mode === after["mode"], perms["cmode"] !== undefined, test, report);
  }
  if (wish.attrs !== null && !isLink && !isFolderAt(path)) {
    await checkAttributes(ctx, path, wish.attrs, test, report);
  }
  await checkContext(ctx, path, wish.selinux, test, report);
  finish(report, given, test);
  return [ret, perms];
}

function finish({ ret, comments, changes }: Report, given: DataMap | null, test: boolean): void {
  const said = given?.["comment"] ?? "";
  if (Array.isArray(said)) ret["comment"] = comments;
  else ret["comment"] = [...(said === "" ? [] : [pyStr(said)]), ...comments].join("; ");
  if (test && Object.keys(changes).length > 0) ret["result"] = null;
}

const selinuxArg = (part: string) =>
  ({ type: "string", default: null, doc: `The ${part} of its SELinux label.` }) as const;

/** Arguments that name a SELinux label. */
export const selinuxArgs = {
  seuser: selinuxArg("user"),
  serole: selinuxArg("role"),
  setype: selinuxArg("type"),
  serange: selinuxArg("range"),
} as const;

function optionValue(kwargs: DataMap, key: string): string | null {
  const value = kwargs[key];
  return value === undefined || value === null ? null : pyStr(value);
}

/** Functions about permissions. */
export const permFunctions = {
  check_perms: fn({
    doc:
      "Makes owner, mode, attributes and label of a file what they are to be. Returns a report in " +
      "the shape of a state, and what was found.",
    args: {
      name: pathArg,
      ret: { type: "any", required: true, doc: "Report to add to; `{}` for a new one." },
      user: { type: "any", required: true, doc: "Name or id of the user." },
      group: { type: "any", required: true, doc: "Name or id of the group." },
      mode: { type: "any", required: true, doc: "Octal digits." },
      attrs: { type: "string", default: null, doc: "Letters of chattr." },
      follow_symlinks: {
        type: "bool",
        default: false,
        doc: "Whether a link stands for what it leads to.",
      },
      ...selinuxArgs,
    },
    example: "salt '*' file.check_perms /etc/sudoers '{}' root root 400 ai",
    run: (ctx, args) =>
      checkPerms(
        ctx,
        expandUser(ctx, args.name),
        isMap(args.ret) && Object.keys(args.ret).length > 0 ? args.ret : null,
        {
          user: args.user,
          group: args.group,
          mode: args.mode,
          attrs: args.attrs,
          followLinks: args.follow_symlinks,
          selinux: {
            user: args.seuser,
            role: args.serole,
            type: args.setype,
            range: args.serange,
          },
        },
      ),
  }),
  lsattr: fn({
    doc: "Returns the attributes of a file; nothing where there is no lsattr.",
    args: { path: pathArg },
    example: "salt '*' file.lsattr foo1.txt",
    run: (ctx, args) => attributesOf(ctx, args.path),
  }),
  chattr: fn({
    doc: "Sets attributes of files.",
    args: {
      files: { type: "any", variadic: true, doc: "Paths of the files." },
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`operator`: add or remove; `attributes`: letters; `flags`: R, V or f; `version`.",
      },
    },
    example: "salt '*' file.chattr foo1.txt foo2.txt operator=add attributes=ai",
    async run(ctx, { files, kwargs }) {
      const operator = optionValue(kwargs, "operator");
      const attributes = optionValue(kwargs, "attributes");
      if (operator !== "add" && operator !== "remove") {
        throw new SaltInvocationError("Need an operator: 'add' or 'remove' to modify attributes.");
      }
      if (attributes === null || !/^[aAcCdDeijPsStTu]+$/.test(attributes)) {
        throw new SaltInvocationError("Need attributes: [aAcCdDeijPsStTu]");
      }
      const flags = optionValue(kwargs, "flags");
      if (flags !== null && !/^[RVf]+$/.test(flags)) {
        throw new CommandExecutionError(`"${flags}" cannot be flags of chattr`);
      }
      const version = optionValue(kwargs, "version");
      const words = [
        `${operator === "add" ? "+" : "-"}${attributes}`,
        ...(flags === null ? [] : [`-${flags}`]),
        ...(version === null ? [] : ["-v", operand(version, "a version")]),
        ...files.map((file) => operand(file, "a file")),
      ];
      const { stdout, stderr } = await runProgram(ctx, ["chattr", ...words]);
      return stdout === "" && stderr === "";
    },
  }),
};
