/** Packages of Alpine Linux. (`salt/modules/apkpkg.py` of Salt 3006) @module */
import { CommandExecutionError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { isTrue } from "../../text/is_true.ts";
import { pyStr } from "../../text/py_repr.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import {
  asksForRemoved,
  changing,
  forgetPackages,
  kwargsArg,
  nameArg,
  namesArg,
  oneOrMap,
  packageWord,
  type PkgFunctions,
  pkgsArg,
  refreshArg,
  sourcesArg,
  upgradeAvailableFunction,
  versionFunction,
} from "./_package_manager.ts";
import {
  clearRefreshTag,
  listKey,
  packageChanges,
  packageList,
  packageProblem,
  type PackageVersions,
  parseTargets,
  splitComparison,
  versionData,
} from "./_packages.ts";
import { operand, runProgram } from "./_program.ts";

/** `name-version-release` in name, and version with release. */
export function splitPackage(word: string): [name: string, version: string] | undefined {
  const found = /^(.+)-([^-]+-r\d+)$/.exec(word) ?? /^(.+)-([^-]+-[^-]+)$/.exec(word);
  return found ? [found[1]!, found[2]!] : undefined;
}

/** Reads `apk info -v`. */
export function parseInstalled(text: string): PackageVersions {
  const found: PackageVersions = new Map();
  for (const line of text.split("\n")) {
    if (/^(WARNING|ERROR):/.test(line)) continue;
    const split = splitPackage(line.trim());
    if (split) found.set(split[0], [...found.get(split[0]) ?? [], split[1]]);
  }
  return found;
}

/** Reads `apk upgrade -s`: new versions by package. */
export function parseUpgrades(text: string): DataMap {
  const lines = text.matchAll(/Upgrading (\S+) \((\S+) -> (\S+)\)/g);
  return Object.fromEntries([...lines].map(([, name, , version]) => [name!, version!]));
}

async function listPackages(ctx: ExecContext, fresh = false, asList = false): Promise<DataMap> {
  const known = fresh ? undefined : ctx.context[listKey] as PackageVersions | undefined;
  const found = known ?? parseInstalled((await runProgram(ctx, ["apk", "info", "-v"])).stdout);
  ctx.context[listKey] = found;
  return versionData(found, asList);
}

async function refreshDb(ctx: ExecContext): Promise<true> {
  clearRefreshTag(ctx);
  const done = await runProgram(ctx, ["apk", "update"]);
  if (done.retcode === 0) return true;
  throw packageProblem("Problem encountered refreshing the lists of packages", [
    done.stdout || done.stderr,
  ], {});
}

async function upgrades(ctx: ExecContext): Promise<DataMap> {
  const done = await runProgram(ctx, ["apk", "upgrade", "-s"]);
  if (done.retcode === 0) return parseUpgrades(done.stdout);
  throw new CommandExecutionError(`${done.stderr}${done.stdout}`);
}

async function latest(ctx: ExecContext, names: readonly string[]): Promise<Map<string, string>> {
  const installed = await listPackages(ctx);
  const newer = parseUpgrades((await runProgram(ctx, ["apk", "upgrade", "-s"])).stdout);
  const found = new Map<string, string>();
  for (const name of names) {
    const upgrade = newer[name];
    if (upgrade !== undefined) {
      found.set(name, pyStr(upgrade));
      continue;
    }
    const { stdout } = await runProgram(ctx, ["apk", "search", packageWord(name)]);
    const version = parseInstalled(stdout).get(name)?.at(-1) ?? "";
    found.set(name, installed[name] === version ? "" : version);
  }
  return found;
}

async function apk(ctx: ExecContext, words: readonly string[]): Promise<{ errors: string[] }> {
  const done = await runProgram(ctx, ["apk", ...words]);
  return { errors: done.retcode === 0 ? [] : [done.stderr || done.stdout] };
}

const list = (ctx: ExecContext, fresh?: boolean) => listPackages(ctx, fresh);

/** A package with the version wanted of it: `name=1.2-r0`, `name>1`. */
function wantedWord(name: string, version: string | null): string {
  if (version === null) return packageWord(name);
  const [operator, wanted] = splitComparison(version);
  return packageWord(`${name}${operator || "="}${wanted}`);
}

async function install(
  ctx: ExecContext,
  args: { name: string | null; refresh: Data; pkgs: Data; sources: Data; kwargs: DataMap },
): Promise<DataMap> {
  const version = args.kwargs["version"];
  const targets = await parseTargets(ctx, version === undefined ? args : { ...args, version });
  if (targets === null) return {};
  if (isTrue(args.refresh)) await refreshDb(ctx);
  const what = "Problem encountered installing package(s)";
  return await changing(ctx, list, what, (before) => {
    if (targets.kind === "file") {
      return apk(ctx, ["add", "--allow-untrusted", ...targets.paths]);
    }
    const words = [...targets.packages].map(([name, wanted]) => wantedWord(name, wanted));
    const isThere = [...targets.packages.keys()].some((name) => Object.hasOwn(before, name));
    return apk(ctx, ["add", ...(isThere ? ["-u"] : []), ...words]);
  });
}

async function remove(
  ctx: ExecContext,
  name: string | null,
  pkgs: Data,
  purge: boolean,
): Promise<DataMap> {
  const targets = await parseTargets(ctx, { name, pkgs });
  const words = targets?.kind === "repository" ? [...targets.packages.keys()] : [];
  if (words.length === 0) return {};
  const what = "Problem encountered removing package(s)";
  const option = purge ? ["--purge"] : [];
  return await changing(
    ctx,
    list,
    what,
    () => apk(ctx, ["del", ...option, ...words.map(packageWord)]),
  );
}

/** Returns as states do: what changed, and what was said of a failure. */
async function upgrade(
  ctx: ExecContext,
  args: { name: string | null; pkgs: Data; refresh: Data },
): Promise<DataMap> {
  if (isTrue(args.refresh)) await refreshDb(ctx);
  const before = await listPackages(ctx);
  const given = args.pkgs ? packageList(args.pkgs).map(([one]) => one) : [];
  const named = args.name && !args.pkgs ? args.name.split(",").map((one) => one.trim()) : given;
  const words = named.length > 0 ? ["add", "-u", ...named.map(packageWord)] : ["upgrade"];
  const { errors } = await apk(ctx, words);
  forgetPackages(ctx);
  return {
    changes: packageChanges(before, await listPackages(ctx, true)),
    result: errors.length === 0,
    comment: errors.join("\n"),
  };
}

async function files(ctx: ExecContext, packages: readonly Data[]): Promise<Data> {
  if (packages.length === 0) return "Package name should be provided";
  const found: DataMap = {};
  for (const name of packages.map(pyStr)) {
    const { stdout } = await runProgram(ctx, ["apk", "info", "-L", packageWord(name)]);
    const own = stdout.split("\n").filter((line) => line !== "" && !line.endsWith("contains:"));
    if (own.length > 0) found[name] = own;
  }
  return { errors: [], packages: found };
}

async function owner(ctx: ExecContext, path: string): Promise<string> {
  const argv = ["apk", "info", "-W", operand(path, "a path")];
  const { stdout, stderr } = await runProgram(ctx, argv);
  const found = /is owned by (\S+)/.exec(stdout);
  if (found) return found[1]!;
  return `${stdout}${stderr}`.includes("ERROR:")
    ? "Could not find owner package"
    : `Error running ${argv.join(" ")}`;
}

const functions = {
  version: versionFunction,
  upgrade_available: upgradeAvailableFunction,
  list_pkgs: fn({
    doc: "Returns the installed packages and their versions.",
    args: {
      versions_as_list: { type: "any", default: false, doc: "Each version on its own." },
      kwargs: { ...kwargsArg, doc: "`use_context=False`: ask apk anew." },
    },
    example: "salt '*' pkg.list_pkgs\nsalt '*' pkg.list_pkgs versions_as_list=True",
    run(ctx, { versions_as_list, kwargs }) {
      if (asksForRemoved(kwargs)) return {};
      return listPackages(ctx, kwargs["use_context"] === false, isTrue(versions_as_list));
    },
  }),
  latest_version: fn({
    doc: "Returns the version of a package that would be installed; an empty text when that is " +
      "there.",
    args: { names: namesArg, kwargs: { ...kwargsArg, doc: "`refresh=False`." } },
    example: "salt '*' pkg.latest_version <package name>",
    async run(ctx, { names, kwargs }) {
      if (names.length === 0) return "";
      if (kwargs["refresh"] === undefined || isTrue(kwargs["refresh"])) await refreshDb(ctx);
      return oneOrMap(await latest(ctx, names.map(pyStr)));
    },
  }),
  list_upgrades: fn({
    doc: "Returns the packages that have a newer version, with that version.",
    args: { refresh: refreshArg(true, "the lists of packages"), kwargs: kwargsArg },
    example: "salt '*' pkg.list_upgrades",
    async run(ctx, { refresh }) {
      if (isTrue(refresh)) await refreshDb(ctx);
      return await upgrades(ctx);
    },
  }),
  refresh_db: fn({
    doc: "Fetches the lists of packages.",
    args: { kwargs: kwargsArg },
    example: "salt '*' pkg.refresh_db",
    run: (ctx) => refreshDb(ctx),
  }),
  install: fn({
    doc: "Installs packages. Returns what changed: old and new version by name.",
    args: {
      name: nameArg,
      refresh: refreshArg(false, "the lists of packages"),
      pkgs: pkgsArg,
      sources: sourcesArg,
      kwargs: { ...kwargsArg, doc: "`version`: of the one package." },
    },
    example: `salt '*' pkg.install <package name>\nsalt '*' pkg.install pkgs='["foo", "bar"]'`,
    run: install,
  }),
  upgrade: fn({
    doc: "Upgrades all packages, or some. Returns `changes`, `result` and `comment`.",
    args: {
      name: nameArg,
      pkgs: pkgsArg,
      refresh: refreshArg(true, "the lists of packages"),
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.upgrade",
    run: upgrade,
  }),
  remove: fn({
    doc: "Removes packages. Returns what changed.",
    args: {
      name: nameArg,
      pkgs: pkgsArg,
      purge: { type: "bool", default: false, doc: "With their settings." },
      kwargs: kwargsArg,
    },
    example: `salt '*' pkg.remove <package name>\nsalt '*' pkg.remove pkgs='["foo", "bar"]'`,
    run: (ctx, args) => remove(ctx, args.name, args.pkgs, args.purge),
  }),
  purge: fn({
    doc: "Removes packages with their settings. Returns what changed.",
    args: { name: nameArg, pkgs: pkgsArg, kwargs: kwargsArg },
    example: `salt '*' pkg.purge <package name>\nsalt '*' pkg.purge pkgs='["foo", "bar"]'`,
    run: (ctx, args) => remove(ctx, args.name, args.pkgs, true),
  }),
  file_list: fn({
    doc: "Lists the files of packages, by package.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_list httpd\nsalt '*' pkg.file_list httpd postfix",
    run: (ctx, { packages }) => files(ctx, packages),
  }),
  file_dict: fn({
    doc: "Lists the files of packages, by package.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_dict httpd\nsalt '*' pkg.file_dict httpd postfix",
    run: (ctx, { packages }) => files(ctx, packages),
  }),
  owner: fn({
    doc: "Returns, for each file, the package that it belongs to.",
    args: { paths: { type: "any", variadic: true, doc: "Paths of files." }, kwargs: kwargsArg },
    example: "salt '*' pkg.owner /usr/bin/apachectl\n" +
      "salt '*' pkg.owner /usr/bin/apachectl /usr/bin/basename",
    async run(ctx, { paths }) {
      if (paths.length === 0) return "You must provide a path";
      const owners: Record<string, string> = {};
      for (const path of paths.map(pyStr)) owners[path] = await owner(ctx, path);
      return owners;
    },
  }),
} satisfies PkgFunctions;

/** The module `pkg` of Alpine Linux. */
export const apkpkg = executionModule({
  name: "apkpkg",
  virtualname: "pkg",
  doc: "Packages of Alpine Linux, by apk.",
  virtual: ({ grains }) =>
    grains["os_family"] === "Alpine" || "Module apk only works on Alpine Linux based systems",
  functions,
});
