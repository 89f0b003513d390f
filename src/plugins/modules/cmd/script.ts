/** Scripts from the file server or from disk: `cmd.script`, `cmd.script_retcode`. @module */
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ArgSpec, type ExecContext, fn } from "../../../loader/types.ts";
import { findUser } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { take } from "./args.ts";
import { type CommandArgs, type CommandResult, runCommand } from "./run.ts";

const source = {
  type: "string",
  required: true,
  doc: "Where the script is: `salt://…`, a URL, or a path on the minion.",
} as const satisfies ArgSpec;
const scriptArgs = {
  type: "any",
  doc: "Words for its command line: a text, which is split as a shell would, or a list.",
} as const satisfies ArgSpec;

interface ScriptArgs extends Omit<CommandArgs, "cmd"> {
  source: string;
  args: Data;
  saltenv: string | null;
  kwargs: DataMap;
}

const notCached = { pid: 0, retcode: 1, stdout: "", stderr: "", cache_error: true };

/** A local copy of the source: the file itself when it is on this machine. */
async function locate(ctx: ExecContext, args: ScriptArgs): Promise<string | null> {
  const path = args.source.replace(/^file:\/\//, "");
  if (path.startsWith("/")) return path;
  const saltenv = args.saltenv ?? ctx.opts.saltenv ?? "base";
  const cached = await ctx.salt("cp.cache_file", [args.source, saltenv]);
  return typeof cached === "string" && cached !== "" ? cached : null;
}

/** Puts the script at `target`, rendered when it holds a template. */
async function place(ctx: ExecContext, args: ScriptArgs, target: string): Promise<boolean> {
  const found = await locate(ctx, args);
  if (found === null) return false;
  try {
    copyFileSync(found, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  if (args.template && /\{[{%#]/.test(readFileSync(target, "utf8"))) {
    if (!ctx.registry.within("cp.get_template")) {
      throw new CommandExecutionError(
        `Attempted to render file paths with unavailable engine ${args.template}`,
      );
    }
    return Boolean(
      await ctx.salt("cp.get_template", [args.source, target, args.template], args.kwargs),
    );
  }
  return true;
}

async function runScript(ctx: ExecContext, args: ScriptArgs): Promise<DataMap> {
  const user = args.runas ? await findUser(args.runas) : undefined;
  if (args.runas && !user) throw new SaltInvocationError(`User '${args.runas}' is not available`);
  const folder = mkdtempSync(join(args.cwd ?? tmpdir(), ".saltx-script-"));
  const path = join(folder, `script${extname(basename(args.source.split("?")[0]!))}`);
  const tidy = () => rmSync(folder, { recursive: true, force: true });
  try {
    if (!await place(ctx, args, path)) return { ...notCached };
    chmodSync(path, 0o500);
    if (user) {
      chownSync(path, user.uid, -1);
      chownSync(folder, user.uid, -1);
    }
    const words = typeof args.args === "string"
      ? shlexSplit(args.args)
      : Array.isArray(args.args)
      ? args.args.map(pyStr)
      : [];
    const cmd = args.bg ? selfCleaning(folder, path, words) : [path, ...words];
    const result: CommandResult = await runCommand(ctx, {
      ...args,
      template: null,
      cmd,
      python_shell: false,
    });
    return { ...result };
  } finally {
    if (!args.bg) tidy();
  }
}

/** Runs the script and removes it after it; nobody else waits for one in the background. */
function selfCleaning(folder: string, path: string, words: string[]): string[] {
  const body = 'folder="$1"; shift; trap \'rm -rf -- "$folder"\' EXIT; "$@"';
  return ["/bin/sh", "-c", body, "sh", folder, path, ...words];
}

/** `cmd.script` */
export const script = fn({
  doc: "Fetches a script, runs it here and returns what `cmd.run_all` does.",
  args: {
    source,
    args: scriptArgs,
    ...take("cwd", "stdin", "runas", "group", "shell", "python_shell", "env", "template"),
    ...take("umask", "output_encoding", "output_loglevel", "log_callback", "hide_output"),
    ...take("timeout", "reset_system_locale", "saltenv", "use_vt", "bg", "password"),
    ...take("success_retcodes", "success_stdout", "success_stderr", "kwargs"),
  },
  example: "salt '*' cmd.script salt://scripts/runme.sh 'arg1 \"arg 2\"'",
  async run(ctx, args) {
    const result = await runScript(ctx, args);
    return args.hide_output ? { ...result, stdout: "", stderr: "" } : result;
  },
});

/** `cmd.script_retcode` */
export const scriptRetcode = fn({
  doc: "Fetches a script, runs it here and returns its exit code.",
  args: {
    source,
    args: scriptArgs,
    ...take("cwd", "stdin", "runas", "group", "shell", "python_shell", "env"),
    template: { ...take("template").template, default: "jinja" },
    ...take("umask", "timeout", "reset_system_locale", "saltenv", "output_encoding"),
    ...take("output_loglevel", "log_callback", "use_vt", "password"),
    ...take("success_retcodes", "success_stdout", "success_stderr", "kwargs"),
  },
  example: "salt '*' cmd.script_retcode salt://scripts/runme.sh",
  run: async (ctx, args) => (await runScript(ctx, args))["retcode"] ?? null,
});
