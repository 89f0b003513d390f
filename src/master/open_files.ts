/**
 * Whether the process may hold as many connections as the fleet needs.
 * (`salt/utils/verify.py:check_max_open_files`)
 * @module
 */
import { readFileSync } from "node:fs";
import { getLogger } from "../logging/mod.ts";
import { runtime } from "../runtime/mod.ts";
import { ConnectionRoom } from "../transport/zeromq/connection_room.ts";

const log = getLogger("saltx.master");

/** Each minion holds two connections; the master's own sockets and files come on top. */
const PER_MINION = 2;
const OWN = 100;

/** Connections of this host's own programs, for which there is room when minions find none. */
const FOR_HOST = 50;

/** The soft limit of this process, from the text of `/proc/self/limits`; null when it has none. */
export function openFilesLimit(limits: string): number | null {
  const found = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return found === undefined || found === "unlimited" ? null : Number(found);
}

/**
 * Says what to raise when the limit is below `max_open_files`, or too low for the accepted minions.
 * The soft limit is the hard one by then.
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

/**
 * Raises the limit of this process where that is allowed; else logs {@linkcode openFilesWarning}.
 * @returns room for so many connections as the limit leaves; undefined where none is known.
 */
export function checkOpenFiles(wanted: number, minions: number): ConnectionRoom | undefined {
  let limit: number | null;
  try {
    limit = openFilesLimit(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return undefined; // Only Linux has the file.
  }
  if (limit === null) return undefined;
  if (limit < wanted && runtime.raiseOpenFiles(wanted)) limit = wanted;
  const warning = openFilesWarning(limit, wanted, minions);
  if (warning !== null) log.warning(warning);
  return roomWithin(limit);
}

/** What a limit of open files leaves for connections; half of one that is very low. */
export function roomWithin(limit: number): ConnectionRoom {
  const room = Math.max(limit - OWN - FOR_HOST, Math.floor(limit / 2));
  return new ConnectionRoom(room, Math.min(FOR_HOST, Math.floor(room / 4)));
}
