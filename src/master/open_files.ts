/**
 * Whether the process may hold as many connections as the fleet needs.
 * (`salt/utils/verify.py:check_max_open_files`)
 * @module
 */
import { readFileSync } from "node:fs";
import { getLogger } from "../logging/mod.ts";

const log = getLogger("saltx.master");

/** Each minion holds two connections; the master's own sockets and files come on top. */
const PER_MINION = 2;
const OWN = 100;

/** The soft limit of this process, from the text of `/proc/self/limits`; null when it has none. */
export function openFilesLimit(limits: string): number | null {
  const found = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return found === undefined || found === "unlimited" ? null : Number(found);
}

/**
 * Says what to raise when the limit is below `max_open_files`, or too low for the accepted minions.
 * The runtime has raised the soft limit to the hard one already.
 * @returns the warning, or null.
 */
export function openFilesWarning(limit: number, wanted: number, minions: number): string | null {
  const needed = minions * PER_MINION + OWN;
  const advice = "raise it (LimitNOFILE= of the systemd unit, or ulimit -n)";
  if (limit < needed) {
    return `This process may open ${limit} files, and ${minions} accepted minions need ${needed}: ` +
      advice;
  }
  return limit < wanted
    ? `max_open_files is ${wanted}, but the system allows this process ${limit}: ${advice}`
    : null;
}

/** Logs {@linkcode openFilesWarning} for this process. */
export function checkOpenFiles(wanted: number, minions: number): void {
  let limit: number | null;
  try {
    limit = openFilesLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return; // Only Linux has the file.
  }
  const warning = limit === null ? null : openFilesWarning(limit, wanted, minions);
  if (warning !== null) log.warning(warning);
}
