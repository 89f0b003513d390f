/**
 * The folders of Salt's pki layout and the states they stand for. (`salt/key.py:Key`)
 * @module
 */
import type { KeyState } from "../types/mod.ts";

/** Folder of each state, below `pki_dir`. Listings in the order in which Salt makes them. */
export const STATE_FOLDERS: Readonly<Record<KeyState, KeyFolder>> = {
  accepted: "minions",
  pending: "minions_pre",
  rejected: "minions_rejected",
  denied: "minions_denied",
};

/** The folder names that users see as keys of `saltx key --out json`. */
export type KeyFolder = "minions" | "minions_pre" | "minions_rejected" | "minions_denied";

/** All states, in the order of {@linkcode STATE_FOLDERS}. */
export const KEY_STATES: readonly KeyState[] = ["accepted", "pending", "rejected", "denied"];

/** All states, the one first that counts when an id has keys in several. */
export const DECIDING_ORDER: readonly KeyState[] = ["rejected", "accepted", "pending", "denied"];

/** Folder of one-shot permissions, below `pki_dir`: an empty file named by id. */
export const AUTOSIGN_FOLDER = "minions_autosign";

/** The state that a folder stands for; undefined for other names such as `local`. */
export function stateOfFolder(folder: string): KeyState | undefined {
  return KEY_STATES.find((state) => STATE_FOLDERS[state] === folder);
}
