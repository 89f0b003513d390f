/**
 * One build at a time in one folder.
 * @module
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const POLL_MS = 200;
/** No build takes as long, in ms: a lock of this age belongs to a process number that was given out again. */
const TOO_OLD = 15 * 60 * 1000;

/** Holds the lock file until disposed of; waits while another living process has it. */
export async function takeLock(path: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  while (!await tryLock(path)) {
    if (!await holderLives(path)) await rm(path, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

/** The file appears with its content: a reader never finds a lock without a holder. */
async function tryLock(path: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

async function holderLives(path: string): Promise<boolean> {
  const pid = Number(await readFile(path, "utf8").catch(() => ""));
  // Given up just now.
  if (!pid) return true;
  const made = await stat(path).then((found) => found.mtimeMs, () => 0);
  if (Date.now() - made > TOO_OLD) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}
