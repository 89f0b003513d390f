/**
 * Runs one command by Salt's rules; what all functions of `cmd` stand on.
 * (`salt/modules/cmdmod.py:_run`)
 * @module
 */
import { homedir } from "node:os";
import { isAbsolute } from "node:path";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../../errors.ts";
import { isFolder } from "../../../fs/mod.ts";
import { jobEnvironment } from "../../../loader/environment.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { LOG_LEVELS, type LogLevel } from "../../../logging/mod.ts";
import {
  type Credentials,
  defaultMaxOutput,
  findGroup,
  findUser,
  isExecutable,
  runProcess,
  type RunResult,
  startDetached,
  type User,
} from "../../../process/mod.ts";
import { globMatch } from "../../../text/glob.ts";
import { pyRepr, pyStr } from "../../../text/py_repr.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { defaultShell } from "./args.ts";

/** What functions of `cmd` may say about a command; names are Salt's. */
export interface CommandArgs {
  cmd: Data;
  cwd?: string | null;
  stdin?: string | null;
  runas?: string | null;
  group?: string | null;
  shell?: string | null;
  python_shell?: Data;
  env?: Data;
  clean_env?: boolean;
  template?: string | null;
  rstrip?: boolean;
  umask?: string | null;
  output_encoding?: string | null;
  output_loglevel?: string | null;
  timeout?: Data;
  reset_system_locale?: boolean;
  ignore_retcode?: boolean;
  bg?: boolean;
  prepend_path?: string | null;
  success_retcodes?: Data;
  success_stdout?: Data;
  success_stderr?: Data;
  merge_stderr?: boolean;
  kwargs?: DataMap;
}

/** What `cmd.run_all` returns. */
export interface CommandResult {
  pid: number;
  /** Null while it runs in the background. */
  retcode: number | null;
  stdout: string;
  stderr: string;
}

const locale = [
  "LC_CTYPE LC_NUMERIC LC_TIME LC_COLLATE LC_MONETARY LC_MESSAGES LC_PAPER LC_NAME LC_ADDRESS",
  "LC_TELEPHONE LC_MEASUREMENT LC_IDENTIFICATION LANGUAGE",
].join(" ").split(" ");

/** Whether a shell reads the command. (`cmdmod.py:_python_shell_default`) */
function usesShell(ctx: ExecContext, args: CommandArgs): boolean {
  const wanted = args.python_shell ?? null;
  if (wanted !== null) return Boolean(wanted);
  return Boolean(args.kwargs?.["__pub_jid"]) || ctx.opts.cmd_safe === false;
}

function globList(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.map(String) : [];
}

/** Whether `cmd_blacklist_glob` and `cmd_whitelist_glob` let a job run this. (`_check_avail`) */
function checkAllowed(ctx: ExecContext, args: CommandArgs): void {
  if (!args.kwargs || !Object.hasOwn(args.kwargs, "__pub_jid")) return;
  const text = commandText(args.cmd);
  const setting = (key: string) => globList(ctx.opts[key] ?? ctx.pillar[key] ?? ctx.grains[key]);
  const white = setting("cmd_whitelist_glob");
  const black = setting("cmd_blacklist_glob").some((glob) => globMatch(glob, text));
  if (black || (white.length > 0 && !white.some((glob) => globMatch(glob, text)))) {
    throw new CommandExecutionError(`The shell command "${text}" is not permitted`);
  }
}

function commandText(cmd: Data): string {
  return Array.isArray(cmd) ? cmd.map(pyStr).join(" ") : pyStr(cmd);
}

/** The words to run, and the command as Salt's messages show it. */
function commandLine(ctx: ExecContext, args: CommandArgs): { argv: string[]; shown: string } {
  const shell = args.shell ?? defaultShell;
  if (usesShell(ctx, args)) {
    const words = Array.isArray(args.cmd) ? args.cmd.map(pyStr) : [pyStr(args.cmd)];
    return { argv: [shell, "-c", ...words], shown: words.join(" ") };
  }
  const argv = Array.isArray(args.cmd) ? args.cmd.map(pyStr) : shlexSplit(pyStr(args.cmd));
  return { argv, shown: pyRepr(argv) };
}

/** `env` as a map of texts; a list of maps is one map. (`_parse_env`) */
function givenEnv(env: Data | undefined): Record<string, string> {
  const maps = Array.isArray(env) ? env : [env ?? null];
  const result: Record<string, string> = {};
  for (const map of maps) {
    if (map === null || typeof map !== "object" || Array.isArray(map)) continue;
    for (const [key, value] of Object.entries(map)) {
      result[key] = value === null ? "" : pyStr(value);
    }
  }
  return result;
}

function environment(
  ctx: ExecContext,
  args: CommandArgs,
  user: User | undefined,
): Record<string, string> {
  const given = givenEnv(args.env);
  const own: Record<string, string> = user
    ? { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell || "/bin/sh" }
    : {};
  const base: Record<string, string> = {};
  if (!args.clean_env) {
    Object.assign(base, jobEnvironment(ctx));
    delete base["NOTIFY_SOCKET"];
  }
  if (args.reset_system_locale ?? true) { for (const key of locale) base[key] = "C"; }
  const env = { ...base, ...own, ...given };
  if (args.prepend_path) {
    const path = env["PATH"] ?? process.env["PATH"] ?? "/usr/bin:/bin";
    env["PATH"] = `${args.prepend_path}:${path}`;
  }
  return env;
}

function workingFolder(args: CommandArgs, user: User | undefined): string {
  if (!args.cwd) {
    const home = user?.home ?? homedir();
    return isFolder(home) ? home : "/";
  }
  if (!isAbsolute(args.cwd) || !isFolder(args.cwd)) {
    throw new CommandExecutionError(
      `Specified cwd '${args.cwd}' either not absolute or does not exist`,
    );
  }
  return args.cwd;
}

/** @throws CommandExecutionError when there is no such user or group, or only root could become it. */
async function identity(
  args: CommandArgs,
): Promise<{ user: User | undefined; credentials: Credentials | undefined }> {
  const user = args.runas ? await findUser(args.runas) : undefined;
  if (args.runas && !user) {
    throw new CommandExecutionError(`User '${args.runas}' is not available`);
  }
  const group = args.group ? await findGroup(args.group) : undefined;
  if (args.group && !group) {
    throw new CommandExecutionError(`Group '${args.group}' is not available`);
  }
  if (!user && !group) return { user, credentials: undefined };
  const uid = user?.uid ?? process.getuid!();
  const gid = group?.gid ?? user?.gid ?? process.getgid!();
  if (process.getuid!() !== 0 && (uid !== process.getuid!() || gid !== process.getgid!())) {
    throw new CommandExecutionError(
      `Cannot run as user '${args.runas ?? uid}', group ${gid}: only root may change to another`,
    );
  }
  return { user, credentials: { uid, gid } };
}

function umaskDigits(umask: string | null | undefined): string | undefined {
  if (umask === null || umask === undefined) return undefined;
  const digits = umask.replace(/^0+/, "");
  if (digits === "") throw new CommandExecutionError("Zero umask is not allowed.");
  if (!/^[0-7]{1,4}$/.test(digits)) throw new CommandExecutionError(`Invalid umask: '${umask}'`);
  return digits;
}

/** A list, or text with commas, in parts. (`salt/utils/args.py:split_input`) */
export function splitList(value: Data | undefined): string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map(pyStr);
  return pyStr(value).split(",").map((part) => part.trim());
}

function successCodes(value: Data | undefined): number[] {
  if (value === null || value === undefined) return [0];
  const codes = splitList(value).map(Number);
  if (codes.some((code) => !Number.isInteger(code))) {
    throw new SaltInvocationError("success_retcodes must be a list of integers");
  }
  return codes;
}

function decode(bytes: Uint8Array, args: CommandArgs): string {
  let decoder: TextDecoder;
  try {
    decoder = new TextDecoder(args.output_encoding ?? "utf-8", { ignoreBOM: true });
  } catch {
    throw new CommandExecutionError(`Unknown output_encoding "${args.output_encoding}"`);
  }
  const text = decoder.decode(bytes);
  return (args.rstrip ?? true) ? text.trimEnd() : text;
}

/** The level for output, or null for none at all. (`_check_loglevel`) */
function logLevel(ctx: ExecContext, args: CommandArgs): LogLevel | null {
  const level = (args.output_loglevel ?? "debug").toLowerCase();
  if (level === "quiet") return null;
  if (Object.hasOwn(LOG_LEVELS, level)) return level as LogLevel;
  ctx.log.error(`Invalid output_loglevel '${level}'. Falling back to 'info'.`);
  return "info";
}

function writeLog(ctx: ExecContext, level: LogLevel, text: string): void {
  const { log } = ctx;
  const value = LOG_LEVELS[level];
  if (value >= LOG_LEVELS.critical) log.critical(text);
  else if (value >= LOG_LEVELS.error) log.error(text);
  else if (value >= LOG_LEVELS.warning) log.warning(text);
  else if (value >= LOG_LEVELS.info) log.info(text);
  else if (value >= LOG_LEVELS.debug) log.debug(text);
  else log.trace(text);
}

function logResult(
  ctx: ExecContext,
  args: CommandArgs,
  result: CommandResult,
  level: LogLevel | null,
): void {
  if (level === null) return;
  let at = level;
  if (!args.ignore_retcode && result.retcode !== 0 && result.retcode !== null) {
    if (LOG_LEVELS[at] < LOG_LEVELS.error) at = "error";
    const program = commandText(args.cmd).trim().split(/\s/)[0];
    ctx.log.error(`Command '${program}' failed with return code: ${result.retcode}`);
  }
  if (result.stdout) writeLog(ctx, at, `stdout: ${result.stdout}`);
  if (result.stderr) writeLog(ctx, at, `stderr: ${result.stderr}`);
  if (result.retcode) writeLog(ctx, at, `retcode: ${result.retcode}`);
}

function timeoutMs(args: CommandArgs): number | undefined {
  const { timeout } = args;
  if (timeout === null || timeout === undefined || timeout === 0 || timeout === "") {
    return undefined;
  }
  const seconds = typeof timeout === "boolean" ? NaN : Number(pyStr(timeout));
  if (!Number.isFinite(seconds) || seconds < 0) {
    throw new CommandExecutionError(`Error: timeout ${pyStr(timeout)} must be a number`);
  }
  return seconds * 1000;
}

function maxOutput(ctx: ExecContext): number {
  const value = ctx.opts["cmd_max_output"];
  return typeof value === "number" && value > 0 ? value : defaultMaxOutput;
}

/** A call whose command and folder are rendered. (`cmdmod.py:_render_cmd`) */
async function rendered(ctx: ExecContext, args: CommandArgs, engine: string): Promise<CommandArgs> {
  const { renderTemplate } = await import("../../renderers/jinja.ts");
  const saltenv = String(ctx.opts.saltenv ?? "base");
  const render = (name: string, text: string) =>
    renderTemplate(ctx, engine, { name, text, saltenv, variables: {} });
  const cmd = typeof args.cmd === "string" ? await render("cmd", args.cmd) : args.cmd;
  return { ...args, cmd, cwd: args.cwd ? await render("cwd", args.cwd) : null };
}

/** A call ready to go: words, options and how messages show it. */
async function plan(ctx: ExecContext, given: CommandArgs) {
  const args = given.template ? await rendered(ctx, given, given.template) : given;
  const shell = args.shell ?? defaultShell;
  if (!isExecutable(shell)) throw new CommandExecutionError(`The shell ${shell} is not available`);
  checkAllowed(ctx, args);
  const { user, credentials } = await identity(args);
  const { argv, shown } = commandLine(ctx, args);
  const umask = umaskDigits(args.umask);
  const options = {
    cwd: workingFolder(args, user),
    env: environment(ctx, args, user),
    maxOutput: maxOutput(ctx),
    ...(credentials ? { credentials } : {}),
    ...(umask === undefined ? {} : { umask }),
  };
  return { argv, shown, options };
}

function startFailure(shown: string, args: CommandArgs, cwd: string, error: unknown): Error {
  const command = args.output_loglevel === "quiet" ? "REDACTED" : shown;
  return new CommandExecutionError(
    `Unable to run command '${command}' in directory '${cwd}', reason: ${messageOf(error)}`,
    { cause: error },
  );
}

function finish(args: CommandArgs, done: RunResult, shown: string): CommandResult {
  if (done.timedOut) {
    const stdout = `${shown} : Timed out after ${pyStr(args.timeout ?? null)} seconds`;
    return { pid: done.pid, retcode: 1, stdout, stderr: "" };
  }
  let stdout = decode(done.stdout, args);
  const stderr = decode(done.stderr, args);
  if (done.truncated) stdout += `\n[saltx: output cut after ${done.stdout.length} bytes]`;
  const good = successCodes(args.success_retcodes).includes(done.code) ||
    splitList(args.success_stdout).some((text) => stdout.includes(text)) ||
    splitList(args.success_stderr).some((text) => stderr.includes(text));
  return { pid: done.pid, retcode: good ? 0 : done.code, stdout, stderr };
}

/**
 * Runs a command and sets the job's retcode by it.
 *
 * @throws CommandExecutionError when it cannot be run: no such program, user, folder or shell.
 */
export async function runCommand(ctx: ExecContext, args: CommandArgs): Promise<CommandResult> {
  const level = logLevel(ctx, args);
  successCodes(args.success_retcodes);
  const limit = timeoutMs(args);
  const { argv, shown, options } = await plan(ctx, args);
  if (level !== null) {
    const program = commandText(args.cmd).trim().split(/\s/)[0];
    const who = `${args.runas ? `as user '${args.runas}' ` : ""}${
      args.group ? `in group '${args.group}' ` : ""
    }`;
    ctx.log.info(`Executing command '${program}' ${who}in directory '${options.cwd}'`);
  }
  if (args.bg) return background(ctx, args, argv, options, shown);
  let result: CommandResult;
  try {
    const done = await runProcess(argv, {
      ...options,
      signal: ctx.signal,
      mergeStderr: args.merge_stderr ?? false,
      onStart: (pid) => ctx.trackProcess(pid),
      ...(limit === undefined ? {} : { timeoutMs: limit }),
      ...(args.stdin === null || args.stdin === undefined ? {} : { stdin: inputText(args) }),
    });
    result = finish(args, done, shown);
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw startFailure(shown, args, options.cwd, error);
  }
  ctx.context.retcode = args.ignore_retcode ? 0 : result.retcode ?? 0;
  logResult(ctx, args, result, level);
  return result;
}

function inputText(args: CommandArgs): string {
  const text = args.stdin ?? "";
  return args.kwargs?.["stdin_raw_newlines"] ? text : text.replaceAll("\\n", "\n");
}

function background(
  ctx: ExecContext,
  args: CommandArgs,
  argv: string[],
  options: { cwd: string; env: Record<string, string> },
  shown: string,
): CommandResult {
  try {
    const pid = startDetached(argv, options);
    ctx.context.retcode = 0;
    return { pid, retcode: null, stdout: "", stderr: "" };
  } catch (error) {
    throw startFailure(shown, args, options.cwd, error);
  }
}
