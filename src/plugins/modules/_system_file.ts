/**
 * Files of the system, such as those in `/etc`: read, and replaced with their mode and owner kept.
 * @module
 */
import { closeSync, fsyncSync, openSync, readFileSync, realpathSync, statSync } from "node:fs";
import { ftruncateSync, writeSync } from "node:fs";
import { CommandExecutionError, messageOf } from "../../errors.ts";
import { atomicWriteSync } from "../../fs/mod.ts";
import type { ExecContext } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { runProgram } from "./_program.ts";

/**
 * A file's text; undefined when there is none.
 * @throws CommandExecutionError when it cannot be read.
 */
export function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw new CommandExecutionError(`Cannot read "${path}": ${messageOf(error)}`);
  }
}

/** Where a path leads to; itself when there is nothing yet. */
function target(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Writes a file in its place. Containers mount single files of `/etc`, and files may have several names:
 * those cannot be replaced.
 */
export function overwriteFile(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  try {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(file, bytes, done, bytes.length - done, done);
    }
    ftruncateSync(file, bytes.length);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isMountPoint(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string } }).cause;
  return cause?.code === "EBUSY" || cause?.code === "EXDEV";
}

/**
 * Replaces a file's content, or makes the file. A link is followed; mode, owner and SELinux label stay.
 *
 * @param mode For a new file. 0644 when left out.
 * @throws CommandExecutionError when it cannot be written.
 */
export async function writeSystemFile(
  ctx: ExecContext,
  path: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const real = target(path);
  const before = statSync(real, { throwIfNoEntry: false });
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  try {
    atomicWriteSync(real, bytes, {
      mode: before ? before.mode & 0o7777 : mode,
      ...(before ? { owner: { uid: before.uid, gid: before.gid } } : {}),
    });
  } catch (error) {
    if (!before || !isMountPoint(error)) throw new CommandExecutionError(messageOf(error));
    overwriteFile(real, bytes);
    return;
  }
  // The new file has the label that its folder gives, which is not always the one it should have.
  if (statSync("/sys/fs/selinux/enforce", { throwIfNoEntry: false }) && which("restorecon")) {
    await runProgram(ctx, ["restorecon", real], { ignoreRetcode: true });
  }
}
