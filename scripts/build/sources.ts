/**
 * What a build depends on, as one hash.
 * @module
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Files and folders that end up in the executable or decide how it is made. */
const INPUTS = ["deno.json", "deno.lock", "scripts/build", "scripts/build.ts", "src"];

/** A hash over names and contents of all inputs. */
export async function hashSources(root: string): Promise<string> {
  const hash = createHash("sha256");
  for (const path of await listFiles(root)) {
    const content = await readFile(join(root, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

async function listFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  for (const input of INPUTS) {
    if (/\.\w+$/.test(input)) {
      files.push(input);
      continue;
    }
    const entries = await readdir(join(root, input), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const folder = entry.parentPath.slice(root.length + 1);
      if (entry.isFile()) files.push(`${folder}/${entry.name}`);
    }
  }
  return files.sort();
}
