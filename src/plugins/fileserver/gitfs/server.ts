/**
 * Serves files of git repositories, branches and tags as environments, from what was fetched last.
 * (`salt/fileserver/gitfs.py`, `salt/utils/gitfs.py`)
 * @module
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../../../errors.ts";
import { getLogger } from "../../../logging/mod.ts";
import { compileGlob } from "../../../text/glob.ts";
import { cleanRelative } from "../roots.ts";
import type { FileLists, FileServer, FoundFile } from "../types.ts";
import { Repository } from "./git.ts";
import { type GitfsSettings, type Place, readRemotes, type Remote } from "./remotes.ts";
import { entryAt, pathInTree, readTree, servedPath, type Tree } from "./tree.ts";

const log = getLogger("saltx.fileserver");

/** Trees in memory; beyond it the memory starts anew. */
const MAX_TREES = 64;

/** ms for which the names of refs are not read again. */
const REFS_AGE = 500;

/** Commits of one remote by name; `refs.json` in its folder. */
export interface Refs {
  branches: Record<string, string>;
  tags: Record<string, string>;
}

/** Folder of all that is fetched. */
export function gitfsFolder(cachedir: string): string {
  return join(cachedir, "gitfs");
}

/** Reads {@linkcode Refs}; none when nothing was fetched yet. */
export function readRefs(folder: string): Refs {
  try {
    return JSON.parse(readFileSync(join(folder, "refs.json"), "utf8")) as Refs;
  } catch {
    return { branches: {}, tags: {} };
  }
}

/** A commit and what is served of it. */
interface Served extends Place {
  remote: Remote;
  commit: string;
}

/** Whether a name fits one of some globs or regular expressions. (`salt/utils/stringutils.py:expr_match`) */
function fits(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    if (pattern === name || compileGlob(pattern)(name)) return true;
    try {
      return new RegExp(`^(?:${pattern})$`).test(name);
    } catch {
      return false;
    }
  });
}

/** Whether lists let an environment be served. */
export function isAllowedEnv(
  name: string,
  { whitelist, blacklist }: Pick<Remote, "whitelist" | "blacklist">,
): boolean {
  return (whitelist.length === 0 || fits(name, whitelist)) && !fits(name, blacklist);
}

/** See the module. */
export class GitfsFileServer implements FileServer {
  readonly #folder: string;
  readonly #remotes: Remote[];
  readonly #trees = new Map<string, Tree>();
  readonly #refs = new Map<string, { at: number; refs: Refs }>();

  /** @throws SaltConfigurationError when a remote is described wrongly. */
  constructor(settings: GitfsSettings & { cachedir: string }) {
    this.#folder = gitfsFolder(settings.cachedir);
    this.#remotes = readRemotes(settings);
  }

  envs(): string[] {
    const all = this.#remotes.flatMap((remote) =>
      envNames(remote, this.#refsOf(remote)).filter((name) => isAllowedEnv(name, remote))
    );
    return [...new Set(all)].sort();
  }

  find(path: string, saltenv: string): FoundFile | null {
    const rel = cleanRelative(path);
    if (rel === null) return null;
    for (const served of this.#served(saltenv)) {
      const inside = pathInTree(rel, served);
      const entry = inside === null ? undefined : entryAt(this.#tree(served), inside);
      if (!entry) continue;
      const { blob, mode, size } = entry;
      return {
        path: this.#extracted(served.remote, blob),
        rel,
        stat: [mode],
        size,
        settled: true,
        version: blob,
      };
    }
    return null;
  }

  lists(saltenv: string): FileLists {
    const files = new Set<string>();
    const dirs = new Set<string>();
    const links: Record<string, string> = {};
    for (const served of this.#served(saltenv)) {
      const tree = this.#tree(served);
      const put = (path: string, into: (path: string) => void) => {
        const shown = servedPath(path, served);
        if (shown !== null) into(shown);
      };
      for (const path of tree.files.keys()) {
        if (entryAt(tree, path)) put(path, (shown) => files.add(shown));
      }
      for (const path of tree.dirs) put(path, (shown) => dirs.add(shown));
      for (const [path, target] of tree.links) {
        if (entryAt(tree, path)) put(path, (shown) => links[shown] = target);
      }
    }
    // Git knows no empty folders.
    return { files: [...files].sort(), dirs: [...dirs].sort(), emptyDirs: [], links };
  }

  /** Commits that serve an environment, in the order of remotes. */
  #served(saltenv: string): Served[] {
    return this.#remotes.filter((remote) => isAllowedEnv(saltenv, remote)).flatMap((remote) => {
      const own = remote.saltenvs.get(saltenv);
      const commit = this.#commitOf(remote, saltenv, own?.ref ?? null);
      const { root, mountpoint } = own ?? remote;
      return commit === undefined ? [] : [{ remote, commit, root, mountpoint }];
    });
  }

  #commitOf(remote: Remote, saltenv: string, ref: string | null): string | undefined {
    const refs = this.#refsOf(remote);
    const named = (name: string) => commitNamed(remote, refs, name);
    if (remote.allSaltenvs !== "") return named(remote.allSaltenvs);
    if (ref !== null) return named(ref) ?? this.#commitByDigits(remote, ref);
    if (remote.disableMapping) return undefined;
    const wanted = saltenv === "base" ? remote.base : saltenv;
    // The branch that is `base` is no environment of its own name.
    if (saltenv !== "base" && saltenv === remote.base) return undefined;
    return named(wanted) ?? this.#commitByDigits(remote, wanted) ??
      (remote.fallback === "" ? undefined : named(remote.fallback));
  }

  #commitByDigits(remote: Remote, digits: string): string | undefined {
    if (!remote.refTypes.includes("sha")) return undefined;
    return new Repository(join(this.#folder, remote.id)).commit(digits) ?? undefined;
  }

  #refsOf(remote: Remote): Refs {
    const kept = this.#refs.get(remote.id);
    if (kept && performance.now() - kept.at < REFS_AGE) return kept.refs;
    const refs = readRefs(join(this.#folder, remote.id));
    this.#refs.set(remote.id, { at: performance.now(), refs });
    return refs;
  }

  #tree({ remote, commit }: Served): Tree {
    const kept = this.#trees.get(commit);
    if (kept) return kept;
    const repository = new Repository(join(this.#folder, remote.id));
    let tree: Tree;
    try {
      tree = readTree(repository.list(commit), (blob) => repository.text(blob));
    } catch (error) {
      log.error(`${remote.url} cannot be served: ${messageOf(error)}`);
      return { files: new Map(), dirs: new Set(), links: new Map() };
    }
    if (this.#trees.size >= MAX_TREES) this.#trees.clear();
    this.#trees.set(commit, tree);
    return tree;
  }

  /** Where a content is as a file; it is written there when it is asked for the first time. */
  #extracted(remote: Remote, blob: string): string {
    const folder = join(this.#folder, remote.id);
    const path = join(folder, "blobs", blob.slice(0, 2), blob);
    if (!existsSync(path) || !statSync(path).isFile()) new Repository(folder).extract(blob, path);
    return path;
  }
}

function commitNamed(remote: Remote, refs: Refs, name: string): string | undefined {
  const branch = remote.refTypes.includes("branch") && Object.hasOwn(refs.branches, name);
  if (branch) return refs.branches[name];
  return remote.refTypes.includes("tag") && Object.hasOwn(refs.tags, name)
    ? refs.tags[name]
    : undefined;
}

function envNames(remote: Remote, refs: Refs): string[] {
  const named = [...remote.saltenvs].filter(([name, { ref }]) =>
    commitNamed(remote, refs, ref ?? (name === "base" ? remote.base : name)) !== undefined
  ).map(([name]) => name);
  if (remote.disableMapping) return named;
  const mapped = [
    ...(remote.refTypes.includes("branch") ? Object.keys(refs.branches) : []),
    ...(remote.refTypes.includes("tag") ? Object.keys(refs.tags) : []),
  ].map((name) => name === remote.base ? "base" : name);
  return [...named, ...mapped];
}
