/**
 * Files that are either the old or the new one, never half of it, also after a power cut.
 * @module
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { SaltException } from "../errors.ts";

/** How a file is made. */
export interface AtomicWriteOptions {
  /** Permission bits from the moment the file exists, whatever the umask. 0o644 when absent. */
  mode?: number;
  /** Owner to give it, before it gets its name. */
  owner?: { uid: number; gid: number };
  /** Whether to wait until it is on the disk. True when absent. */
  durable?: boolean;
}

const DEFAULT_MODE = 0o644;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

const explanations: Record<string, string> = {
  ENOSPC: "no space left on the device; free some and try again",
  EDQUOT: "the disk quota is used up; free some and try again",
  EACCES: "permission denied; run as the user that owns the folder",
  EPERM: "permission denied; run as the user that owns the folder",
  EROFS: "the file system is read-only",
  ENOENT: "its folder does not exist",
  ENOTDIR: "a part of its path is a file, not a folder",
  EEXIST: "a file is in the way",
  EISDIR: "a folder has that name",
};

/** The SaltException for a failed file operation: says what was tried on which path and why it failed. */
export function fileError(action: string, path: string, cause: unknown): SaltException {
  const code = (cause as { code?: unknown }).code;
  const why = typeof code === "string" ? explanations[code] : undefined;
  const text = why ?? (cause instanceof Error ? cause.message : String(cause));
  return new SaltException(`Cannot ${action} "${path}": ${text}`, { cause });
}

function toBytes(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}

/**
 * A name beside `path` that nobody else takes. It need not be secret: the file is made only if the
 * name is free. (`node:crypto` would cost every command 10 ms.)
 */
function tempName(path: string): string {
  return `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`;
}

/** Takes the temporary file away after a failure, unless it was another's that was in the way. */
function removeLitter(temp: string, cause: unknown): void {
  if ((cause as { code?: unknown }).code === "EEXIST") return;
  try {
    unlinkSync(temp);
  } catch {
    // It was never made, or the first error is the one to tell.
  }
}

function writeAll(fd: number, data: Uint8Array): void {
  for (let done = 0; done < data.length;) done += writeSync(fd, data, done);
}

function fsyncDirectory(path: string): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY);
  } catch {
    // A folder may be writable and not readable; the rename itself has been done.
    return;
  }
  try {
    fsyncSync(fd);
  } catch {
    // Some file systems refuse to sync folders.
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces `path` by `data` at once: a temporary file in the same folder is written, synced and
 * renamed. Readers see the old or the new content; a failure leaves the old and no litter.
 *
 * @throws SaltException naming the file and the reason (full disk, no permission …).
 */
export function atomicWriteSync(
  path: string,
  data: Uint8Array | string,
  options: AtomicWriteOptions = {},
): void {
  const bytes = toBytes(data);
  const mode = options.mode ?? DEFAULT_MODE;
  const temp = tempName(path);
  try {
    const fd = openSync(temp, NEW_FILE, mode);
    try {
      if (options.owner) fchownSync(fd, options.owner.uid, options.owner.gid);
      // The umask may have taken bits away.
      fchmodSync(fd, mode);
      writeAll(fd, bytes);
      if (options.durable ?? true) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, path);
    if (options.durable ?? true) fsyncDirectory(dirname(path));
  } catch (error) {
    removeLitter(temp, error);
    throw fileError("write", path, error);
  }
}

async function writeTemp(
  temp: string,
  bytes: Uint8Array,
  options: AtomicWriteOptions,
): Promise<void> {
  const { open } = await import("node:fs/promises");
  const mode = options.mode ?? DEFAULT_MODE;
  const file = await open(temp, NEW_FILE, mode);
  try {
    if (options.owner) await file.chown(options.owner.uid, options.owner.gid);
    await file.chmod(mode);
    await file.writeFile(bytes);
    if (options.durable ?? true) await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * {@linkcode atomicWriteSync} that does not hold up the program while the disk works.
 *
 * @throws SaltException naming the file and the reason.
 */
export async function atomicWrite(
  path: string,
  data: Uint8Array | string,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const { rename } = await import("node:fs/promises");
  const temp = tempName(path);
  try {
    await writeTemp(temp, toBytes(data), options);
    await rename(temp, path);
    if (options.durable ?? true) fsyncDirectory(dirname(path));
  } catch (error) {
    removeLitter(temp, error);
    throw fileError("write", path, error);
  }
}

/**
 * Makes a folder and what is missing above it. Folders that are there keep what they are, except
 * that `path` itself gets `mode` when given and it differs; those above get the usual mode.
 *
 * @throws SaltException naming the folder and the reason.
 */
export function ensureDir(
  path: string,
  mode?: number,
  owner?: { uid: number; gid: number },
): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    try {
      mkdirSync(path, mode);
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
    }
    const stat = statSync(path);
    if (!stat.isDirectory()) throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
    if (mode !== undefined && (stat.mode & 0o7777) !== mode) chmodSync(path, mode);
    if (owner) chownSync(path, owner.uid, owner.gid);
  } catch (error) {
    throw fileError("create folder", path, error);
  }
}
