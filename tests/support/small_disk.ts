/**
 * A disk that can be filled up.
 * @module
 */
import { execFile } from "node:child_process";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Bytes of the disk. */
const SIZE = 32 << 20;

/** A file system of its own at a folder, or, where none may be mounted, a bound on what programs write. */
export class SmallDisk implements AsyncDisposable {
  readonly #folder: string;
  readonly #mounted: boolean;

  private constructor(folder: string, mounted: boolean) {
    this.#folder = folder;
    this.#mounted = mounted;
  }

  /** Makes it; to be called before programs use the folder. */
  static async at(folder: string): Promise<SmallDisk> {
    await mkdir(folder, { recursive: true });
    const mount = run("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=755`, "tmpfs", folder]);
    return new SmallDisk(folder, await mount.then(() => true, () => false));
  }

  /** From now on nothing more fits; `pid` is the program that writes there. */
  async fill(pid: number): Promise<void> {
    if (!this.#mounted) return await bound(pid, "1");
    const filler = await open(join(this.#folder, "filler"), "a");
    try {
      for (const size of [1 << 16, 512]) await writeUntilFull(filler, size);
    } finally {
      await filler.close();
    }
  }

  /** There is room again. */
  async free(pid: number): Promise<void> {
    if (!this.#mounted) return await bound(pid, "unlimited");
    await rm(join(this.#folder, "filler"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: a program that ends a moment later may still have files open.
    if (this.#mounted) await run("umount", ["--lazy", this.#folder]);
  }
}

/** Bounds the size of each file that a program writes; beyond it a write fails. */
async function bound(pid: number, bytes: string): Promise<void> {
  await run("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`]);
}

async function writeUntilFull(file: Awaited<ReturnType<typeof open>>, size: number): Promise<void> {
  const block = new Uint8Array(size);
  while (true) {
    try {
      await file.write(block);
    } catch (error) {
      if ((error as { code?: string }).code === "ENOSPC") return;
      throw error;
    }
  }
}
