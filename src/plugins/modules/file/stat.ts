/** What is known of files: `file.stats`, `file.file_exists` … @module */
import {
  accessSync,
  type BigIntStats,
  chmodSync,
  constants,
  lstatSync,
  readdirSync,
  readlinkSync,
  statfsSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { jobEnvironment } from "../../../loader/environment.ts";
import { fn } from "../../../loader/types.ts";
import { findGroup, findUser } from "../../../process/mod.ts";
import { asFloat } from "../../../text/py_number.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { hashFile } from "./digest.ts";
import {
  absolute,
  expandUser,
  globPaths,
  isFileAt,
  isFolderAt,
  isLinkAt,
  lstatOf,
  pathExists,
  realPath,
  statOf,
} from "./paths.ts";

/** The argument that names a file. */
export const pathArg = { type: "string", required: true, doc: "Path of the file." } as const;

/** The argument that says whether links are followed. */
export const followArg = {
  type: "bool",
  default: true,
  doc: "Whether a link stands for what it leads to.",
} as const;

/** A mode as text of four digits: `0644`. (`salt/utils/files.py:normalize_mode`) */
export function normalMode(mode: Data): string | null {
  if (mode === null) return null;
  const digits = pyStr(mode).replaceAll("0o", "0").replace(/^["']+|["']+$/g, "");
  return digits.replace(/^0+/, "").padStart(4, "0");
}

/** Seconds with their fraction, put together as Python does. */
function seconds(nanoseconds: bigint): Data {
  const whole = nanoseconds / 1_000_000_000n;
  return asFloat(Number(whole) + 1e-9 * Number(nanoseconds - whole * 1_000_000_000n));
}

function typeOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return "dir";
  if (stat.isCharacterDevice()) return "char";
  if (stat.isBlockDevice()) return "block";
  if (stat.isSymbolicLink()) return "link";
  if (stat.isFIFO()) return "pipe";
  return stat.isSocket() ? "socket" : "file";
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * What `file.stats` returns.
 * @throws CommandExecutionError when there is nothing at the path.
 */
export async function fileStats(
  path: string,
  hashType: string | null,
  followLinks: boolean,
): Promise<DataMap> {
  if (!lstatOf(path)) throw new CommandExecutionError(`Path not found: ${path}`);
  const stat = pathExists(path) && followLinks
    ? statSync(path, { bigint: true })
    : lstatSync(path, { bigint: true });
  const [uid, gid] = [Number(stat.uid), Number(stat.gid)];
  return {
    inode: plain(stat.ino),
    uid,
    gid,
    group: (await findGroup(gid))?.name ?? gid,
    user: (await findUser(uid))?.name ?? uid,
    atime: seconds(stat.atimeNs),
    mtime: seconds(stat.mtimeNs),
    ctime: seconds(stat.ctimeNs),
    size: plain(stat.size),
    mode: normalMode((Number(stat.mode) & 0o7777).toString(8)),
    ...(hashType ? { sum: await hashFile(path, hashType) } : {}),
    type: typeOf(stat),
    target: realPath(path),
  };
}

/** Sets a mode of octal digits. What is set now, or what is wrong with it. */
export function changeMode(path: string, mode: Data): string {
  const digits = pyStr(mode).replace(/^[0Oo]+/, "") || "0";
  if (!pathExists(path)) throw new CommandExecutionError(`${path}: File not found`);
  if (!/^[0-7]{1,4}$/.test(digits)) return `Invalid Mode ${digits}`;
  chmodSync(path, parseInt(digits, 8));
  return normalMode((statSync(path).mode & 0o7777).toString(8))!;
}

/** Bytes of all files below a folder, each counted once. */
function bytesBelow(path: string): number {
  const top = statOf(path);
  if (top?.isFile()) return top.size;
  const seen = new Set<number>();
  let total = 0;
  const visit = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const at = join(folder, entry.name);
      if (entry.isDirectory()) visit(at);
      else {
        const stat = statOf(at);
        if (!stat || stat.isDirectory() || seen.has(stat.ino)) continue;
        seen.add(stat.ino);
        total += stat.size;
      }
    }
  };
  if (top) visit(path);
  return total;
}

const accessModes: Record<string, number> = {
  f: constants.F_OK,
  r: constants.R_OK,
  w: constants.W_OK,
  x: constants.X_OK,
};

function isAllowed(path: string, mode: Data): boolean {
  const wanted = typeof mode === "number" && Object.values(accessModes).includes(mode)
    ? mode
    : accessModes[pyStr(mode)];
  if (wanted === undefined) throw new SaltInvocationError("Invalid mode specified.");
  try {
    accessSync(path, wanted);
    return true;
  } catch {
    return false;
  }
}

function expandVariables(text: string, env: Record<string, string>): string {
  return text.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, bare, braced) => {
    const name = bare ?? braced;
    return Object.hasOwn(env, name) ? env[name]! : whole;
  });
}

const lstatKeys = ["atime", "ctime", "gid", "mode", "mtime", "nlink", "size", "uid"] as const;

function lstatData(path: string): DataMap {
  if (!lstatOf(path)) return {};
  const stat = lstatSync(path, { bigint: true });
  return Object.fromEntries(lstatKeys.map((key) => {
    const isTime = key === "atime" || key === "ctime" || key === "mtime";
    return [`st_${key}`, isTime ? seconds(stat[`${key}Ns`]) : plain(stat[key])];
  }));
}

const existence = {
  file_exists: fn({
    doc: "Says whether there is a plain file.",
    args: { path: pathArg },
    example: "salt '*' file.file_exists /etc/passwd",
    run: (ctx, args) => isFileAt(expandUser(ctx, args.path)),
  }),
  directory_exists: fn({
    doc: "Says whether there is a folder.",
    args: { path: pathArg },
    example: "salt '*' file.directory_exists /etc",
    run: (ctx, args) => isFolderAt(expandUser(ctx, args.path)),
  }),
  path_exists_glob: fn({
    doc: "Says whether there is anything that fits a pattern.",
    args: { path: { ...pathArg, doc: "The pattern." } },
    example: "salt '*' file.path_exists_glob /etc/pam*/pass*",
    run: (ctx, args) => globPaths(expandUser(ctx, args.path)).length > 0,
  }),
  is_link: fn({
    doc: "Says whether a path is a link.",
    args: { path: pathArg },
    example: "salt '*' file.is_link /path/to/link",
    run: (ctx, args) => isLinkAt(expandUser(ctx, args.path)),
  }),
  is_hardlink: fn({
    doc: "Says whether a file has other names too.",
    args: { path: pathArg },
    example: "salt '*' file.is_hardlink /path/to/link",
    run: (ctx, args) => (lstatOf(expandUser(ctx, args.path))?.nlink ?? 0) > 1,
  }),
  is_chrdev: fn({
    doc: "Says whether a path is a character device.",
    args: { name: pathArg },
    example: "salt '*' file.is_chrdev /dev/chr",
    run: (ctx, args) => statOf(expandUser(ctx, args.name))?.isCharacterDevice() === true,
  }),
  is_blkdev: fn({
    doc: "Says whether a path is a block device.",
    args: { name: pathArg },
    example: "salt '*' file.is_blkdev /dev/blk",
    run: (ctx, args) => statOf(expandUser(ctx, args.name))?.isBlockDevice() === true,
  }),
  is_fifo: fn({
    doc: "Says whether a path is a pipe.",
    args: { name: pathArg },
    example: "salt '*' file.is_fifo /dev/fifo",
    run: (ctx, args) => statOf(expandUser(ctx, args.name))?.isFIFO() === true,
  }),
  access: fn({
    doc: "Says whether the minion may use a file.",
    args: {
      path: pathArg,
      mode: { type: "any", required: true, doc: "f: is there; r: read; w: write; x: run." },
    },
    example: "salt '*' file.access /path/to/file f\nsalt '*' file.access /path/to/file x",
    run: (ctx, args) =>
      isAllowed(absolute(ctx, args.path, "Path to link must be absolute."), args.mode),
  }),
};

/** Device numbers as the kernel of Linux packs them. */
function deviceNumbers(rdev: bigint): [major: number, minor: number] {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return [Number(major), Number(minor & 0xffffffffn)];
}

const details = {
  stats: fn({
    doc: "Returns what is known of a file: owner, mode, times, size, kind.",
    args: {
      path: pathArg,
      hash_type: { type: "string", default: null, doc: "Add a hash of this kind." },
      follow_symlinks: followArg,
    },
    example: "salt '*' file.stats /etc/passwd",
    run: (ctx, args) => fileStats(expandUser(ctx, args.path), args.hash_type, args.follow_symlinks),
  }),
  lstat: fn({
    doc: "Returns what the system knows of a file, a link not followed.",
    args: { path: pathArg },
    example: "salt '*' file.lstat /path/to/file",
    run: (ctx, args) => lstatData(absolute(ctx, args.path, "Path to file must be absolute.")),
  }),
  statvfs: fn({
    doc: "Returns what is known of the file system of a path.",
    args: { path: pathArg },
    example: "salt '*' file.statvfs /path/to/file",
    run(ctx, args) {
      const path = absolute(ctx, args.path, "File path must be absolute.");
      try {
        const { bavail, bfree, blocks, bsize, ffree, files } = statfsSync(path);
        return {
          f_bavail: bavail,
          f_bfree: bfree,
          f_blocks: blocks,
          f_bsize: bsize,
          f_favail: ffree,
          f_ffree: ffree,
          f_files: files,
          f_frsize: bsize,
        };
      } catch (error) {
        throw new CommandExecutionError(`Could not statvfs '${path}'`, { cause: error });
      }
    },
  }),
  get_devmm: fn({
    doc: "Returns major and minor number of a device.",
    args: { name: pathArg },
    example: "salt '*' file.get_devmm /dev/chr",
    run(ctx, args) {
      const path = expandUser(ctx, args.name);
      const stat = statOf(path);
      if (!stat?.isCharacterDevice() && !stat?.isBlockDevice()) return [0, 0];
      return deviceNumbers(statSync(path, { bigint: true }).rdev);
    },
  }),
  set_mode: fn({
    doc: "Sets the mode of a file, and returns it.",
    args: { path: pathArg, mode: { type: "any", required: true, doc: "Octal digits." } },
    example: "salt '*' file.set_mode /etc/passwd 0644",
    run: (ctx, args) => changeMode(expandUser(ctx, args.path), args.mode),
  }),
  readdir: fn({
    doc: "Lists the names in a folder, `.` and `..` first.",
    args: { path: pathArg },
    example: "salt '*' file.readdir /path/to/dir/",
    run(ctx, args) {
      const path = absolute(ctx, args.path, "Dir path must be absolute.");
      if (!isFolderAt(path)) {
        throw new SaltInvocationError(`A valid directory was not specified: ${path}`);
      }
      return [".", "..", ...readdirSync(path)];
    },
  }),
  readlink: fn({
    doc: "Returns where a link leads to.",
    args: {
      path: pathArg,
      canonicalize: { type: "bool", default: false, doc: "Follow all links on the way." },
    },
    example: "salt '*' file.readlink /path/to/link",
    run(ctx, args) {
      const given = expandVariables(args.path, jobEnvironment(ctx));
      const path = absolute(ctx, given, `Path to link must be absolute: ${given}`);
      if (!isLinkAt(path)) {
        throw new SaltInvocationError(`A valid link was not specified: ${path}`);
      }
      return args.canonicalize ? realPath(path) : readlinkSync(path);
    },
  }),
  diskusage: fn({
    doc: "Returns how many bytes a file, or all files below a folder, hold.",
    args: { path: pathArg },
    example: "salt '*' file.diskusage /path/to/check",
    run: (ctx, args) => bytesBelow(expandUser(ctx, args.path)),
  }),
};

/** Functions that tell of files. */
export const statFunctions = { ...existence, ...details };
