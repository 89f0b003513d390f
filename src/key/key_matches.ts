/**
 * Keys as users name and see them: by folder, and by globs and lists of ids.
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "../fs/mod.ts";
import { compileGlob } from "../text/glob.ts";
import { codeOf, isFile } from "./key_files.ts";
import type { KeyListing, KeyRef } from "./key_store.ts";
import { sortIgnoringCase } from "./listing.ts";
import { KEY_STATES, type KeyFolder, STATE_FOLDERS, stateOfFolder } from "./states.ts";

/** Ids by folder, in Salt's order; `local` holds the master's own key files. */
export type KeysByFolder = { [Folder in KeyFolder | "local"]?: string[] };

/** A listing with the names that users see. (`salt/key.py:Key.list_keys`) */
export function keysByFolder(listing: KeyListing): KeysByFolder {
  const keys: KeysByFolder = {};
  const order = ["accepted", "pending", "rejected", "denied"] as const;
  for (const state of order) keys[STATE_FOLDERS[state]] = listing[state];
  return keys;
}

/**
 * The master's own key files: what ends in `.pub` or `.pem` in its pki folder. Null when there is no
 * such folder. (`salt/key.py:Key.local_keys`)
 */
export function localKeys(pkiDir: string): string[] | null {
  let names: string[];
  try {
    names = readdirSync(pkiDir);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw fileError("list", pkiDir, error);
  }
  const keys = names.filter((name) => /\.(pub|pem)$/.test(name) && isFile(join(pkiDir, name)));
  return sortIgnoringCase(keys);
}

/**
 * The keys whose id a glob matches, or one of several globs with commas between them; folders without
 * a match are left out. (`salt/key.py:Key.name_match`)
 */
export function matchKeys(keys: KeysByFolder, match: string): KeysByFolder {
  const globs = match.split(",").map(compileGlob);
  const matching: KeysByFolder = {};
  for (const [folder, ids] of Object.entries(keys)) {
    const found = ids.filter((id) => globs.some((glob) => glob(id)));
    if (found.length > 0) matching[folder as KeyFolder] = found;
  }
  return matching;
}

/** The keys of some folders as the store names them. */
export function keyRefs(keys: KeysByFolder): KeyRef[] {
  return Object.entries(keys).flatMap(([folder, ids]) => {
    const state = stateOfFolder(folder);
    return state === undefined ? [] : ids.map((id) => ({ state, id }));
  });
}

/** The states that a word of `--list` names; all for `all`. (`salt/key.py:Key.list_status`) */
export function statesOfWord(word: string): readonly (typeof KEY_STATES)[number][] | null {
  if (word.startsWith("acc")) return ["accepted"];
  if (word.startsWith("pre") || word.startsWith("un")) return ["pending"];
  if (word.startsWith("rej")) return ["rejected"];
  if (word.startsWith("den")) return ["denied"];
  return word.startsWith("all") ? KEY_STATES : null;
}
