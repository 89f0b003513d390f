/**
 * File names by shell pattern.
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { globMatch, isGlob } from "../text/glob.ts";

function names(folder: string): string[] {
  try {
    return readdirSync(folder === "" ? "." : folder);
  } catch {
    // What cannot be listed matches nothing, as in a shell.
    return [];
  }
}

/**
 * The existing paths that match, sorted. Wildcards do not cross `/`, and match names that begin
 * with a dot only when the pattern's segment does. (Python `glob.glob`)
 */
export function globFiles(pattern: string): string[] {
  if (!isGlob(pattern)) return existsSync(pattern) ? [pattern] : [];
  let found = [pattern.startsWith("/") ? "/" : ""];
  for (const segment of pattern.split("/").filter((part) => part !== "")) {
    if (!isGlob(segment)) {
      found = found.map((folder) => join(folder, segment));
      continue;
    }
    found = found.flatMap((folder) =>
      names(folder)
        .filter((name) =>
          globMatch(segment, name) && (segment.startsWith(".") || !name.startsWith("."))
        )
        .map((name) => join(folder, name))
    );
  }
  return found.filter((path) => existsSync(path)).sort();
}
