/**
 * Calls of pip. (`salt/modules/pip.py`)
 * @module
 */
import { readdirSync, statSync } from "node:fs";
import { basename, join, normalize } from "node:path";
import { CommandExecutionError, CommandNotFoundError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { isExecutable, which } from "../../../process/mod.ts";
import { compareVersions } from "../../../text/version.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";

/** Where pip is and how it is run. */
export interface PipPlace {
  bin_env: string | null;
  user: string | null;
  cwd: string | null;
}

/** How a call of pip ended. */
export interface PipResult {
  [key: string]: Data;
  pid: number;
  retcode: number;
  stdout: string;
  stderr: string;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The interpreters in a folder, the plainest name first. */
function interpreters(folder: string): string[] {
  const rank = (name: string) => ["python", "python3"].indexOf(name) & 0xff;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.filter((name) => /^python(\d+(\.\d+)?)?$/.test(name))
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).map((name) => join(folder, name))
    .filter(isExecutable);
}

/**
 * The words that run pip: that of a virtual environment, of an interpreter, or this one.
 * @throws CommandNotFoundError when there is none.
 */
export function pipWords(bin: string | null): string[] {
  if (!bin) {
    const python = ["python3", "python"].find((name) => which(name) !== null);
    if (python !== undefined) return [which(python)!, "-m", "pip"];
    const pip = ["pip3", "pip"].find((name) => which(name) !== null);
    if (pip !== undefined) return [which(pip)!];
    throw new CommandNotFoundError("Could not find a `pip` binary");
  }
  if (isFolder(bin)) {
    const found = [join(bin, "python"), ...interpreters(join(bin, "bin"))].find(isExecutable);
    if (found !== undefined) return [normalize(found), "-m", "pip"];
    throw new CommandNotFoundError(`Could not find a pip binary in virtualenv ${bin}`);
  }
  if (isExecutable(bin)) {
    return basename(bin).includes("python") ? [normalize(bin), "-m", "pip"] : [normalize(bin)];
  }
  throw new CommandNotFoundError(`Access denied to ${bin}, could not find a pip binary`);
}

/** More for `cmd.run_all`. */
export interface PipOptions {
  env?: DataMap;
  merged?: boolean;
  /** Keyword arguments of the call that are handed on. */
  kwargs?: DataMap;
}

/** Runs pip with the words behind its name. */
export async function pip(
  ctx: ExecContext,
  words: readonly string[],
  place: PipPlace,
  { env = {}, merged = false, kwargs = {} }: PipOptions = {},
): Promise<PipResult> {
  const { bin_env: bin, user, cwd } = place;
  const virtual: DataMap = bin && isFolder(bin) ? { VIRTUAL_ENV: bin } : {};
  const handed = Object.entries(kwargs).filter(([key]) => !key.startsWith("__"));
  const done = await ctx.salt("cmd.run_all", [[...pipWords(bin), ...words]], {
    ...Object.fromEntries(handed),
    python_shell: false,
    runas: user,
    redirect_stderr: merged,
    env: { ...virtual, ...env },
    ...(cwd ? { cwd } : {}),
  });
  if (!isMap(done)) throw new CommandExecutionError("pip could not be run");
  return done as PipResult;
}

/** What pip wrote. @throws CommandExecutionError with its complaint. */
export async function pipOutput(
  ctx: ExecContext,
  words: readonly string[],
  place: PipPlace,
  options: PipOptions = {},
): Promise<string> {
  const done = await pip(ctx, words, place, options);
  if (done.retcode === 0) return done.stdout;
  throw new CommandExecutionError(done.stderr, { info: done });
}

/** The version of pip. @throws CommandNotFoundError when it cannot be run. */
export async function pipVersion(ctx: ExecContext, place: PipPlace): Promise<string> {
  const key = `pip.version.${place.bin_env ?? ""}`;
  const known = ctx.context[key];
  if (typeof known === "string") return known;
  const done = await pip(ctx, ["--version"], place);
  if (done.retcode !== 0) throw new CommandNotFoundError("Could not find a `pip` binary");
  const version = /^pip (\S+)/.exec(done.stdout)?.[1] ?? "";
  ctx.context[key] = version;
  return version;
}

/** Forgets the version, which may change now. */
export function forgetVersion(ctx: ExecContext, place: PipPlace): void {
  delete ctx.context[`pip.version.${place.bin_env ?? ""}`];
}

/** Whether pip has a version, or a newer one. */
export async function isSince(
  ctx: ExecContext,
  place: PipPlace,
  version: string,
): Promise<boolean> {
  return compareVersions(await pipVersion(ctx, place), version) >= 0;
}

/** A name as package indexes compare them. */
export function normalizeName(name: string): string {
  return name.replaceAll(/[-_.]+/g, "-").toLowerCase();
}

/** Variables for pip, of an argument. @throws CommandExecutionError when it is no map. */
export function environment(value: Data): DataMap {
  if (value === null || value === "") return {};
  if (!isMap(value)) {
    throw new CommandExecutionError(`env_vars ${pyStr(value)} is not a dictionary`);
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, pyStr(one)]));
}
