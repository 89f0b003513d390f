/** Files and links that come, go and move: `file.touch`, `file.remove`, `file.copy` … @module */
import {
  closeSync,
  copyFileSync,
  cpSync,
  linkSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { normPath } from "../../../text/py_path.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { absolute, expandUser, isFolderAt, lstatOf, pathExists, systemError } from "./paths.ts";
import { settle } from "./settle.ts";
import { fileStats, pathArg } from "./stat.ts";

/** Seconds since 1970 of a time that is given; now when it is not. */
function timeOf(value: Data): number {
  if (value === null || value === 0 || value === "") return Date.now() / 1000;
  const number = Number(pyStr(value));
  if (Number.isFinite(number)) return number;
  throw new SaltInvocationError("atime and mtime must be integers");
}

/** Makes a file, or sets its times. */
export function touchFile(path: string, atime: Data, mtime: Data): boolean {
  const times: [number, number] = [timeOf(atime), timeOf(mtime)];
  try {
    if (!pathExists(path)) closeSync(openSync(path, "a"));
    utimesSync(path, ...times);
  } catch (error) {
    throw systemError(path, error);
  }
  return pathExists(path);
}

function makeLink(src: string, path: string, force: boolean, atomic: boolean): boolean {
  const old = lstatOf(path);
  if (old?.isSymbolicLink() && normPath(readlinkSync(path)) === normPath(src)) return true;
  if (old && !force && !atomic) {
    throw new CommandExecutionError(
      old.isSymbolicLink()
        ? `Found existing symlink: ${path}`
        : `Existing path is not a symlink: ${path}`,
    );
  }
  try {
    if (!old) symlinkSync(src, path);
    else if (atomic) {
      const temp = join(dirname(path), `.${process.pid}.${Date.now()}.link`);
      symlinkSync(src, temp);
      try {
        renameSync(temp, path);
      } catch (error) {
        unlinkSync(temp);
        throw error;
      }
    } else {
      unlinkSync(path);
      symlinkSync(src, path);
    }
    return true;
  } catch (error) {
    throw new CommandExecutionError(`Could not create '${path}'`, { cause: error });
  }
}

/** Moves a file, also to another file system. */
function moveFile(src: string, dst: string): void {
  const target = isFolderAt(dst) ? join(dst, src.slice(src.lastIndexOf("/") + 1)) : dst;
  try {
    renameSync(src, target);
  } catch (error) {
    if ((error as { code?: string }).code !== "EXDEV") throw error;
    cpSync(src, target, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    rmSync(src, { recursive: true });
  }
}

async function copyPath(
  ctx: ExecContext,
  src: string,
  dst: string,
  options: { recurse: boolean; remove_existing: boolean },
): Promise<boolean> {
  if (!pathExists(src)) throw new CommandExecutionError(`No such file or directory '${src}'`);
  const before = await fileStats(src, null, true);
  const folders = isFolderAt(dst) || isFolderAt(src);
  if (folders && !options.recurse) {
    throw new SaltInvocationError(
      "Cannot copy overwriting a directory without recurse flag set to true!",
    );
  }
  try {
    if (!folders) copyFileSync(src, dst);
    else {
      if (options.remove_existing) rmSync(dst, { recursive: true, force: true });
      cpSync(src, dst, { recursive: true, verbatimSymlinks: options.remove_existing });
    }
  } catch (error) {
    throw new CommandExecutionError(`Could not copy '${src}' to '${dst}'`, { cause: error });
  }
  await settle(ctx, dst, before["user"]!, before["group"]!, before["mode"]!);
  return true;
}

const links = {
  symlink: fn({
    doc: "Makes a link. True also when it is there.",
    args: {
      src: { type: "string", required: true, doc: "Where it leads to." },
      path: { ...pathArg, doc: "Path of the link." },
      force: { type: "bool", default: false, doc: "In place of what is there." },
      atomic: { type: "bool", default: false, doc: "In place of what is there, at once." },
    },
    example: "salt '*' file.symlink /path/to/file /path/to/link",
    run(ctx, args) {
      const given = expandUser(ctx, args.path);
      const path = absolute(ctx, given, `Link path must be absolute: ${given}`);
      return makeLink(args.src, path, args.force, args.atomic);
    },
  }),
  link: fn({
    doc: "Gives a file another name. (A hard link)",
    args: { src: pathArg, path: { ...pathArg, doc: "The other name." } },
    example: "salt '*' file.link /path/to/file /path/to/link",
    run(ctx, args) {
      const src = absolute(ctx, args.src, "File path must be absolute.");
      try {
        linkSync(src, args.path);
        return true;
      } catch (error) {
        throw systemError(`Could not create '${args.path}'`, error);
      }
    },
  }),
};

const files = {
  touch: fn({
    doc: "Makes a file, or sets its times.",
    args: {
      name: pathArg,
      atime: { type: "any", default: null, doc: "Time of the last use, in seconds since 1970." },
      mtime: { type: "any", default: null, doc: "Time of the last change." },
    },
    example: "salt '*' file.touch /var/log/emptyfile",
    run: (ctx, args) => touchFile(expandUser(ctx, args.name), args.atime, args.mtime),
  }),
  remove: fn({
    doc: "Removes a file, or a folder with all in it. False when there is nothing.",
    args: { path: pathArg, kwargs: { type: "map", keywords: true, doc: "" } },
    example: "salt '*' file.remove /tmp/foo",
    run(ctx, args) {
      const path = absolute(ctx, args.path, `File path must be absolute: ${args.path}`);
      if (!lstatOf(path)) return false;
      try {
        rmSync(path, { recursive: true });
        return true;
      } catch (error) {
        throw systemError(`Could not remove '${path}'`, error);
      }
    },
  }),
  rename: fn({
    doc: "Renames a file or folder within a file system.",
    args: { src: pathArg, dst: { ...pathArg, doc: "The new path." } },
    example: "salt '*' file.rename /path/to/src /path/to/dst",
    run(ctx, args) {
      const src = absolute(ctx, args.src, "File path must be absolute.");
      const dst = expandUser(ctx, args.dst);
      try {
        renameSync(src, dst);
        return true;
      } catch (error) {
        throw new CommandExecutionError(`Could not rename '${src}' to '${dst}'`, { cause: error });
      }
    },
  }),
  move: fn({
    doc: "Moves a file or folder.",
    args: {
      src: pathArg,
      dst: { ...pathArg, doc: "The new path, or a folder to move it into." },
      disallow_copy_and_unlink: {
        type: "bool",
        default: false,
        doc: "Only within a file system.",
      },
    },
    example: "salt '*' file.move /path/to/src /path/to/dst",
    run(ctx, args) {
      const src = absolute(ctx, args.src, "Source path must be absolute.");
      const dst = absolute(ctx, args.dst, "Destination path must be absolute.");
      try {
        if (args.disallow_copy_and_unlink) renameSync(src, dst);
        else moveFile(src, dst);
      } catch (error) {
        throw systemError(`Unable to move '${src}' to '${dst}'`, error);
      }
      return args.disallow_copy_and_unlink
        ? true
        : { result: true, comment: `'${src}' moved to '${dst}'` };
    },
  }),
  copy: fn({
    doc: "Copies a file, with its owner and mode.",
    args: {
      src: pathArg,
      dst: { ...pathArg, doc: "Path of the copy." },
      recurse: { type: "bool", default: false, doc: "A folder, with all in it." },
      remove_existing: { type: "bool", default: false, doc: "Remove what is there before." },
    },
    example: "salt '*' file.copy /path/to/src /path/to/dst\n" +
      "salt '*' file.copy /path/to/src_dir /path/to/dst_dir recurse=True",
    run: (ctx, args) =>
      copyPath(
        ctx,
        absolute(ctx, args.src, "File path must be absolute."),
        expandUser(ctx, args.dst),
        args,
      ),
  }),
  truncate: fn({
    doc: "Cuts a file to a length.",
    args: { path: pathArg, length: { type: "int", required: true, doc: "Bytes that are left." } },
    example: "salt '*' file.truncate /path/to/file 512",
    run(ctx, args) {
      truncateSync(expandUser(ctx, args.path), args.length);
      return null;
    },
  }),
};

/** Functions that make, move and remove. */
export const makeFunctions = { ...links, ...files };
