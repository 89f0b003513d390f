/**
 * Programs on the search path.
 * @module
 */
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const usual = ["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin"];

/** Whether the path is a file that may be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Where a program is: on `path`, then in the usual places, since daemons often have a short one.
 * (`salt/utils/path.py:which`)
 */
export function which(name: string, path = process.env["PATH"] ?? ""): string | null {
  if (name === "" || name.includes("\0")) return null;
  if (name.includes("/")) return isExecutable(name) ? name : null;
  for (const folder of [...path.split(delimiter), ...usual]) {
    if (folder === "") continue;
    const candidate = join(folder, name);
    if (isExecutable(candidate)) return candidate;
  }
  return null;
}
