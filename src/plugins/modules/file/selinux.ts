/** Labels of files under SELinux: `file.get_selinux_context` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { type DataMap, isMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { pathArg } from "./stat.ts";

/** Parts of a label; null leaves one as it is. */
export interface SelinuxWish {
  user: string | null;
  role: string | null;
  type: string | null;
  range: string | null;
}

const parts = ["user", "role", "type", "range"] as const;

async function contextOf(ctx: ExecContext, path: string): Promise<string> {
  const argv = ["stat", "-c", "%C", "--", path];
  const { retcode, stdout } = await runProgram(ctx, argv, { ignoreRetcode: true });
  return retcode === 0 ? stdout : `No selinux context information is available for ${path}`;
}

/** The parts of a label; null for what is none. */
function parseContext(text: string): Record<(typeof parts)[number], string> | null {
  const [user, role, type, ...range] = text.split(":");
  if (!user || !role || !type || range.length === 0 || /\s/.test(text)) return null;
  return { user, role, type, range: range.join(":") };
}

async function setContext(
  ctx: ExecContext,
  path: string,
  wish: SelinuxWish,
  persist: boolean,
): Promise<string | false> {
  if (parts.every((part) => !wish[part])) return false;
  if (persist) {
    const kwargs = { sel_type: wish.type, sel_user: wish.user, sel_level: wish.range };
    const done = await ctx.salt("selinux.fcontext_add_policy", [path], kwargs);
    if (!isMap(done) || done["retcode"] !== 0) {
      throw new CommandExecutionError(`Problem setting fcontext of ${path}`);
    }
  }
  const letters = { user: "-u", role: "-r", type: "-t", range: "-l" } as const;
  const words = parts.flatMap((part) => wish[part] ? [letters[part], wish[part]] : []);
  const { retcode } = await runProgram(ctx, ["chcon", ...words, "--", path]);
  return retcode === 0 ? await contextOf(ctx, path) : false;
}

/** Makes the label of a file what it is to be, and notes that in a report of a state. */
export async function checkContext(
  ctx: ExecContext,
  path: string,
  wish: SelinuxWish,
  test: boolean,
  report: { ret: DataMap; comments: string[]; changes: DataMap },
): Promise<void> {
  if (parts.every((part) => !wish[part])) return;
  const fail = (comment: string) => {
    report.ret["result"] = false;
    report.comments.push(comment);
  };
  const old = parseContext(await contextOf(ctx, path));
  if (!old) return fail("Failed to get selinux attributes");
  const wanted = parts.filter((part) => wish[part] && wish[part] !== old[part]);
  if (wanted.length === 0) return;
  const title = (part: string) => part[0]!.toUpperCase() + part.slice(1);
  const change = {
    Old: wanted.map((part) => `${title(part)}: ${old[part]}`).join(" "),
    New: wanted.map((part) => `${title(part)}: ${wish[part]}`).join(" "),
  };
  if (test) {
    report.comments.push(`File ${path} selinux context to be updated`);
    report.ret["result"] = null;
    report.changes["selinux"] = change;
    return;
  }
  const chosen = Object.fromEntries(
    parts.map((part) => [part, wanted.includes(part) ? wish[part] : null]),
  ) as unknown as SelinuxWish;
  // The policy wants a type with every other part.
  const now = parseContext(
    await setContext(ctx, path, { ...chosen, type: chosen.type ?? old.type }, true) || "",
  );
  if (!now) return fail("Failed to set selinux attributes");
  report.comments.push(`The file ${path} is set to be changed`);
  for (const part of wanted) {
    if (now[part] !== wish[part]) fail(`Unable to update se${part} context`);
  }
  report.changes["selinux"] = change;
}

const part = (what: string) =>
  ({ type: "string", default: null, doc: `The ${what} of the label.` }) as const;

/** Functions about labels. */
export const selinuxFunctions = {
  get_selinux_context: fn({
    doc: "Returns the SELinux label of a file.",
    args: { path: pathArg },
    example: "salt '*' file.get_selinux_context /etc/hosts",
    run: (ctx, args) => contextOf(ctx, args.path),
  }),
  set_selinux_context: fn({
    doc: "Sets the SELinux label of a file, and returns it.",
    args: {
      path: pathArg,
      user: part("user"),
      role: part("role"),
      type: part("type"),
      range: part("range"),
      persist: { type: "bool", default: false, doc: "Note it in the policy too." },
    },
    example: "salt '*' file.set_selinux_context path <user> <role> <type> <range>",
    run: (ctx, { path, persist, ...wish }) => setContext(ctx, path, wish, persist),
  }),
  restorecon: fn({
    doc: "Gives a file the SELinux label that the policy wants.",
    args: {
      path: pathArg,
      recursive: { type: "bool", default: false, doc: "All that is below it too." },
    },
    example: "salt '*' file.restorecon /home/user/.ssh/authorized_keys",
    async run(ctx, args) {
      const option = args.recursive ? "-FR" : "-F";
      return (await runProgram(ctx, ["restorecon", option, "--", args.path])).retcode === 0;
    },
  }),
};
