/**
 * What all package managers need: targets, changes, comparisons of versions.
 * (`salt/modules/pkg_resource.py`, `salt/utils/pkg/__init__.py`, `salt/utils/versions.py`)
 * @module
 */
import { rmSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { parseInlineYaml } from "../../loader/inline_yaml/mod.ts";
import type { ExecContext } from "../../loader/types.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { compareText } from "../../text/py_text.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";

/** Versions by package; a package can be there in several. */
export type PackageVersions = Map<string, string[]>;

/** -1, 0 or 1. */
export type VersionCompare = (a: string, b: string) => number;

/** What to install: packages of a repository with the versions wanted, or files. */
export type Targets =
  | { kind: "repository"; packages: Map<string, string | null> }
  | { kind: "file"; paths: string[] };

/** Where package modules of a job keep what they have listed. */
export const listKey = "pkg.list_pkgs";

/** Versions as `pkg.list_pkgs` returns them, by package in order. */
export function versionData(packages: PackageVersions, asList: boolean): DataMap {
  const sorted = [...packages].sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(
    sorted.map(([name, versions]) => {
      const list = [...new Set(versions)].sort(compareText);
      return [name, asList ? list : list.join(",")];
    }),
  );
}

/** What differs between two listings: `old` and `new` by package. */
export function packageChanges(before: DataMap, after: DataMap): DataMap {
  const names = [...new Set([...Object.keys(after), ...Object.keys(before)])].sort(compareText);
  const value = (map: DataMap, name: string) => Object.hasOwn(map, name) ? map[name]! : "";
  return Object.fromEntries(
    names.filter((name) => pyStr(value(before, name)) !== pyStr(value(after, name)))
      .map((name) => [name, { old: value(before, name), new: value(after, name) }]),
  );
}

/** An operator and a version: `>=1.2`, `1.2`. */
export function splitComparison(text: string): [operator: string, version: string] {
  const found = /^(<=>|!=|>=|<=|>>|<<|<>|>|<|=)?\s?([^<>=]+)$/.exec(text);
  return found ? [found[1] ?? "", found[2]!] : ["", text];
}

/** Whether `a operator b` holds. */
export function versionHolds(
  a: string,
  operator: string,
  b: string,
  compare: VersionCompare,
): boolean {
  const result = compare(a, b);
  switch (operator) {
    case "<":
      return result < 0;
    case "<=":
      return result <= 0;
    case "=":
    case "==":
      return result === 0;
    case "!=":
      return result !== 0;
    case ">=":
      return result >= 0;
    case ">":
      return result > 0;
    default:
      return false;
  }
}

/** The first of the available versions that fits; undefined when none does. */
export function matchVersion(
  wanted: string,
  available: readonly string[],
  compare: VersionCompare,
): string | undefined {
  const [operator, version] = splitComparison(wanted);
  return available.find((one) => versionHolds(one, operator || "==", version, compare));
}

/** A value that may be written as YAML on a command line. */
function unwrap(value: Data): Data {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return parseInlineYaml(value);
}

/** Names, and versions where they are given, of `pkgs`: a list of names and maps, or a map. */
export function packageList(value: Data): [name: string, version: string | null][] {
  const given = unwrap(value);
  const items = Array.isArray(given) ? given : [given];
  return items.flatMap((item): [string, string | null][] => {
    if (!isMap(item)) return [[pyStr(item), null]];
    return Object.entries(item).map(([name, version]) => [
      name,
      version === null || version === "" ? null : pyStr(version),
    ]);
  });
}

/** What `name`, `pkgs` and `sources` of a call mean. */
export interface TargetOptions {
  name?: string | null;
  pkgs?: Data;
  sources?: Data;
  version?: Data;
  saltenv?: string;
  normalize?: boolean;
}

async function normalized(ctx: ExecContext, name: string, wanted: boolean): Promise<string> {
  if (!wanted || !ctx.registry.within("pkg.normalize_name")) return name;
  return pyStr(await ctx.salt("pkg.normalize_name", [name]));
}

/** Local paths of package files, by the name of the package. */
async function sourceFiles(
  ctx: ExecContext,
  sources: Data,
  saltenv: string,
): Promise<string[]> {
  const given = unwrap(sources);
  const list = Array.isArray(given) ? given : [];
  if (list.some((item) => !isMap(item) || Object.keys(item).length !== 1)) {
    throw new SaltInvocationError("sources must be a list of maps of one name and its file each");
  }
  const paths: string[] = [];
  for (const [name, source] of list.flatMap((item) => Object.entries(item as DataMap))) {
    const path = pyStr(source);
    if (await ctx.salt("config.valid_fileproto", [path])) {
      const cached = await ctx.salt("cp.cache_file", [path, saltenv]);
      if (!cached) {
        throw new CommandExecutionError(`Unable to cache source ${path} for package ${name}`);
      }
      paths.push(pyStr(cached));
    } else if (isAbsolute(path)) {
      paths.push(path);
    } else {
      throw new SaltInvocationError(
        `Path ${path} for package ${name} is either not absolute or an invalid protocol`,
      );
    }
  }
  return paths;
}

/**
 * What a call wants installed or removed; null when it names nothing.
 * @throws SaltInvocationError for targets that cannot be read; CommandExecutionError for files that
 * cannot be fetched.
 */
export async function parseTargets(
  ctx: ExecContext,
  options: TargetOptions,
): Promise<Targets | null> {
  const { name, pkgs = null, sources = null, saltenv = "base", normalize = true } = options;
  if (pyTruthy(pkgs) && pyTruthy(sources)) {
    throw new SaltInvocationError('Only one of "pkgs" and "sources" can be used.');
  }
  const packages = new Map<string, string | null>();
  if (pyTruthy(pkgs)) {
    const list = packageList(pkgs);
    for (const [one, version] of list) {
      packages.set(await normalized(ctx, one, normalize), version);
    }
    if (packages.size < list.length) {
      throw new SaltInvocationError(
        `You are passing a list of packages that contains duplicated packages names: ` +
          `${list.map(([one]) => one).join(", ")}. This cannot be processed. In case you are ` +
          `targeting different versions of the same package, please target them individually`,
      );
    }
    return { kind: "repository", packages };
  }
  if (pyTruthy(sources)) {
    return { kind: "file", paths: await sourceFiles(ctx, sources, saltenv) };
  }
  if (!name) return null;
  const version = options.version === undefined || !pyTruthy(options.version)
    ? null
    : pyStr(options.version);
  for (const one of name.split(",").map((part) => part.trim()).filter(Boolean)) {
    packages.set(await normalized(ctx, one, normalize), version);
  }
  return { kind: "repository", packages };
}

/** Notes that the lists of packages are as new as they can be. (`salt/utils/pkg:clear_rtag`) */
export function clearRefreshTag(ctx: ExecContext): void {
  rmSync(join(ctx.opts.cachedir, "pkg_refresh"), { force: true });
}

/** An error that says what went wrong, and what changed all the same. */
export function packageProblem(what: string, errors: string[], changes: DataMap): Error {
  const text = errors.map((error) => `    - ${error.trim().replaceAll("\n", "\n      ")}`);
  const message = `${what}. Additional info follows:\n\nerrors:\n${text.join("\n")}`;
  return new CommandExecutionError(message, { info: { errors, changes } });
}
