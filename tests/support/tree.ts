/**
 * What lies in a folder.
 * @module
 */
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";

/** Paths of all files below a folder, relative to it, sorted. */
export async function listTree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
