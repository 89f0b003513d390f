/**
 * Versions of packages that repositories have, compared as rpm does; pacman compares alike.
 * @module
 */
import { compareRpmVersions } from "../../text/rpm_version.ts";

/** Versions by package. */
export type Versions = Record<string, string[]>;

/** Versions by repository and package. */
export type RepoVersions = Record<string, Versions>;

/** Sorts the versions of each package. */
export function newestFirst(packages: Versions): Versions {
  const entries = Object.entries(packages).map(([name, versions]): [string, string[]] => [
    name,
    versions.toSorted((a, b) => compareRpmVersions(b, a)),
  ]);
  return Object.fromEntries(entries);
}

/** The versions of each package whatever the repository, newest first. */
export function mergeRepos(byRepo: RepoVersions): Versions {
  const merged: Versions = {};
  for (const packages of Object.values(byRepo)) {
    for (const [name, versions] of Object.entries(packages)) {
      merged[name] = [...merged[name] ?? [], ...versions];
    }
  }
  return newestFirst(merged);
}
