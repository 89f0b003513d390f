/**
 * Mounted file systems and how full they are.
 * @module
 */
import { readFileSync, statfsSync } from "node:fs";

/** A mounted file system. */
export interface Mount {
  device: string;
  mountpoint: string;
  fstype: string;
  opts: string;
}

function unescape(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(parseInt(digits, 8)));
}

/** Reads `/proc/mounts`. (fstab(5)) */
export function parseMounts(text: string): Mount[] {
  return text.split("\n").filter(Boolean).map((line) => {
    const [device = "", mountpoint = "", fstype = "", opts = ""] = line.split(" ").map(unescape);
    return { device, mountpoint, fstype, opts };
  });
}

/** All mounted file systems, in the order of mounting. */
export function readMounts(): Mount[] {
  return parseMounts(readFileSync("/proc/mounts", "utf8"));
}

/** Bytes of a file system. */
export interface Space {
  total: number;
  /** For anybody. */
  available: number;
  used: number;
}

/** How full the file system below a path is. */
export function spaceOf(path: string): Space {
  const { bsize, blocks, bfree, bavail } = statfsSync(path);
  return { total: blocks * bsize, available: bavail * bsize, used: (blocks - bfree) * bsize };
}
