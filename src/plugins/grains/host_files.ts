/**
 * How grains look at the machine: small files, and programs that are given a moment and no shell.
 * @module
 */
import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** ms that a program gets; grains must not hold a start up. */
const TIMEOUT = 2000;

/** A file's text without outer blanks; null when it cannot be read. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}

/** Where a program is on the PATH; null when it is not installed. */
export function which(name: string): string | null {
  for (const dir of (process.env["PATH"] ?? "").split(":")) {
    const path = join(dir || ".", name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch { /* not in this folder */ }
  }
  return null;
}

/** What a program prints; null when it is not there, fails or takes too long. */
export function output(name: string, ...args: string[]): Promise<string | null> {
  const path = which(name);
  if (path === null) return Promise.resolve(null);
  return new Promise((resolve) => {
    const env = { ...process.env, LC_ALL: "C" };
    execFile(path, args, { timeout: TIMEOUT, env }, (error, stdout) => {
      resolve(error ? null : stdout.trim());
    });
  });
}
