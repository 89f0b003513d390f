/**
 * The contract of file server back ends: `roots` here, others beside it.
 * @module
 */

/** Salt's list form of a stat: mode, ino, dev, nlink, uid, gid, size, atime, mtime, ctime; times in s. */
export type StatList = number[];

/** A file that may be served. */
export interface FoundFile {
  /** Where it is on this host. */
  path: string;
  /** As asked for, normalised. */
  rel: string;
  stat: StatList;
  /** Bytes. */
  size: number;
  /** Changes whenever the content may have. */
  version: string;
  /** False while the version may miss a change, because the last one was just now. */
  settled: boolean;
  /** Whether an open file is of this version; absent where a version has one content for ever. */
  isStill?(fd: number): boolean;
}

/** What is below a saltenv's roots; paths are relative to them and sorted. */
export interface FileLists {
  files: string[];
  dirs: string[];
  emptyDirs: string[];
  /** Links whose target is inside: path to what the link says. */
  links: Record<string, string>;
}

/** One back end. Methods never throw for what a peer asked: what may not be served is not found. */
export interface FileServer {
  /** Sorted. */
  envs(): string[];
  find(path: string, saltenv: string): FoundFile | null;
  lists(saltenv: string): FileLists;
}
