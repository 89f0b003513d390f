/**
 * Copies of files before they were changed, below the minion's cache: `file.list_backups` …
 * (`salt/modules/file.py`, `salt/utils/files.py:backup_minion`)
 * @module
 */
import { chmodSync, chownSync, copyFileSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { baseName, dirName } from "../../../text/py_path.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { expandUser, isFileAt, namesIn } from "./paths.ts";
import { pathArg } from "./stat.ts";

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Behind the name of a copy: `_Sat_Nov_21_10:11:12_123456_2026`. */
const stampPattern = /^_(\w{3})_(\w{3})_(\d\d)_(\d\d):(\d\d):(\d\d)_(\d{6})_(\d{4})$/;

/** The end of the name of a copy that is made now. */
export function backupStamp(now: Date, micros: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(":");
  const date = `${days[now.getDay()]}_${months[now.getMonth()]}_${two(now.getDate())}`;
  return `_${date}_${time}_${String(micros).padStart(6, "0")}_${now.getFullYear()}`;
}

interface Backup {
  /** Sorts by time. */
  order: string;
  data: DataMap;
}

function readBackup(folder: string, file: string, name: string): Backup | null {
  const stamp = file.startsWith(name) ? stampPattern.exec(file.slice(name.length)) : null;
  const path = join(folder, file);
  if (!stamp || !isFileAt(path)) return null;
  const [, day, month, date, hour, minute, second, micros, year] = stamp;
  const number = String(months.indexOf(month!) + 1).padStart(2, "0");
  const shown = `${day} ${month} ${date} ${year} ${hour}:${minute}:${second}.${micros}`;
  return {
    order: [year, number, date, hour, minute, second, micros].join(""),
    data: { "Backup Time": shown, Size: statSync(path).size, Location: path },
  };
}

function rootOf(ctx: ExecContext): string {
  return join(ctx.opts.cachedir, "file_backup");
}

/** Copies of a file, the newest first. */
function backupsOf(folder: string, name: string, limit: number): DataMap {
  const found = namesIn(folder).map((file) => readBackup(folder, file, name))
    .filter((one) => one !== null)
    .sort((a, b) => compareText(b.order, a.order)).slice(0, limit);
  return Object.fromEntries(found.map(({ data }, index) => [String(index), data]));
}

function limitOf(value: Data): number {
  const number = value === null ? NaN : Number(pyStr(value));
  return Number.isInteger(number) && number >= 0 ? number : Infinity;
}

/** Makes a copy of a file below the minion's cache, with its owner and mode. */
export function keepBackup(ctx: ExecContext, path: string): void {
  const { uid, gid, mode } = statSync(path);
  const folder = join(rootOf(ctx), dirName(path));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const micros = Math.floor((performance.timeOrigin + performance.now()) * 1000) % 1_000_000;
  const copy = join(folder, `${baseName(path)}${backupStamp(new Date(), micros)}`);
  copyFileSync(path, copy);
  chownSync(copy, uid, gid);
  chmodSync(copy, mode & 0o7777);
}

/** The copy of some number; what is wrong otherwise. */
function chosen(ctx: ExecContext, path: string, id: Data): DataMap | string {
  const text = pyStr(id);
  if (!/^(0|[1-9]\d*)$/.test(text)) return `Invalid backup_id '${text}'`;
  const found = backupsOf(join(rootOf(ctx), dirName(path)), baseName(path), Infinity)[text];
  return found === undefined ? `backup_id '${text}' does not exist for ${path}` : found as DataMap;
}

const limit = { type: "any", default: null, doc: "How many at most." } as const;
const backupId = {
  type: "any",
  required: true,
  doc: "Number of the copy in `list_backups`.",
} as const;

/** Functions about copies. */
export const backupFunctions = {
  list_backups: fn({
    doc: "Returns the copies of a file that the minion has kept, the newest first.",
    args: { path: pathArg, limit },
    example: "salt '*' file.list_backups /foo/bar/baz.txt",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      return backupsOf(join(rootOf(ctx), dirName(path)), baseName(path), limitOf(args.limit));
    },
  }),
  list_backups_dir: fn({
    doc: "Returns the copies of all files of a folder, by file.",
    args: { path: { ...pathArg, doc: "Path of the folder, or of a file in it." }, limit },
    example: "salt '*' file.list_backups_dir /foo/bar/baz/",
    run(ctx, args) {
      const folder = join(rootOf(ctx), dirName(expandUser(ctx, args.path)));
      const names = new Set(
        namesIn(folder).map((file) => file.slice(0, file.search(/_\w{3}_\w{3}_\d\d_[\d:]{8}_/)))
          .filter((name) => name !== ""),
      );
      return Object.fromEntries(
        [...names].sort(compareText).map((name) => [
          name,
          backupsOf(folder, name, limitOf(args.limit)),
        ]),
      );
    },
  }),
  restore_backup: fn({
    doc: "Puts a copy back in place of the file, of which a copy is kept before.",
    args: { path: pathArg, backup_id: backupId },
    example: "salt '*' file.restore_backup /foo/bar/baz.txt 0",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      const found = chosen(ctx, path, args.backup_id);
      if (typeof found === "string") return { result: false, comment: found };
      const location = found["Location"] as string;
      try {
        if (isFileAt(path)) keepBackup(ctx, path);
        copyFileSync(location, path);
      } catch (error) {
        const comment = `Unable to restore ${location} to ${path}: ${messageOf(error)}`;
        return { result: false, comment };
      }
      return { result: true, comment: `Successfully restored ${location} to ${path}` };
    },
  }),
  delete_backup: fn({
    doc: "Deletes a copy.",
    args: { path: pathArg, backup_id: backupId },
    example:
      "salt '*' file.delete_backup /var/cache/salt/minion/file_backup/home/foo/bar/baz.txt 0",
    run(ctx, args) {
      const found = chosen(ctx, expandUser(ctx, args.path), args.backup_id);
      if (typeof found === "string") return { result: false, comment: found };
      const location = found["Location"] as string;
      rmSync(location);
      return { result: true, comment: `Successfully removed ${location}` };
    },
  }),
};
