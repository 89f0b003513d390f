/**
 * Serves files from folders of this host: `file_roots`. (`salt/fileserver/roots.py`)
 *
 * A path that is absolute, climbs, holds a NUL, or leads out of its root by a link is not found. Salt
 * follows links out of a root unless `fileserver_followsymlinks` is off; here that needs
 * `fileserver_links_outside`.
 * @module
 */
import {
  type BigIntStats,
  fstatSync,
  lstatSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { isAbsolute, join, posix, relative, sep } from "node:path";
import { messageOf } from "../../errors.ts";
import { getLogger } from "../../logging/mod.ts";
import { compileGlob } from "../../text/glob.ts";
import type { FileLists, FileServer, FoundFile, StatList } from "./types.ts";

const log = getLogger("saltx.fileserver");

/** The settings it reads, with Salt's names. */
export interface RootsSettings {
  /** saltenv to folders; `__env__` stands for every other saltenv, in folders for its name. */
  file_roots: { readonly [saltenv: string]: unknown };
  file_ignore_regex?: readonly unknown[] | string | null;
  file_ignore_glob?: readonly unknown[] | string | null;
  fileserver_followsymlinks?: boolean;
  fileserver_ignoresymlinks?: boolean;
  fileserver_links_outside?: boolean;
}

/** A saltenv is a name, never part of a climb: it may stand in a path for `__env__`. */
const SALTENV = /^[A-Za-z0-9_.@+-][A-Za-z0-9_.@+ -]{0,199}$/;

/**
 * Times of files are coarse, by some ms where they have fractions of a second and by up to two seconds
 * where they have none: a second change within that does not show.
 */
const SETTLE_MS = 100;
const SETTLE_MS_COARSE = 2000;

/** What the kernel's clock for files goes forward by at most; times that fit into it may be coarser. */
const FINE_NS = 10_000_000n;

/** Entries of one saltenv that are listed; more is a wrong root, such as `/`. */
const MAX_ENTRIES = 1_000_000;
const MAX_DEPTH = 100;

/** What a walk has found. */
interface Listing {
  files: Set<string>;
  dirs: Set<string>;
  empty: Set<string>;
  links: Record<string, string>;
  /** Entries that may still be looked at. */
  left: number;
}

/** Looks at the disk at every call: a changed file is served at once. */
export class RootsFileServer implements FileServer {
  readonly #settings: RootsSettings;
  readonly #ignore: ((rel: string) => boolean)[];

  constructor(settings: RootsSettings) {
    this.#settings = settings;
    this.#ignore = [
      ...texts(settings.file_ignore_regex).map((source) => {
        const pattern = new RegExp(source);
        return (rel: string) => pattern.test(rel);
      }),
      ...texts(settings.file_ignore_glob).map(compileGlob),
    ];
  }

  envs(): string[] {
    return Object.keys(this.#settings.file_roots).sort();
  }

  find(path: string, saltenv: string): FoundFile | null {
    const rel = cleanRelative(path);
    if (rel === null) return null;
    for (const root of this.#roots(saltenv)) {
      const found = this.#findIn(root, rel);
      if (found) return found;
    }
    return null;
  }

  lists(saltenv: string): FileLists {
    const into: Listing = {
      files: new Set(),
      dirs: new Set(),
      empty: new Set(),
      links: {},
      left: MAX_ENTRIES,
    };
    for (const root of this.#roots(saltenv)) this.#walk(root, "", 0, into);
    if (into.left <= 0) {
      log.error(`saltenv ${saltenv} has over ${MAX_ENTRIES} entries; the rest is left out`);
    }
    return {
      files: [...into.files].sort(),
      dirs: [...into.dirs].sort(),
      emptyDirs: [...into.empty].sort(),
      links: into.links,
    };
  }

  /** Lists a folder and what is below it. Returns how many entries it has; -1 if it cannot be read. */
  #walk(root: string, dir: string, depth: number, into: Listing): number {
    let entries;
    try {
      entries = readdirSync(join(root, dir), { withFileTypes: true });
    } catch {
      return -1;
    }
    for (const entry of entries) {
      if (into.left-- <= 0 || depth > MAX_DEPTH) break;
      const rel = dir === "" ? entry.name : `${dir}/${entry.name}`;
      const isLink = entry.isSymbolicLink();
      const kind = this.#kindOf(root, rel, isLink);
      if (kind === null) continue;
      // As in Salt, a folder behind a link that is left out is still gone through.
      const isShown = !isLink || !this.#settings.fileserver_ignoresymlinks;
      if (isLink && isShown) into.links[rel] = readlinkSync(join(root, rel));
      if (kind === "file") {
        if (isShown) into.files.add(rel);
        continue;
      }
      if (isShown) into.dirs.add(rel);
      if (isLink && this.#settings.fileserver_followsymlinks === false) continue;
      if (this.#walk(root, rel, depth + 1, into) === 0 && isShown) into.empty.add(rel);
    }
    return entries.length;
  }

  #roots(saltenv: string): string[] {
    if (!SALTENV.test(saltenv) || saltenv.startsWith("..")) return [];
    const { file_roots } = this.#settings;
    if (Object.hasOwn(file_roots, saltenv)) return texts(file_roots[saltenv]);
    if (!Object.hasOwn(file_roots, "__env__")) return [];
    return texts(file_roots["__env__"]).map((root) => root.replaceAll("__env__", saltenv));
  }

  #findIn(root: string, rel: string): FoundFile | null {
    try {
      const full = join(root, rel);
      const stat = statSync(full, { bigint: true });
      if (!stat.isFile() || this.#ignored(rel) || !this.#inside(root, full)) return null;
      return {
        path: full,
        rel,
        stat: statList(stat),
        size: Number(stat.size),
        settled: isSettled(stat),
        version: versionOf(stat),
        isStill: (fd) => versionOf(fstatSync(fd, { bigint: true })) === versionOf(stat),
      };
    } catch (error) {
      const code = (error as { code?: string }).code ?? "";
      if (!["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(code)) {
        log.error(`salt://${rel} cannot be served from ${root}: ${messageOf(error)}`);
      }
      return null;
    }
  }

  /** What an entry is, links followed; null when it is not to be seen. */
  #kindOf(root: string, rel: string, isLink: boolean): "file" | "dir" | null {
    if (this.#ignored(rel)) return null;
    const full = join(root, rel);
    try {
      if (isLink && !this.#inside(root, full)) return null;
      return (isLink ? statSync(full) : lstatSync(full)).isDirectory() ? "dir" : "file";
    } catch {
      return null;
    }
  }

  /** Whether a path is below its root once all links are followed. */
  #inside(root: string, full: string): boolean {
    if (
      this.#settings.fileserver_links_outside && this.#settings.fileserver_followsymlinks !== false
    ) {
      return true;
    }
    const step = relative(realpathSync.native(root), realpathSync.native(full));
    const inside = step !== "" && !step.startsWith(`..${sep}`) && step !== ".." &&
      !isAbsolute(step);
    if (!inside) {
      log.warning(
        `${full} is a link out of its root and is not served; fileserver_links_outside: True allows it`,
      );
    }
    return inside;
  }

  #ignored(rel: string): boolean {
    return this.#ignore.some((matches) => matches(rel));
  }
}

/** The path without `.` and doubled slashes; null when it is absolute, climbs or is no path. */
export function cleanRelative(path: string): string | null {
  if (path === "" || path.length > 4096 || path.includes("\0")) return null;
  const rel = posix.normalize(path).replace(/\/+$/, "");
  if (rel === "" || rel === "." || posix.isAbsolute(rel)) return null;
  return rel.split("/").includes("..") ? null : rel;
}

function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}

function isSettled({ mtimeMs, ctimeMs, ctimeNs }: BigIntStats): boolean {
  const newest = mtimeMs > ctimeMs ? mtimeMs : ctimeMs;
  const wanted = ctimeNs % FINE_NS === 0n ? SETTLE_MS_COARSE : SETTLE_MS;
  return Date.now() - Number(newest) > wanted;
}

function statList(stat: BigIntStats): StatList {
  return [
    stat.mode,
    stat.ino,
    stat.dev,
    stat.nlink,
    stat.uid,
    stat.gid,
    stat.size,
    stat.atimeMs / 1000n,
    stat.mtimeMs / 1000n,
    stat.ctimeMs / 1000n,
  ].map(Number);
}

function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
