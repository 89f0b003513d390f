/**
 * Which ids belong to syndics, not to minions: an empty file for each, as Salt has it.
 * (`salt/master.py:AESFuncs._syndic_return`)
 * @module
 */
import { closeSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { MasterOpts } from "../config/mod.ts";
import { ensureDir } from "../fs/mod.ts";
import { globMatch } from "../text/glob.ts";
import { isValidMinionId } from "../text/minion_id.ts";

/** Ids of syndics that have been heard of. */
export function knownSyndics(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw error;
  }
}

/** Whether an id may act as a syndic (`order_masters`, `syndic_ids`). */
export function maySyndicate(
  id: string,
  opts: Pick<MasterOpts, "order_masters" | "syndic_ids">,
): boolean {
  return opts.order_masters && isValidMinionId(id) &&
    opts.syndic_ids.some((pattern) => globMatch(String(pattern), id));
}

/** Notes that a syndic has been heard of. */
export function noteSyndic(folder: string, id: string): void {
  const path = join(folder, id);
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    ensureDir(folder, 0o750);
    closeSync(openSync(path, "a", 0o600));
  }
}
