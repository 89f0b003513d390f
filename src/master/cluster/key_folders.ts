/**
 * The key files of minions as a cluster sees them: which key stands in which state, read from the
 * folders and written into them. RSA and RAET keys alike; their content is not looked at.
 * @module
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { atomicWriteSync, ensureDir, fileError } from "../../fs/mod.ts";
import { FolderWatch } from "../../key/folder_watch.ts";
import { codeOf, MAX_KEY_BYTES, removeKeyFile, syncFolder } from "../../key/key_files.ts";
import { Withdrawals } from "../../key/withdrawals.ts";
import { isValidMinionId } from "../../text/minion_id.ts";
import type { SharedKeyState } from "./memory.ts";

/** Folder of each state, by kind of key. A denied key stands beside another one of its id. */
const FOLDERS: Readonly<Record<string, readonly (readonly [SharedKeyState, string])[]>> = {
  "rsa": [
    ["rejected", "minions_rejected"],
    ["accepted", "minions"],
    ["pending", "minions_pre"],
  ],
  "rsa-denied": [["denied", "minions_denied"]],
  "raet": [["rejected", "rejected"], ["accepted", "accepted"], ["pending", "pending"]],
  "raet-denied": [["denied", "denied"]],
};

/** A key file. */
export interface FoundKey {
  state: SharedKeyState;
  content: Uint8Array;
  /** ms since 1970 when it was put there. */
  since: number;
}

interface Seen extends FoundKey {
  /** Tells whether the file is still the same. */
  mark: string;
}

/** Reads only what changed since it looked last. */
export class KeyFolders {
  readonly #pkiDir: string;
  readonly #watches: FolderWatch[];
  readonly #withdrawals: Withdrawals;
  #seen = new Map<string, Seen>();
  #changed = false;

  constructor(pkiDir: string) {
    this.#pkiDir = pkiDir;
    this.#withdrawals = new Withdrawals(pkiDir);
    this.#watches = Object.values(FOLDERS).flat().map(([, folder]) =>
      new FolderWatch(join(pkiDir, folder))
    );
  }

  /** Whether any folder may have changed since the last {@linkcode read}; costs a `stat` each. */
  changed(): boolean {
    for (const watch of this.#watches) this.#changed = watch.changed() || this.#changed;
    return this.#changed;
  }

  /** All keys, by kind and id. @throws SaltException when a folder cannot be read. */
  read(): ReadonlyMap<string, FoundKey> {
    // Before the folders are read: what changes meanwhile is read next time.
    this.changed();
    this.#changed = false;
    const found = new Map<string, Seen>();
    for (const [kind, folders] of Object.entries(FOLDERS)) {
      for (const [state, folder] of folders) {
        for (const id of namesIn(join(this.#pkiDir, folder))) {
          const name = `${kind}/${id}`;
          // While a key moves it may be seen in two places: the state that counts more wins.
          if (found.has(name)) continue;
          const seen = this.#look(name, state, join(this.#pkiDir, folder, id));
          if (seen) found.set(name, seen);
        }
      }
    }
    return this.#seen = found;
  }

  /** Brings the files of a key into a state. False: the name or the content makes no sense. */
  write(name: string, state: SharedKeyState, content: Uint8Array | null): boolean {
    const [kind, id] = partsOf(name);
    const folders = FOLDERS[kind];
    if (!folders || !isValidMinionId(id)) return false;
    const target = folders.find(([known]) => known === state);
    if (state !== "deleted" && (!target || content === null || content.length > MAX_KEY_BYTES)) {
      return false;
    }
    // A deletion of both an id's keys may come in two parts.
    if (state === "deleted") this.#withdrawals.note(id);
    else if (state === "accepted") this.#withdrawals.clear(id);
    if (target) {
      const folder = join(this.#pkiDir, target[1]);
      ensureDir(folder);
      atomicWriteSync(join(folder, id), content!, { mode: 0o644 });
      syncFolder(folder);
    }
    for (const [other, folder] of folders) {
      if (other !== state) removeKeyFile(join(this.#pkiDir, folder, id));
    }
    return true;
  }

  #look(name: string, state: SharedKeyState, path: string): Seen | null {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size > MAX_KEY_BYTES) return null;
    const mark = `${state} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    const known = this.#seen.get(name);
    if (known?.mark === mark) return known;
    try {
      return { state, content: readFileSync(path), since: stat.ctimeMs, mark };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return null;
      throw fileError("read", path, error);
    }
  }
}

/** Kind and id. */
export function partsOf(name: string): [kind: string, id: string] {
  const slash = name.indexOf("/");
  return [name.slice(0, slash), name.slice(slash + 1)];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(isValidMinionId);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw fileError("list", folder, error);
  }
}
