/**
 * Calls of git. (`salt/modules/git.py:_git_run`)
 * @module
 */
import { chownSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { findUser } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { shlexQuote, shlexSplit } from "../../../text/shlex.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";

/** How git ended. */
export interface GitResult {
  retcode: number;
  stdout: string;
  stderr: string;
}

/** How git is run. */
export interface GitOptions {
  cwd?: string | null;
  user?: string | null;
  identity?: Data;
  saltenv?: string;
  ignore_retcode?: boolean;
  output_encoding?: string | null;
  /** What it complains of belongs to its output. */
  merged?: boolean;
  /** Do not throw when it fails. */
  soft?: boolean;
}

/** Texts without the names and passwords of their URLs. */
export function redact(text: string): string {
  return text.replaceAll(/(https?):\/\/.*@/gi, "$1://<redacted>@");
}

/** Options given as text or list; a closing `--` is left out, since we set it ourselves. */
export function optionWords(value: Data): string[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.map(pyStr);
  const words = shlexSplit(pyStr(value));
  return words.at(-1) === "--" ? words.slice(0, -1) : words;
}

/** A list, or texts with commas between. */
export function listWords(value: Data): string[] {
  if (value === null) return [];
  return Array.isArray(value) ? value.map(pyStr) : pyStr(value).split(",");
}

/** A path from the home of a user, or of this program's own. */
export async function expandPath(path: string, user: string | null): Promise<string> {
  const home = user ? (await findUser(user))?.home ?? `~${user}` : homedir();
  return resolve(home, path);
}

/** A URL with name and password. @throws SaltInvocationError when it is not for HTTPS. */
export function withLogin(url: string, name: string | null, password: string | null): string {
  if (name === null && password === null) return url;
  const parts = /^(\w+):\/\/(.*)$/.exec(url);
  if (parts?.[1]?.toLowerCase() !== "https") {
    throw new SaltInvocationError("Basic Auth only supported for HTTPS");
  }
  const quote = (text: string) =>
    encodeURIComponent(text).replaceAll(
      /[!'()*]/g,
      (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const login = password === null ? quote(name ?? "") : `${quote(name ?? "")}:${quote(password)}`;
  return `https://${login}@${parts[2]}`;
}

/** Keyword arguments that a function knows besides its own, without the job's. */
export function ownKeywords(kwargs: DataMap, ...known: string[]): DataMap {
  const given = Object.entries(kwargs).filter(([key]) => !key.startsWith("__"));
  const others = given.filter(([key]) => !known.includes(key));
  if (others.length > 0) {
    const shown = others.map(([key, value]) => `${key}=${pyStr(value)}`).join(", ");
    throw new SaltInvocationError(`The following keyword arguments are not valid: ${shown}`);
  }
  return Object.fromEntries(given);
}

async function call(
  ctx: ExecContext,
  argv: readonly string[],
  options: GitOptions,
  env: DataMap = {},
): Promise<GitResult> {
  const kwargs: DataMap = {
    runas: options.user ?? null,
    python_shell: false,
    ignore_retcode: options.ignore_retcode ?? false,
    redirect_stderr: options.merged ?? false,
    // What asks for a password would wait for ever.
    env: { GIT_TERMINAL_PROMPT: "0", ...env },
    output_encoding: options.output_encoding ?? null,
    ...(options.cwd ? { cwd: options.cwd } : {}),
  };
  const done = await ctx.salt("cmd.run_all", [[...argv]], kwargs);
  if (!isMap(done)) throw new CommandExecutionError("git could not be run");
  return {
    retcode: Number(done["retcode"]),
    stdout: pyStr(done["stdout"] ?? ""),
    stderr: pyStr(done["stderr"] ?? ""),
  };
}

/** Runs git with the first key that lets it in. */
async function callWithKeys(
  ctx: ExecContext,
  argv: readonly string[],
  options: GitOptions,
): Promise<GitResult> {
  const [errors, missing]: [string[], string[]] = [[], []];
  let last: GitResult | undefined;
  const folder = mkdtempSync(join(tmpdir(), "saltx-git-"));
  try {
    const uid = options.user ? (await findUser(options.user))?.uid : undefined;
    if (uid !== undefined) chownSync(folder, uid, -1);
    for (const [index, given] of [options.identity ?? []].flat().map(pyStr).entries()) {
      const file = await keyFile(ctx, given, join(folder, String(index)), options, uid);
      if (file === null) {
        missing.push(given);
        continue;
      }
      if (await ctx.salt("ssh.key_is_encrypted", [file])) {
        errors.push(
          `Identity file ${given} is passphrase-protected and cannot be used in a ` +
            `non-interactive command.`,
        );
        continue;
      }
      const ssh = "ssh -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oBatchMode=yes " +
        `-oPasswordAuthentication=no -oKbdInteractiveAuthentication=no -i ${shlexQuote(file)}`;
      last = await call(ctx, argv, options, { GIT_SSH_COMMAND: ssh });
      if (last.retcode === 0) return last;
      errors.push(redact(options.merged ? last.stdout : last.stderr));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (options.soft && last) return last;
  const parts = [`Unable to authenticate using identity file:\n\n${errors.join("\n")}`];
  if (missing.length > 0) {
    parts.push(`The following identity file(s) were not found: ${missing.join(", ")}`);
  }
  throw new CommandExecutionError(parts.join(errors.length > 0 ? "\n\n" : ""));
}

/** The local path of a key; null when there is none. What is fetched is for the user alone. */
async function keyFile(
  ctx: ExecContext,
  given: string,
  target: string,
  options: GitOptions,
  uid: number | undefined,
): Promise<string | null> {
  if (!given.includes("salt://")) {
    return statSync(given, { throwIfNoEntry: false })?.isFile() ? given : null;
  }
  const path = await ctx.salt("cp.get_file", [given, target, options.saltenv ?? "base"]);
  if (!path) return null;
  await ctx.salt("file.set_mode", [target, "0600"]);
  if (uid !== undefined) chownSync(target, uid, -1);
  return target;
}

/** Runs git. @throws CommandExecutionError when it fails, unless `soft`. */
export async function git(
  ctx: ExecContext,
  words: readonly string[],
  options: GitOptions = {},
): Promise<GitResult> {
  const argv = ["git", ...words];
  const identities = [options.identity ?? []].flat();
  if (identities.some(Boolean)) return await callWithKeys(ctx, argv, options);
  const done = await call(ctx, argv, options);
  if (done.retcode === 0 || options.soft) return done;
  const why = options.merged ? done.stdout : done.stderr;
  const text = `Command '${redact(argv.join(" "))}' failed`;
  throw new CommandExecutionError(why ? `${text}: ${redact(why)}` : text);
}

/** Lines of what git wrote. */
export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The version of git. */
export async function gitVersion(ctx: ExecContext): Promise<string> {
  const known = ctx.context["git.version"];
  if (typeof known === "string") return known;
  const { stdout } = await git(ctx, ["--version"], { soft: true });
  const version = stdout.split("(")[0]!.trim().split(/\s+/).at(-1) || "unknown";
  ctx.context["git.version"] = version;
  return version;
}
