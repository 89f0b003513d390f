/**
 * Giving the dynamic linker a file to load the embedded addon from, leaving none behind where the
 * system allows that.
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { openLibc } from "./node_libc.ts";
import { cString } from "./libc.ts";

const MFD_CLOEXEC = 1;
/** `O_TMPFILE | O_RDWR | O_EXCL` on Linux; Node has no constant for the first. */
const UNNAMED_FILE = 0o20200000 | fs.constants.O_RDWR | fs.constants.O_EXCL;

/**
 * Files that hold `addon`, from the best kind to the last resort; the next is made when the one
 * before could not be loaded (a `noexec` mount, a read-only one, a kernel without it).
 * Descriptors stay open: threads load the same path again.
 */
export function* embeddedAddonFiles(addon: Uint8Array): Generator<string> {
  if (process.platform === "linux") {
    yield* descriptorFile(memoryFile, addon);
    for (const folder of folders()) {
      yield* descriptorFile(() => fs.openSync(folder, UNNAMED_FILE, 0o700), addon);
    }
  }
  for (const folder of folders()) yield* namedFile(folder, addon);
}

/** Where unnamed and named files may go, most private first. */
function folders(): string[] {
  const { env } = process;
  const home = env["XDG_CACHE_HOME"] ?? (env["HOME"] ? join(env["HOME"], ".cache") : undefined);
  const all = ["/var/cache/salt", home, env["TMPDIR"], "/tmp", "/var/tmp", "/dev/shm", "/run"];
  return [...new Set(all.filter((folder) => folder !== undefined && folder !== ""))] as string[];
}

function memoryFile(): number {
  const libc = openLibc({ memfd_create: { parameters: ["buffer", "u32"], result: "i32" } });
  const fd = Number(libc.memfd_create(cString("saltx-zeromq"), MFD_CLOEXEC));
  if (fd < 0) throw new Error("memfd_create failed");
  return fd;
}

function* descriptorFile(open: () => number, content: Uint8Array): Generator<string> {
  let fd: number | undefined;
  try {
    fd = open();
    writeAll(fd, content);
    yield `/proc/self/fd/${fd}`;
    // Only a caller that could not load it comes back here.
    fs.closeSync(fd);
  } catch {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function writeAll(fd: number, content: Uint8Array): void {
  for (let done = 0; done < content.length;) done += fs.writeSync(fd, content, done);
}

/**
 * A file in a folder of its own that only this user may enter. It is written anew by every process,
 * so that nobody else's bytes are ever loaded, and removed when the process ends.
 */
function* namedFile(parent: string, content: Uint8Array): Generator<string> {
  let folder: string | undefined;
  const remove = () => folder && fs.rmSync(folder, { recursive: true, force: true });
  try {
    folder = fs.mkdtempSync(join(parent, "saltx-"));
    const path = join(folder, "zeromq.node");
    fs.writeFileSync(path, content, { mode: 0o700, flag: "wx" });
    process.once("exit", remove);
    yield path;
    remove();
  } catch {
    remove();
  }
}
