/**
 * `<cachedir>/proc/<jid>`: what runs now, readable by other programs of this host.
 * (`salt/minion.py:_thread_return`, `salt/utils/minion.py:running`)
 * @module
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { getLogger } from "../logging/mod.ts";
import { isAlive } from "../process/mod.ts";
import { packLocal, unpack } from "../serializers/msgpack.ts";
import { type DataMap, isMap, type PublishLoad } from "../types/mod.ts";

const log = getLogger("saltx.minion");

/** A job id that can be a file's name and no path. */
const SAFE_JID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** Whether `jid` may be used as a file's name. */
export function isFileJid(jid: unknown): jid is string {
  return typeof jid === "string" && SAFE_JID.test(jid);
}

/** The files of one minion's jobs. A file that cannot be written is told of, and stops no job. */
export class ProcFiles {
  readonly folder: string;

  constructor(cachedir: string) {
    this.folder = join(cachedir, "proc");
  }

  /** Makes the folder and removes what an earlier process left. */
  prepare(): void {
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      chmodSync(this.folder, 0o700);
      for (const name of readdirSync(this.folder)) {
        const load = readProcFile(join(this.folder, name));
        if (load === null || !isRunning(load["pid"]) || load["pid"] === process.pid) {
          rmSync(join(this.folder, name), { force: true });
        }
      }
    } catch (error) {
      log.error(`The folder of running jobs cannot be used: ${messageOf(error)}`, error);
    }
  }

  /** @param load With a jid that {@linkcode isFileJid} allows. */
  add(load: PublishLoad): void {
    const content = packLocal({ ...load, pid: process.pid } as unknown as DataMap);
    const path = join(this.folder, load.jid);
    try {
      this.#write(path, content);
    } catch (error) {
      log.error(`Cannot note the running job ${load.jid} in ${path}: ${messageOf(error)}`, error);
    }
  }

  remove(jid: string): void {
    rmSync(join(this.folder, jid), { force: true });
  }

  #write(path: string, content: Uint8Array): void {
    try {
      writeFileSync(path, content, { mode: 0o600 });
    } catch (error) {
      if ((error as { code?: string }).code !== "ENOENT") throw error;
      // Someone cleaned the cache under a running minion.
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      writeFileSync(path, content, { mode: 0o600 });
    }
  }
}

/** The jobs that live processes of this host have noted in `cachedir`; each load has a `pid`. */
export function readRunning(cachedir: string): DataMap[] {
  const folder = join(cachedir, "proc");
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.map((name) => readProcFile(join(folder, name)))
    .filter((load): load is DataMap => load !== null && isRunning(load["pid"]));
}

function readProcFile(path: string): DataMap | null {
  try {
    const load = unpack(new Uint8Array(readFileSync(path)));
    return isMap(load) ? load : null;
  } catch {
    // Half written, gone again, or not ours.
    return null;
  }
}

function isRunning(pid: unknown): boolean {
  return typeof pid === "number" && Number.isInteger(pid) && pid > 0 && isAlive(pid);
}
