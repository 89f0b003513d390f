/** What is at a path, for callers to whom a path that cannot be looked at is one that is not there. @module */
import { accessSync, constants, statSync } from "node:fs";

/** Whether a folder is there, or a link to one. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Whether what is there may be read by this process. */
export function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
