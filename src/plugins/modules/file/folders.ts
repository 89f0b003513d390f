/** Folders: `file.mkdir`, `file.makedirs`, `file.rmdir` … @module */
import { mkdirSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { CommandExecutionError, messageOf, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { dirName, normPath } from "../../../text/py_path.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { absolute, expandUser, isFolderAt, lstatOf, pathExists, systemError } from "./paths.ts";
import { modeArg, ownerArgs, settle } from "./settle.ts";
import { pathArg } from "./stat.ts";

/** Makes a folder and those above it, each with the same owner and mode. */
export async function makeFolders(
  ctx: ExecContext,
  path: string,
  user: Data,
  group: Data,
  mode: Data,
): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !pathExists(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another job may have been faster.
      if ((error as { code?: string }).code === "EEXIST") continue;
      throw systemError(`Could not create directory '${folder}'`, error);
    }
    await settle(ctx, folder, user, group, mode);
  }
}

interface RemoveFolder {
  path: string;
  recurse: boolean;
  verbose: boolean;
  older_than: Data;
}

/** Folders below one, the deepest first. */
function foldersBelow(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => [...foldersBelow(join(path, name)), join(path, name)]);
}

function removeFolder(ctx: ExecContext, args: RemoveFolder): Data {
  const path = absolute(ctx, args.path, "File path must be absolute.");
  if (!isFolderAt(path)) {
    throw new SaltInvocationError(`A valid directory was not specified: ${path}`);
  }
  const days = Number(pyStr(args.older_than ?? 0));
  const before = days > 0 ? Date.now() - days * 86_400_000 : Infinity;
  const deleted: string[] = [];
  const errors: [string, string][] = [];
  for (const folder of [...(args.recurse ? foldersBelow(path) : []), path]) {
    if (statSync(folder).mtimeMs >= before) continue;
    try {
      rmdirSync(folder);
      deleted.push(folder);
    } catch (error) {
      errors.push([folder, messageOf(error)]);
      ctx.log.error(`Could not remove '${folder}': ${messageOf(error)}`);
    }
  }
  const result = errors.length === 0 && (args.recurse || deleted.length > 0);
  return args.verbose ? { deleted, errors, result } : result;
}

/** Functions about folders. */
export const folderFunctions = {
  mkdir: fn({
    doc: "Makes a folder, and those above it. True also when it is there.",
    args: { dir_path: { ...pathArg, doc: "Path of the folder." }, ...ownerArgs, mode: modeArg },
    example: "salt '*' file.mkdir /opt/jetty/context",
    async run(ctx, args) {
      const path = normPath(expandUser(ctx, args.dir_path));
      if (!isFolderAt(path)) await makeFolders(ctx, path, args.user, args.group, args.mode);
      return true;
    },
  }),
  makedirs: fn({
    doc: "Makes the folders above a path. A path that is itself to be a folder ends in a slash.",
    args: { path: pathArg, ...ownerArgs, mode: modeArg },
    example: "salt '*' file.makedirs /opt/code/",
    async run(ctx, args) {
      const given = expandUser(ctx, args.path);
      if (!isAbsolute(given)) {
        throw new SaltInvocationError(
          `Recursive creation for path '${given}' would result in an infinite loop. Please use ` +
            "an absolute path.",
        );
      }
      const path = normPath(dirName(given));
      if (isFolderAt(path)) return `Directory '${path}' already exists`;
      if (pathExists(path)) return `The path '${path}' already exists and is not a directory`;
      await makeFolders(ctx, path, args.user, args.group, args.mode);
      return null;
    },
  }),
  makedirs_perms: fn({
    doc: "Makes a folder, and those above it, with owner and mode.",
    args: {
      name: { ...pathArg, doc: "Path of the folder." },
      ...ownerArgs,
      mode: { ...modeArg, default: "0755" },
    },
    example: "salt '*' file.makedirs_perms /opt/code",
    async run(ctx, args) {
      const path = normPath(expandUser(ctx, args.name));
      if (lstatOf(path)) throw new CommandExecutionError(`File exists: '${path}'`);
      await makeFolders(ctx, path, args.user, args.group, args.mode);
      return null;
    },
  }),
  rmdir: fn({
    doc: "Removes an empty folder.",
    args: {
      path: { ...pathArg, doc: "Path of the folder." },
      recurse: { type: "bool", default: false, doc: "Empty folders below it before." },
      verbose: { type: "bool", default: false, doc: "Return what was removed, and what not." },
      older_than: { type: "any", default: null, doc: "Only what is older than so many days." },
    },
    example: "salt '*' file.rmdir /tmp/foo/\n" +
      "salt '*' file.rmdir /tmp/foo/ recurse=True older_than=14",
    run: removeFolder,
  }),
};
