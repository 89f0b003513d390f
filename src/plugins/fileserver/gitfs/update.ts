/**
 * Fetches the repositories of gitfs. One at a time for each remote: a lock names the process that
 * holds it, and falls with that process. (`salt/utils/gitfs.py:GitBase.update, lock, clear_lock`)
 * @module
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, SaltException } from "../../../errors.ts";
import { atomicWriteSync, ensureDir } from "../../../fs/mod.ts";
import { getLogger } from "../../../logging/mod.ts";
import { globMatch } from "../../../text/glob.ts";
import { Repository } from "./git.ts";
import { type GitfsSettings, readRemotes, type Remote } from "./remotes.ts";
import { gitfsFolder, readRefs, type Refs } from "./server.ts";

const log = getLogger("saltx.fileserver");

/** Settings and where the cache is. */
export type UpdateSettings = GitfsSettings & { cachedir: string };

/** What somebody wanted done to some remotes. */
export interface Outcome {
  done: string[];
  errors: string[];
}

/** Who holds a lock: a process, or an operator (`fileserver.lock`), whose hold does not end by itself. */
interface Holder {
  pid: number | null;
  started: string;
}

/** What tells a process from a later one with the same number. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
  } catch {
    return null;
  }
}

class Lock {
  readonly #path: string;

  constructor(folder: string) {
    ensureDir(folder, 0o700);
    this.#path = join(folder, "update.lk");
  }

  /** False when another has it. One whose process has gone is taken over. */
  take(pid: number | null): boolean {
    const temp = `${this.#path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    const holder: Holder = { pid, started: pid === null ? "" : startOf(pid) ?? "" };
    writeFileSync(temp, JSON.stringify(holder), { mode: 0o600 });
    try {
      if (this.#link(temp)) return true;
      if (this.#isHeld()) return false;
      rmSync(this.#path, { force: true });
      return this.#link(temp);
    } finally {
      rmSync(temp, { force: true });
    }
  }

  #link(temp: string): boolean {
    try {
      linkSync(temp, this.#path);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === "EEXIST") return false;
      throw error;
    }
  }

  #isHeld(): boolean {
    try {
      const { pid, started } = JSON.parse(readFileSync(this.#path, "utf8")) as Holder;
      return pid === null || startOf(pid) === started;
    } catch {
      return false;
    }
  }

  /** Whether there was one. */
  drop(): boolean {
    try {
      rmSync(this.#path);
      return true;
    } catch {
      return false;
    }
  }
}

/** Remotes whose address fits a glob; all when there is none. */
function chosen(settings: UpdateSettings, remote: string | null): Remote[] {
  const remotes = readRemotes(settings);
  return remote ? remotes.filter(({ url }) => globMatch(remote, url)) : remotes;
}

/** Environments whose commit is another one now. */
export interface Change {
  remote: string;
  changed: boolean;
}

/**
 * Fetches one remote, and lets it be served.
 * @returns Whether any ref is another one now; null when another process is at it.
 * @throws SaltException with what git says.
 */
async function updateRemote(folder: string, remote: Remote): Promise<boolean | null> {
  const lock = new Lock(folder);
  if (!lock.take(process.pid)) return null;
  try {
    const repository = new Repository(folder);
    await repository.fetch(remote);
    const { branches, tags } = await repository.refs();
    const refs: Refs = {
      branches: Object.fromEntries(branches),
      tags: Object.fromEntries(tags),
    };
    const text = JSON.stringify(refs);
    if (text === JSON.stringify(readRefs(folder))) return false;
    atomicWriteSync(join(folder, "refs.json"), text, { mode: 0o600 });
    return true;
  } finally {
    lock.drop();
  }
}

/**
 * Fetches all remotes, or those that fit a glob. One that fails is logged, and served as it was.
 * @returns Whether anything has changed.
 */
export async function updateGitfs(
  settings: UpdateSettings,
  only: (remote: Remote) => boolean = () => true,
): Promise<boolean> {
  let changed = false;
  for (const remote of readRemotes(settings).filter(only)) {
    try {
      const folder = join(gitfsFolder(settings.cachedir), remote.id);
      const done = await updateRemote(folder, remote);
      if (done === null) log.warning(`${remote.url} is locked; it is not fetched now`);
      changed = done === true || changed;
    } catch (error) {
      log.error(`Cannot fetch ${shown(remote.url)}: ${hidden(remote, messageOf(error))}`);
    }
  }
  return changed;
}

/** An address without the login in it. */
function shown(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/@]*@/, "$1");
}

/** A message of git without the password. */
function hidden({ password }: Remote, text: string): string {
  const clean = text.replace(/(\w+:\/\/)[^/@\s]*@/g, "$1");
  return password === "" ? clean : clean.replaceAll(password, "***");
}

function each(
  settings: UpdateSettings,
  remote: string | null,
  act: (remote: Remote, lock: Lock) => string | null,
): Outcome {
  const outcome: Outcome = { done: [], errors: [] };
  for (const one of chosen(settings, remote)) {
    const folder = join(gitfsFolder(settings.cachedir), one.id);
    try {
      const said = act(one, new Lock(folder));
      if (said !== null) outcome.done.push(said);
    } catch (error) {
      outcome.errors.push(messageOf(error));
    }
  }
  return outcome;
}

/** Keeps remotes from being fetched until {@linkcode unlockGitfs}. */
export function lockGitfs(settings: UpdateSettings, remote: string | null): Outcome {
  return each(settings, remote, ({ url }, lock) => {
    if (lock.take(null)) return `Set update lock for gitfs remote '${shown(url)}'`;
    throw new SaltException(`Update lock for gitfs remote '${shown(url)}' is held already`);
  });
}

/** Removes locks, whoever holds them. */
export function unlockGitfs(settings: UpdateSettings, remote: string | null): Outcome {
  return each(
    settings,
    remote,
    ({ url }, lock) => lock.drop() ? `Removed update lock for gitfs remote '${shown(url)}'` : null,
  );
}

/** Removes all that was fetched. */
export function clearGitfs(settings: UpdateSettings): void {
  rmSync(gitfsFolder(settings.cachedir), { recursive: true, force: true });
}
