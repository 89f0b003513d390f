import { readdirSync } from "node:fs";

/** Names in a folder, sorted; none when it is not there or closed to us. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
