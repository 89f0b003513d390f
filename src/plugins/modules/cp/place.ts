/**
 * Files on their way to their place: written beside it, under a name of their own until they are whole.
 * What came of a large one stays there when the rest could not be had, or when the program was ended,
 * and the next attempt goes on behind it.
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import {
  constants,
  existsSync,
  lstatSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { listFolder } from "../../../fs/mod.ts";
import { processStat } from "../../../host/mod.ts";

/**
 * Bytes up to which a file is on the disk before it gets its name. After a power cut a larger one may
 * be damaged; its hash tells, and it is fetched again.
 */
const mostSynced = 16 << 20;

/** Bytes from which on it is worth keeping what came of a file. */
export const leastKept = 8 << 20;

/** ms after which what nobody has gone on with is deleted, when another large file comes to the folder. */
const longestKept = 24 * 3600_000;

/** `.saltx-<name>-<origin>.<who fetches it>-<random>.part`: short, however long the name of the file is. */
const partName = /^\.saltx-([0-9a-f]{16})-([0-9a-f]{16})\.(\d+)-(\d+)-[0-9a-f]{8}\.part$/;

/** Whether a name is that of a file on its way. */
export function isPart(name: string): boolean {
  return partName.test(name);
}

/** Names this process for as long as it runs; a later one with the same pid started at another time. */
function self(): string {
  return `${process.pid}-${processStat(process.pid)?.started ?? 0}`;
}

/** The owner of what nobody is at work on. */
const nobody = "0-0";

function isGone(pid: number, started: number): boolean {
  if (pid === 0) return true;
  const stat = processStat(pid);
  return stat === undefined || stat.started !== started;
}

/** What a part is of: 16 digits for the name that it will have, a hyphen, 16 for where it comes from. */
function keyOf(name: string, origin: string): string {
  const short = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `${short(name)}-${short(origin)}`;
}

function newPart(folder: string, key: string, owner: string): string {
  return join(folder, `.saltx-${key}.${owner}-${randomBytes(4).toString("hex")}.part`);
}

function isOwn(stats: Stats): boolean {
  return stats.isFile() && stats.uid === process.getuid?.();
}

/** Whether only this user can have written it, and can still write. */
function isPrivate(stats: Stats): boolean {
  return isOwn(stats) && stats.nlink === 1 && (stats.mode & 0o077) === 0;
}

/** Takes over what is left of an earlier attempt at the same, and deletes what nobody wants any more. */
function takeOver(folder: string, key: string, part: string): boolean {
  let taken = false;
  for (const name of listFolder(folder)) {
    const [, of, origin, pid, started] = partName.exec(name) ?? [];
    if (of === undefined || !isGone(Number(pid), Number(started))) continue;
    const isSameName = key.startsWith(of);
    const path = join(folder, name);
    try {
      const stats = lstatSync(path);
      if (!isOwn(stats)) continue;
      if (key === `${of}-${origin}` && !taken && isPrivate(stats)) {
        renameSync(path, part);
        taken = true;
      } else if (isSameName || Date.now() - stats.mtimeMs > longestKept) rmSync(path);
    } catch {
      // Another program was quicker.
    }
  }
  return taken;
}

/** A file on its way to its place. */
export class Part {
  /** Where it is until it is whole. */
  readonly path: string;
  /** Bytes of it that an earlier attempt left. */
  readonly had: number;
  readonly #target: string;
  readonly #key: string;
  readonly #file: FileHandle;
  #size: number;

  private constructor(target: string, key: string, path: string, file: FileHandle, had: number) {
    this.#target = target;
    this.#key = key;
    this.path = path;
    this.#file = file;
    this.had = had;
    this.#size = had;
  }

  /**
   * @param dest A link there stays one: what it leads to is replaced.
   * @param origin Where the bytes come from, and of which version. What an earlier attempt left of the
   * same is gone on with; null for what always begins anew.
   */
  static async open(dest: string, origin: string | null): Promise<Part> {
    const target = existsSync(dest) ? realpathSync(dest) : dest;
    const folder = dirname(target);
    const key = keyOf(basename(target), origin ?? "");
    const path = newPart(folder, key, self());
    if (origin !== null && takeOver(folder, key, path)) {
      const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
      const stats = await file.stat();
      if (isPrivate(stats)) return new Part(target, key, path, file, stats.size);
      await file.close();
      rmSync(path, { force: true });
    }
    return new Part(target, key, path, await open(path, "wx", 0o600), 0);
  }

  /** Forgets what is behind `offset`. */
  async cut(offset: number): Promise<void> {
    await this.#file.truncate(offset);
    this.#size = offset;
  }

  /** Writes bytes behind those before. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        done,
        bytes.length - done,
        this.#size + done,
      );
      done += bytesWritten;
    }
    this.#size += bytes.length;
  }

  /** Puts it in its place, with the mode of what was there. */
  async finish(): Promise<void> {
    const mode = existsSync(this.#target) ? statSync(this.#target).mode & 0o7777 : 0o644;
    await this.#file.chmod(mode);
    if (this.#size <= mostSynced) await this.#file.sync();
    await this.#file.close();
    renameSync(this.path, this.#target);
  }

  /** Keeps what came for the next attempt, if it is much. */
  async keep(): Promise<void> {
    if (this.#size < leastKept) return await this.discard();
    await this.#file.close();
    renameSync(this.path, newPart(dirname(this.path), this.#key, nobody));
  }

  async discard(): Promise<void> {
    await this.#file.close();
    rmSync(this.path, { force: true });
  }
}
