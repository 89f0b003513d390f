/** What repositories have: `pkg.refresh_db`, `pkg.list_upgrades`, `pkg.search` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { globMatch } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { elementsOf } from "../../../text/xml.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import {
  kwargsArg,
  namesArg,
  oneOrMap,
  packageWord,
  refreshArg,
  rootArg,
} from "../_package_manager.ts";
import { clearRefreshTag } from "../_packages.ts";
import { mergeRepos, newestFirst, type RepoVersions } from "../_repo_versions.ts";
import {
  parseInfo,
  parseRefresh,
  pillarSetting,
  rootOf,
  solvables,
  wordList,
  zypper,
  zypperXml,
} from "./zypper.ts";

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

async function upgrades(ctx: ExecContext, root: string | null, kwargs: DataMap): Promise<DataMap> {
  const repos = wordList(kwargs["fromrepo"]).flatMap((one) => ["--repo", packageWord(one)]);
  const answer = await zypperXml(ctx, ["list-updates", ...repos], { root, readonly: true });
  const packages = elementsOf(answer, "update").map(({ attributes }) => attributes)
    .filter(({ kind }) => kind === "package");
  return Object.fromEntries(packages.map(({ name, edition }) => [name ?? "", edition ?? ""]));
}

async function repoPackages(
  ctx: ExecContext,
  names: readonly string[],
  kwargs: DataMap,
): Promise<RepoVersions> {
  const from = pyStr(kwargs["fromrepo"] || "");
  const answer = await zypperXml(ctx, ["se", "-s", ...names.map(packageWord)], {
    root: rootOf(kwargs),
    soft: true,
  });
  const found: RepoVersions = {};
  for (const { kind, repository, name, edition } of solvables(answer)) {
    if (kind !== "package" || !repository || !name || !edition) continue;
    if (from !== "" && repository !== from) continue;
    if (names.length > 0 && !names.some((one) => globMatch(one, name))) continue;
    const versions = (found[repository] ??= {})[name] ??= [];
    if (!versions.includes(edition)) versions.push(edition);
  }
  return Object.fromEntries(
    Object.entries(found).map(([repo, packages]) => [repo, newestFirst(packages)]),
  );
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

const packageKwargs = { ...kwargsArg, doc: "`refresh=False`; `root`." } as const;

/** Functions that ask repositories. */
export const availableFunctions = {
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
      return isTrue(kwargs["byrepo"]) ? byRepo : mergeRepos(byRepo);
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
};
