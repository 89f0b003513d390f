/**
 * Programs that execution modules run: no shell, plain output, and part of the job.
 * @module
 */
import { CommandExecutionError, CommandNotFoundError } from "../../errors.ts";
import { jobEnvironment } from "../../loader/environment.ts";
import type { ExecContext } from "../../loader/types.ts";
import { findUser, type RunOptions, runProcess, which } from "../../process/mod.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data } from "../../types/mod.ts";

/** How a program ended. */
export interface ProgramResult {
  retcode: number;
  /** Without the line end. */
  stdout: string;
  stderr: string;
}

/** How a program is run. */
export interface ProgramOptions {
  stdin?: string;
  cwd?: string;
  /** Added to the job's environment. */
  env?: Record<string, string>;
  timeoutMs?: number;
  /** Name of the user to run it as; this program's own when left out. */
  runas?: string | null;
  /** A failure is no failure of the job. */
  ignoreRetcode?: boolean;
}

/** What running as another user takes. */
async function identity(name: string): Promise<Pick<RunOptions, "credentials" | "env">> {
  const user = await findUser(name);
  if (!user) throw new CommandExecutionError(`User '${name}' is not available`);
  const { uid, gid, home, shell } = user;
  return {
    credentials: { uid, gid },
    env: { HOME: home, USER: name, LOGNAME: name, SHELL: shell || "/bin/sh" },
  };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/[\r\n]+$/, "");
}

/**
 * Where a program is, on the job's search path.
 * @throws CommandExecutionError when it is not installed.
 */
export function program(ctx: ExecContext, name: string): string {
  const path = which(name, jobEnvironment(ctx)["PATH"] ?? "");
  if (path === null) throw new CommandExecutionError(`Command '${name}' cannot be found`);
  return path;
}

/**
 * Makes sure that a function has the program it is for.
 * @throws CommandNotFoundError when it is not installed. (`salt/utils/decorators/path.py:which`)
 */
export function needProgram(ctx: ExecContext, name: string): void {
  if (which(name, jobEnvironment(ctx)["PATH"] ?? "") !== null) return;
  throw new CommandNotFoundError(`The '${name}' binary was not found in $PATH.`);
}

/**
 * Runs a program to its end, in English. Its exit code becomes that of the job, as of each program that
 * Salt's modules run, unless `ignoreRetcode`.
 *
 * @throws CommandExecutionError when it is not installed or its time is up.
 */
export async function runProgram(
  ctx: ExecContext,
  argv: readonly (string | number)[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const [name = "", ...args] = argv.map(String);
  const { credentials, env } = options.runas ? await identity(options.runas) : {};
  const done = await runProcess([program(ctx, name), ...args], {
    env: { ...jobEnvironment(ctx), LC_ALL: "C", LANGUAGE: "C", ...env, ...options.env },
    ...(credentials ? { credentials } : {}),
    signal: ctx.signal,
    onStart: (pid) => ctx.trackProcess(pid),
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  if (done.timedOut) {
    const seconds = (options.timeoutMs ?? 0) / 1000;
    throw new CommandExecutionError(`${name} did not end within ${seconds} seconds`);
  }
  if (!options.ignoreRetcode) ctx.context.retcode = done.code;
  return { retcode: done.code, stdout: text(done.stdout), stderr: text(done.stderr) };
}

/**
 * What a program wrote.
 * @throws CommandExecutionError with what it complained of, when it failed.
 */
export async function programOutput(
  ctx: ExecContext,
  argv: readonly (string | number)[],
  options: ProgramOptions = {},
): Promise<string> {
  const done = await runProgram(ctx, argv, { ...options, ignoreRetcode: true });
  if (done.retcode === 0) return done.stdout;
  const why = done.stderr.trim() || done.stdout.trim() || `it ended with ${done.retcode}`;
  throw new CommandExecutionError(`${argv[0]} failed: ${why}`);
}

/**
 * A value as an argument that no program takes for an option.
 * @throws CommandExecutionError when it is empty, begins with `-` or holds what no argument can.
 */
export function operand(value: Data, what: string): string {
  const word = pyStr(value);
  if (word === "" || word.startsWith("-") || /[\0\n]/.test(word)) {
    throw new CommandExecutionError(`"${word}" cannot be ${what}`);
  }
  return word;
}
