/**
 * Paths that users give: `~`, links, patterns.
 * @module
 */
import { lstatSync, readdirSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../../errors.ts";
import { jobEnvironment } from "../../../loader/environment.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { localUsers } from "../../../process/mod.ts";
import { compileGlob, isGlob } from "../../../text/glob.ts";
import { dirName, joinPath, splitPath } from "../../../text/py_path.ts";
import { compareText } from "../../../text/py_text.ts";

/** A path with `~` or `~user` at its start made a folder. (`os.path.expanduser`) */
export function expandUser(ctx: ExecContext, path: string): string {
  const [, user, rest] = /^~([^/]*)(.*)$/s.exec(path) ?? [];
  if (user === undefined) return path;
  const home = user === ""
    ? jobEnvironment(ctx)["HOME"] ??
      localUsers().find(({ uid }) => uid === process.getuid?.())?.home
    : localUsers().find(({ name }) => name === user)?.home;
  return home === undefined ? path : `${home.replace(/\/+$/, "")}${rest}` || "/";
}

/** The path, made whole. @throws SaltInvocationError when it does not begin at the root. */
export function absolute(ctx: ExecContext, path: string, message: string): string {
  const whole = expandUser(ctx, path);
  if (!isAbsolute(whole)) throw new SaltInvocationError(message);
  return whole;
}

/** What a path leads to; undefined when there is nothing. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** What is at a path, links not followed; undefined when there is nothing. */
export function lstatOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Whether something is at a path; a link that leads nowhere is not. */
export function pathExists(path: string): boolean {
  return statOf(path) !== undefined;
}

/** Whether a link is at a path. */
export function isLinkAt(path: string): boolean {
  return lstatOf(path)?.isSymbolicLink() === true;
}

/** Whether a path leads to a folder. */
export function isFolderAt(path: string): boolean {
  return statOf(path)?.isDirectory() === true;
}

/** Whether a path leads to a plain file. */
export function isFileAt(path: string): boolean {
  return statOf(path)?.isFile() === true;
}

/** Links that lead from one to the next; more is a circle. */
const mostLinks = 40;

/** Where a path leads to, also when there is nothing yet. (`os.path.realpath`) */
export function realPath(path: string, links = 0): string {
  try {
    return realpathSync(path);
  } catch {
    const [head, tail] = splitPath(path);
    if (head === path || tail === "") return path;
    const folder = realPath(head === "" ? "." : head, links);
    const whole = joinPath(folder, tail);
    if (!isLinkAt(whole) || links >= mostLinks) return whole;
    return realPath(joinPath(dirName(whole), readlinkSync(whole)), links + 1);
  }
}

/** Names in a folder, in no order; none when it is not there or closed to us. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Paths that fit a pattern, sorted; files that begin with a dot only where it says so. (`glob.glob`) */
export function globPaths(pattern: string): string[] {
  if (!isGlob(pattern)) return lstatOf(pattern) ? [pattern] : [];
  const [head, tail] = splitPath(pattern);
  const folders = isGlob(head) ? globPaths(head) : [head];
  if (tail === "") return folders.filter(isFolderAt).map((folder) => `${folder}/`);
  if (!isGlob(tail)) {
    return folders.map((folder) => joinPath(folder, tail)).filter((path) => lstatOf(path));
  }
  const fits = compileGlob(tail);
  const shown = (name: string) => fits(name) && (!name.startsWith(".") || tail.startsWith("."));
  return folders.flatMap((folder) =>
    namesIn(folder === "" ? "." : folder).filter(shown)
      .map((name) => folder === "" ? name : joinPath(folder, name))
  ).sort(compareText);
}

/** An error of the system in Salt's shape. */
export function systemError(what: string, error: unknown): CommandExecutionError {
  return new CommandExecutionError(`${what}: ${messageOf(error)}`, { cause: error });
}
