/**
 * The file with a daemon's process id, which also keeps a second one from starting.
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  chownSync,
  closeSync,
  existsSync,
  fchmodSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { SaltException } from "../errors.ts";
import { ensureDir, fileError } from "../fs/mod.ts";
import { isAlive } from "../process/mod.ts";

/** How often a stale file is taken away before another daemon is thought to be faster. */
const ATTEMPTS = 5;

/** ms between two looks at a daemon that is to end. */
const LOOK_MS = 20;

/** The pid file of this process. */
export interface PidFile {
  /** Takes the file away, if it is still ours. Fails silently: a user without rights leaves it stale. */
  remove(): void;
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, "utf8").trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a process has ended and only waits to be taken note of. (proc_pid_stat(5)) */
export function isZombie(stat: string): boolean {
  return /^\) [ZX]/.test(stat.slice(stat.lastIndexOf(")")));
}

/**
 * Whether process `pid` may be a Salt daemon. After a reboot its number may belong to anybody, which
 * the command line tells where the system shows it.
 */
function looksLikeDaemon(pid: number): boolean {
  try {
    if (isZombie(readFileSync(`/proc/${pid}/stat`, "utf8"))) return false;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    // From source it runs as `node mod.ts` or `deno run mod.ts`.
    return command === "" || /salt|\/mod\.ts\0/.test(command);
  } catch {
    return true;
  }
}

/** The id of the daemon that holds `path`, or undefined when none does. */
export function runningDaemon(path: string): number | undefined {
  const pid = readPid(path);
  if (pid === undefined || pid === process.pid || pid === process.ppid) return undefined;
  return isAlive(pid) && looksLikeDaemon(pid) ? pid : undefined;
}

/** Waits at most `ms` for the daemon of this pid file to end: it may have been asked to just now. */
export async function awaitPredecessor(path: string, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (runningDaemon(path) !== undefined && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** @throws SaltException when a daemon runs with this pid file. */
export function refuseSecond(path: string, name: string): void {
  const other = runningDaemon(path);
  if (other === undefined) return;
  throw new SaltException(
    `Cannot start ${name}: it already runs as process ${other}, says "${path}". Stop that one, or ` +
      "give this one another pid file with --pid-file",
  );
}

function writeTemp(path: string): string {
  const temp = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  const fd = openSync(temp, "wx", 0o644);
  try {
    fchmodSync(fd, 0o644);
    writeSync(fd, String(process.pid));
  } finally {
    closeSync(fd);
  }
  return temp;
}

/** Gives the temporary file its name, unless another daemon has it. */
function claim(temp: string, path: string, name: string): void {
  for (let attempt = 0;; attempt++) {
    try {
      linkSync(temp, path);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST" || attempt >= ATTEMPTS) throw error;
    }
    refuseSecond(path, name);
    unlinkSync(path);
  }
}

/**
 * Writes the pid file at once and whole. A stale one is replaced.
 *
 * @throws SaltException when another daemon runs with it, or it cannot be written.
 */
export function writePidFile(
  path: string,
  name: string,
  owner?: { uid: number; gid: number },
): PidFile {
  let temp: string | undefined;
  try {
    if (!existsSync(dirname(path))) ensureDir(dirname(path), 0o755);
    temp = writeTemp(path);
    if (owner) chownSync(temp, owner.uid, owner.gid);
    claim(temp, path, name);
  } catch (error) {
    throw error instanceof SaltException ? error : fileError("write pid file", path, error);
  } finally {
    if (temp !== undefined) unlinkSync(temp);
  }
  const pid = process.pid;
  return {
    remove() {
      if (process.pid !== pid || readPid(path) !== pid) return;
      try {
        unlinkSync(path);
      } catch {
        // The folder may belong to root, who we are no more.
      }
    },
  };
}
