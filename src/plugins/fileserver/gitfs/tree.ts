/**
 * What a commit holds, as it is served: contents by path, folders, links.
 * @module
 */
import { posix } from "node:path";
import type { Place } from "./remotes.ts";

/** One content. */
export interface Entry {
  blob: string;
  mode: number;
  size: number;
}

/** All of a commit. Paths are those in the repository. */
export interface Tree {
  files: Map<string, Entry>;
  dirs: Set<string>;
  /** What each link says. */
  links: Map<string, string>;
}

/** Links that lead from one to the next; more is a circle. */
const MAX_LINKS = 16;

/** Reads what `git ls-tree -r -t -z -l` wrote. `text` reads a small content. */
export function readTree(listed: Uint8Array, text: (blob: string) => string): Tree {
  const tree: Tree = { files: new Map(), dirs: new Set(), links: new Map() };
  for (const line of new TextDecoder().decode(listed).split("\0")) {
    const match = /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t(.*)$/s.exec(line);
    if (!match) continue;
    const [, mode, kind, blob = "", size, path = ""] = match;
    if (kind === "tree") tree.dirs.add(path);
    if (kind !== "blob") continue;
    tree.files.set(path, { blob, mode: parseInt(mode!, 8), size: Number(size) });
    if (mode === "120000") tree.links.set(path, text(blob));
  }
  return tree;
}

/** The path in the repository of what is served; null when it is outside of what is. */
export function pathInTree(path: string, { root, mountpoint }: Place): string | null {
  if (mountpoint !== "" && !path.startsWith(`${mountpoint}/`)) return null;
  const below = mountpoint === "" ? path : path.slice(mountpoint.length + 1);
  return root === "" ? below : `${root}/${below}`;
}

/** The path under which something is served; null when it is not. */
export function servedPath(path: string, { root, mountpoint }: Place): string | null {
  if (root !== "" && !path.startsWith(`${root}/`)) return null;
  const below = root === "" ? path : path.slice(root.length + 1);
  return mountpoint === "" ? below : `${mountpoint}/${below}`;
}

/** The content at a path, links followed within the repository; undefined when there is none. */
export function entryAt(tree: Tree, path: string): Entry | undefined {
  let at = path;
  for (let step = 0; step < MAX_LINKS; step++) {
    const target = tree.links.get(at);
    if (target === undefined) return tree.files.get(at);
    at = posix.normalize(posix.join(posix.dirname(at), target));
    if (target.startsWith("/") || at === ".." || at.startsWith("../")) return undefined;
  }
  return undefined;
}
