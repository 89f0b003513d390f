/** What is installed and what could be: `pkg.list_pkgs`, `pkg.search` … @module */
import { join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { globMatch } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { compareRpmVersions } from "../../../text/rpm_version.ts";
import { elementsOf, textOf, type XmlElement } from "../../../text/xml.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import {
  asksForRemoved,
  downloadedPackages,
  kwargsArg,
  namesArg,
  oneOrMap,
  packageWord,
  refreshArg,
  rootArg,
  withoutJob,
} from "../_package_manager.ts";
import { clearRefreshTag } from "../_packages.ts";
import { areSmall, ownArch, splitArch } from "../_rpm.ts";
import { rpmFunctions } from "../_rpm_functions.ts";
import { listAttributes, listPackages } from "../_rpm_list.ts";
import { parseInfo, parseRefresh, pillarSetting, wordList, zypper, zypperXml } from "./zypper.ts";

/** Fetches what repositories have. For each: True when it was fetched, False when it is the same. */
export async function refreshDb(
  ctx: ExecContext,
  { force = null, root = null, keys = false, repos = [] }: {
    force?: Data;
    root?: string | null;
    /** Trust keys that are new. */
    keys?: boolean;
    repos?: string[];
  } = {},
): Promise<DataMap> {
  clearRefreshTag(ctx);
  const forced = force ?? pillarSetting(ctx, "refreshdb_force") ?? true;
  const words = [
    ...(keys ? ["--gpg-auto-import-keys"] : []),
    "refresh",
    ...(isTrue(forced) ? ["--force"] : []),
    ...repos.map(packageWord),
  ];
  return parseRefresh((await zypper(ctx, words, { root, refresh: true })).stdout);
}

function rootOf(kwargs: DataMap): string | null {
  return kwargs["root"] ? pyStr(kwargs["root"]) : null;
}

/** Installed packages without the keys that sign them. */
export async function listInstalled(
  ctx: ExecContext,
  { fresh = false, asList = false, root = null }: {
    fresh?: boolean;
    asList?: boolean;
    root?: string | null;
  } = {},
): Promise<DataMap> {
  return withoutKeys(await listPackages(ctx, fresh, asList, root));
}

function withoutKeys(packages: DataMap): DataMap {
  const own = Object.entries(packages).filter(([name]) => !name.startsWith("gpg-pubkey"));
  return Object.fromEntries(own);
}

/** Names that one call of zypper gets at most. */
const atOnce = 200;

async function available(
  ctx: ExecContext,
  names: readonly string[],
  kwargs: DataMap,
): Promise<Record<string, DataMap>> {
  if (names.length === 0) return {};
  const root = rootOf(kwargs);
  if (kwargs["refresh"] === undefined || isTrue(kwargs["refresh"])) await refreshDb(ctx, { root });
  const sorted = [...new Set(names)].sort(compareText).map(packageWord);
  const found: Record<string, DataMap> = {};
  for (let at = 0; at < sorted.length; at += atOnce) {
    const words = ["info", "-t", "package", ...sorted.slice(at, at + atOnce)];
    const { stdout } = await zypper(ctx, words, { root, readonly: true });
    Object.assign(found, parseInfo(stdout));
  }
  return found;
}

async function latest(ctx: ExecContext, names: readonly Data[], kwargs: DataMap): Promise<Data> {
  const wanted = [...new Set(names.map(pyStr))].sort(compareText);
  if (wanted.length === 0) return {};
  const found = await available(ctx, wanted, kwargs);
  return oneOrMap(
    new Map(wanted.map((name): [string, Data] => {
      const info = found[name] ?? {};
      const status = pyStr(info["status"] ?? "").toLowerCase();
      const isNew = status.includes("not installed") || status.includes("out-of-date");
      return [name, isNew ? info["version"] ?? null : ""];
    })),
  );
}

/** The attributes of what `zypper search` found. */
export function solvables(answer: XmlElement): Record<string, string>[] {
  return elementsOf(answer, "solvable").map(({ attributes }) => attributes);
}

async function upgrades(ctx: ExecContext, root: string | null, kwargs: DataMap): Promise<DataMap> {
  const repos = wordList(kwargs["fromrepo"]).flatMap((one) => ["--repo", packageWord(one)]);
  const answer = await zypperXml(ctx, ["list-updates", ...repos], { root, readonly: true });
  const packages = elementsOf(answer, "update").map(({ attributes }) => attributes)
    .filter(({ kind }) => kind === "package");
  return Object.fromEntries(packages.map(({ name, edition }) => [name ?? "", edition ?? ""]));
}

type Versions = Record<string, string[]>;

async function repoPackages(
  ctx: ExecContext,
  names: readonly string[],
  kwargs: DataMap,
): Promise<Record<string, Versions>> {
  const from = pyStr(kwargs["fromrepo"] || "");
  const answer = await zypperXml(ctx, ["se", "-s", ...names.map(packageWord)], {
    root: rootOf(kwargs),
    soft: true,
  });
  const found: Record<string, Versions> = {};
  for (const { kind, repository, name, edition } of solvables(answer)) {
    if (kind !== "package" || !repository || !name || !edition) continue;
    if (from !== "" && repository !== from) continue;
    if (names.length > 0 && !names.some((one) => globMatch(one, name))) continue;
    const versions = (found[repository] ??= {})[name] ??= [];
    if (!versions.includes(edition)) versions.push(edition);
  }
  for (const packages of Object.values(found)) sortVersions(packages);
  return found;
}

function sortVersions(packages: Versions): Versions {
  for (const versions of Object.values(packages)) {
    versions.sort((a, b) => compareRpmVersions(b, a));
  }
  return packages;
}

function merge(byRepo: Record<string, Versions>): Versions {
  const merged: Versions = {};
  for (const packages of Object.values(byRepo)) {
    for (const [name, versions] of Object.entries(packages)) {
      merged[name] = [...merged[name] ?? [], ...versions];
    }
  }
  return sortVersions(merged);
}

/** Options of `zypper search` by keyword argument. */
const searchOptions: Readonly<Record<string, string>> = {
  provides: "--provides",
  recommends: "--recommends",
  requires: "--requires",
  suggests: "--suggests",
  conflicts: "--conflicts",
  obsoletes: "--obsoletes",
  file_list: "--file-list",
  search_descriptions: "--search-descriptions",
  case_sensitive: "--case-sensitive",
  installed_only: "--installed-only",
  not_installed_only: "-u",
  details: "--details",
};

/** @throws CommandExecutionError when nothing is found. */
export async function search(
  ctx: ExecContext,
  criteria: string,
  kwargs: DataMap,
): Promise<Record<string, DataMap>> {
  const match = pyStr(kwargs["match"] ?? "");
  const words = [
    "search",
    ...(["exact", "words", "substrings"].includes(match) ? [`--match-${match}`] : []),
    ...Object.keys(kwargs).flatMap((key) => searchOptions[key] ?? []),
    packageWord(criteria),
  ];
  const answer = await zypperXml(ctx, words, { root: rootOf(kwargs), readonly: true, soft: true });
  const found = Object.fromEntries(solvables(answer).map((one) => [one["name"] ?? "", { ...one }]));
  if (Object.keys(found).length > 0) return found;
  throw new CommandExecutionError(`No packages found matching '${criteria}'`);
}

async function download(
  ctx: ExecContext,
  names: readonly string[],
  kwargs: DataMap,
): Promise<DataMap> {
  if (names.length === 0) throw new SaltInvocationError("No packages specified");
  const root = rootOf(kwargs);
  if (isTrue(kwargs["refresh"])) await refreshDb(ctx, { root });
  const answer = await zypperXml(ctx, ["download", ...names.map(packageWord)], { root });
  const found: DataMap = {};
  for (const result of elementsOf(answer, "download-result")) {
    const [repo, file] = ["repository", "localfile"].map((name) => elementsOf(result, name)[0]);
    const path = file?.attributes["path"] ?? "";
    const fine = await ctx.salt("lowpkg.checksum", [path], root === null ? {} : { root });
    const name = elementsOf(result, "name")[0];
    if (!name || !isMap(fine) || fine[path] !== true) continue;
    found[textOf(name)] = {
      "repository-name": repo?.attributes["name"] ?? "",
      "repository-alias": repo?.attributes["alias"] ?? "",
      path,
    };
  }
  const failed = names.filter((name) => !Object.hasOwn(found, name));
  if (Object.keys(found).length === 0) {
    throw new CommandExecutionError(`Unable to download packages: ${names.join(", ")}`);
  }
  return failed.length === 0 ? found : {
    ...found,
    _error: `The following package(s) failed to download: ${failed.join(", ")}`,
  };
}

function withSource(info: Data): Data {
  if (Array.isArray(info)) return info.map(withSource);
  if (!isMap(info)) return info;
  const fields = Object.entries(info).map(([key, value]) =>
    [key === "source_rpm" ? "source" : key, value] as const
  );
  return Object.fromEntries(fields);
}

const packageKwargs = { ...kwargsArg, doc: "`refresh=False`; `root`." } as const;

/** Functions that change no package. */
export const listFunctions = {
  list_pkgs: fn({
    doc: "Returns the installed packages and their versions.",
    args: {
      versions_as_list: { type: "any", default: false, doc: "Each version on its own." },
      root: rootArg,
      includes: { type: "any", default: null, doc: "Has no effect." },
      kwargs: {
        ...kwargsArg,
        doc: "`attr`: also these attributes, or all; `use_context=False`: ask rpm anew.",
      },
    },
    example: "salt '*' pkg.list_pkgs\nsalt '*' pkg.list_pkgs attr=version,arch",
    async run(ctx, { versions_as_list, root, kwargs }) {
      if (asksForRemoved(kwargs)) return {};
      const fresh = kwargs["use_context"] === false;
      if (kwargs["attr"]) {
        return withoutKeys(await listAttributes(ctx, kwargs["attr"], fresh, root));
      }
      return await listInstalled(ctx, { fresh, asList: isTrue(versions_as_list), root });
    },
  }),
  latest_version: fn({
    doc: "Returns the version of a package that would be installed; an empty text when there is " +
      "none newer.",
    args: { names: namesArg, kwargs: packageKwargs },
    example: "salt '*' pkg.latest_version <package name>",
    run: (ctx, { names, kwargs }) => latest(ctx, names, kwargs),
  }),
  upgrade_available: fn({
    doc: "Says whether there is a newer version of a package.",
    args: {
      name: { type: "string", required: true, doc: "Name of the package." },
      kwargs: packageKwargs,
    },
    example: "salt '*' pkg.upgrade_available <package name>",
    run: async (ctx, { name, kwargs }) => Boolean(await latest(ctx, [name], kwargs)),
  }),
  list_upgrades: fn({
    doc: "Returns the packages that have a newer version, with that version.",
    args: {
      refresh: refreshArg(true),
      root: rootArg,
      kwargs: { ...kwargsArg, doc: "`fromrepo`: only these repositories." },
    },
    example: "salt '*' pkg.list_upgrades",
    async run(ctx, { refresh, root, kwargs }) {
      if (isTrue(refresh)) await refreshDb(ctx, { root });
      return await upgrades(ctx, root, kwargs);
    },
  }),
  list_repo_pkgs: fn({
    doc: "Returns the versions of packages that repositories have, newest first.",
    args: {
      args: { ...namesArg, doc: "Names or patterns; all when there are none." },
      kwargs: { ...kwargsArg, doc: "`fromrepo`; `byrepo=True`: for each repository; `root`." },
    },
    example: "salt '*' pkg.list_repo_pkgs\nsalt '*' pkg.list_repo_pkgs 'python2-*' byrepo=True",
    async run(ctx, { args, kwargs }) {
      const byRepo = await repoPackages(ctx, args.map(pyStr), kwargs);
      return isTrue(kwargs["byrepo"]) ? byRepo : merge(byRepo);
    },
  }),
  refresh_db: fn({
    doc:
      "Fetches what repositories have. For each: True when it was fetched, False when it is the " +
      "same as before.",
    args: {
      force: {
        type: "any",
        default: null,
        doc: "Also what is not old; as the pillar says, or so.",
      },
      root: rootArg,
      gpgautoimport: { type: "bool", default: false, doc: "Trust keys that are new." },
      kwargs: { ...kwargsArg, doc: "`repos`: only these." },
    },
    example: "salt '*' pkg.refresh_db [force=true|false]",
    run: (ctx, { force, root, gpgautoimport, kwargs }) =>
      refreshDb(ctx, { force, root, keys: gpgautoimport, repos: wordList(kwargs["repos"]) }),
  }),
  info_installed: fn({
    doc: "Returns what is known of installed packages; of all when none is named.",
    args: {
      names: namesArg,
      kwargs: { ...kwargsArg, doc: "`attr`, `all_versions=True`, `root`." },
    },
    example: "salt '*' pkg.info_installed <package1>\n" +
      "salt '*' pkg.info_installed <package1> attr=version,vendor",
    async run(ctx, { names, kwargs }) {
      const all = await ctx.salt("lowpkg.info", names, withoutJob(kwargs));
      const entries = Object.entries(isMap(all) ? all : {});
      return Object.fromEntries(entries.map(([name, info]) => [name, withSource(info)]));
    },
  }),
  info_available: fn({
    doc: "Returns what repositories say of packages.",
    args: { names: namesArg, kwargs: packageKwargs },
    example: "salt '*' pkg.info_available <package1> <package2> refresh=False",
    run: (ctx, { names, kwargs }) => available(ctx, names.map(pyStr), kwargs),
  }),
  search: fn({
    doc: "Returns the packages that zypper finds, with what it says of them.",
    args: {
      criteria: { type: "string", required: true, doc: "A word, or part of one." },
      refresh: refreshArg(false),
      kwargs: {
        ...kwargsArg,
        doc: "`match`: exact, words or substrings; `installed_only`, `provides`, `details` …",
      },
    },
    example: "salt '*' pkg.search <criteria>\nsalt '*' pkg.search <criteria> match=exact",
    async run(ctx, { criteria, refresh, kwargs }) {
      if (isTrue(refresh)) await refreshDb(ctx, { root: rootOf(kwargs) });
      return await search(ctx, criteria, kwargs);
    },
  }),
  list_downloaded: fn({
    doc: "Returns the package files that were fetched.",
    args: { root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.list_downloaded",
    run: (ctx, { root }) => downloadedPackages(ctx, join(root ?? "/", "var/cache/zypp/packages")),
  }),
  download: fn({
    doc: "Fetches package files into the cache. Returns their paths.",
    args: { packages: namesArg, kwargs: { ...kwargsArg, doc: "`refresh=True`; `root`." } },
    example: "salt '*' pkg.download httpd\nsalt '*' pkg.download httpd postfix",
    run: (ctx, { packages, kwargs }) => download(ctx, packages.map(pyStr), kwargs),
  }),
  services_need_restart: fn({
    doc: "Lists the services that use files which are gone since an upgrade.",
    args: { root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.services_need_restart",
    async run(ctx, { root }) {
      const { stdout } = await zypper(ctx, ["ps", "-sss"], { root, readonly: true });
      return stdout.split(/\s+/).filter(Boolean);
    },
  }),
  version_cmp: fn({
    doc: "Compares two versions: -1, 0 or 1 when the first is older, the same or newer.",
    args: {
      ver1: { type: "any", required: true, doc: "A version." },
      ver2: { type: "any", required: true, doc: "Another one." },
      ignore_epoch: { type: "bool", default: false, doc: "Leave out what is before the colon." },
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.version_cmp '0.2-001' '0.2.0.1-002'",
    run: (ctx, { ver1, ver2, ignore_epoch }) =>
      ctx.salt("lowpkg.version_cmp", [ver1, ver2], { ignore_epoch }),
  }),
  normalize_name: fn({
    doc: "Returns the name of a package without an architecture that is the machine's own.",
    args: { name: { type: "string", required: true, doc: "Name of the package." } },
    example: "salt '*' pkg.normalize_name zsh.x86_64",
    run(ctx, { name }) {
      const { name: bare, arch } = splitArch(name);
      const own = ownArch(ctx);
      return arch !== null && (arch === own || arch === "noarch" || areSmall(arch, own))
        ? bare
        : name;
    },
  }),
  ...rpmFunctions,
};
