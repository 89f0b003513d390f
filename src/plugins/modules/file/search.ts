/** Looking into files, and other programs that do: `file.contains`, `file.grep`, `file.sed` @module */
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { globMatch } from "../../../text/glob.ts";
import { compilePattern } from "../../../text/pcre/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import type { Data } from "../../../types/mod.ts";
import { decodeText, readBytes } from "./edit.ts";
import { expandUser, globPaths, isFolderAt, pathExists } from "./paths.ts";
import { pathArg } from "./stat.ts";

/** A file's text; undefined when it cannot be read. */
function textOf(ctx: ExecContext, path: string): string | undefined {
  try {
    return decodeText(readBytes(expandUser(ctx, path)));
  } catch {
    return undefined;
  }
}

/** What stands between the slashes of a command of sed. */
function sedText(text: string, all: boolean): string {
  const plain = text.replaceAll("/", "\\/");
  return all ? plain.replace(/[\^.[$()|*+?{]/g, "\\$&") : plain;
}

/** Runs a program as `cmd.run_all` does, with its result. */
function runAll(ctx: ExecContext, argv: readonly string[]): Promise<Data> {
  return ctx.salt("cmd.run_all", [[...argv]], { python_shell: false });
}

function oneWord(option: Data): string[] {
  const words = shlexSplit(pyStr(option));
  if (words.length > 1) {
    throw new SaltInvocationError(
      "Passing multiple command line arguments in a single string is not supported, please pass " +
        `the following arguments separately: ${pyStr(option)}`,
    );
  }
  return words;
}

const looks = {
  contains: fn({
    doc: "Says whether a file holds a text.",
    args: { path: pathArg, text: { type: "any", required: true, doc: "The text." } },
    example: "salt '*' file.contains /etc/crontab 'mymaintenance.sh'",
    run: (ctx, args) => textOf(ctx, args.path)?.includes(pyStr(args.text).trim()) === true,
  }),
  contains_regex: fn({
    doc: "Says whether a line of a file fits a pattern.",
    args: {
      path: pathArg,
      regex: { type: "string", required: true, doc: "A regular expression of Python." },
      lchar: { type: "string", default: "", doc: "Leave these out at the start of lines." },
    },
    example: "salt '*' file.contains_regex /etc/crontab '^PATH='",
    run(ctx, { path, regex, lchar }) {
      const pattern = compilePattern(regex);
      const lines = textOf(ctx, path)?.match(/[^\n]*\n|[^\n]+$/g) ?? [];
      return lines.some((line) => {
        let at = 0;
        while (at < line.length && lchar.includes(line[at]!)) at++;
        return pattern.search(line.slice(at)) !== null;
      });
    },
  }),
  contains_glob: fn({
    doc: "Says whether a file's whole text fits a pattern of shells.",
    args: {
      path: pathArg,
      glob_expr: { type: "string", required: true, doc: "The pattern." },
    },
    example: "salt '*' file.contains_glob /etc/foobar '*cheese*'",
    run(ctx, args) {
      const text = textOf(ctx, args.path);
      return text !== undefined && text !== "" && globMatch(args.glob_expr, text);
    },
  }),
};

const programs = {
  grep: fn({
    doc: "Looks for a pattern by grep.",
    args: {
      path: { ...pathArg, doc: "Path, or pattern of paths." },
      pattern: { type: "string", required: true, doc: "What to look for." },
      opts: { type: "any", variadic: true, doc: "Options of grep, each on its own." },
    },
    example: "salt '*' file.grep /etc/passwd nobody\n" +
      "salt '*' file.grep /etc/sysconfig/network-scripts/ifcfg-eth0 ipaddr -- -i",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      const found = globPaths(path);
      const paths = found.length > 0 ? found : [path];
      return runAll(ctx, ["grep", ...args.opts.flatMap(oneWord), args.pattern, ...paths]);
    },
  }),
  sed: fn({
    doc: "Replaces what fits a pattern by sed. False when there is no such file.",
    args: {
      path: pathArg,
      before: { type: "any", required: true, doc: "The pattern." },
      after: { type: "any", required: true, doc: "What to put there." },
      limit: { type: "any", default: "", doc: "Only in lines that fit this pattern." },
      backup: { type: "string", default: ".bak", doc: "Ending of the name of a copy to make." },
      options: { type: "string", default: "-r -e", doc: "Options of sed." },
      flags: { type: "string", default: "g", doc: "Flags of the command." },
      escape_all: { type: "bool", default: false, doc: "Take the pattern as plain text." },
      negate_match: { type: "bool", default: false, doc: "In lines that do not fit `limit`." },
    },
    example: "salt '*' file.sed /etc/httpd/httpd.conf 'LogLevel warn' 'LogLevel info'",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      if (!pathExists(path)) return false;
      const text = (value: Data) => sedText(pyStr(value), args.escape_all);
      const limit = text(args.limit);
      const where = `${limit === "" ? "" : `/${limit}/ `}${args.negate_match ? "!" : ""}`;
      return runAll(ctx, [
        "sed",
        `-i${args.backup}`,
        ...shlexSplit(args.options),
        `${where}s/${text(args.before)}/${text(args.after)}/${args.flags}`,
        path,
      ]);
    },
  }),
  sed_contains: fn({
    doc: "Says whether a file holds what fits a pattern of sed.",
    args: {
      path: pathArg,
      text: { type: "any", required: true, doc: "The pattern." },
      limit: { type: "any", default: "", doc: "Only in lines that fit this pattern." },
      flags: { type: "string", default: "g", doc: "Flags of the command." },
    },
    example: "salt '*' file.contains /etc/crontab 'mymaintenance.sh'",
    async run(ctx, args) {
      const path = expandUser(ctx, args.path);
      if (!pathExists(path)) return false;
      const limit = sedText(pyStr(args.limit), false);
      const where = limit === "" ? "" : `/${limit}/ `;
      const command = `${where}s/${sedText(pyStr(args.text), false)}/$/p${args.flags}`;
      const argv = ["sed", "-n", "-r", "-e", command, path];
      return await ctx.salt("cmd.run", [argv], { python_shell: false }) !== "";
    },
  }),
  patch: fn({
    doc: "Changes a file, or files below a folder, by a patch.",
    args: {
      originalfile: { ...pathArg, doc: "The file or folder." },
      patchfile: { type: "string", required: true, doc: "Path of the patch." },
      options: { type: "string", default: "", doc: "Options of patch." },
      dry_run: { type: "bool", default: false, doc: "Change nothing." },
    },
    example: "salt '*' file.patch /opt/file.txt /tmp/file.txt.patch",
    run(ctx, args) {
      if (which("patch") === null) {
        throw new CommandExecutionError(
          "patch executable not found. Is the distribution's patch package installed?",
        );
      }
      const options = shlexSplit(args.options);
      const has = (pattern: RegExp) => options.some((option) => pattern.test(option));
      const isFolder = isFolderAt(args.originalfile);
      return runAll(ctx, [
        "patch",
        ...options,
        ...(args.dry_run ? ["--dry-run"] : []),
        ...(has(/^(-N|--forward)$/) ? [] : ["--forward"]),
        ...(has(/^(-r|--reject-file)/) ? [] : ["--reject-file=-"]),
        "-i",
        args.patchfile,
        ...(isFolder ? ["-d", args.originalfile] : [args.originalfile]),
        ...(isFolder && !has(/^(-p|--strip=)/) ? ["--strip=0"] : []),
      ]);
    },
  }),
};

/** Functions that look into files. */
export const searchFunctions = { ...looks, ...programs };
