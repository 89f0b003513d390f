/** What is installed and what could be: `pkg.list_pkgs`, `pkg.list_upgrades` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { globMatch } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { DataMap } from "../../../types/mod.ts";
import {
  asksForRemoved,
  kwargsArg,
  namesArg,
  oneOrMap,
  packageWord,
  refreshArg,
  rootArg,
} from "../_package_manager.ts";
import { clearRefreshTag, listKey, type PackageVersions, versionData } from "../_packages.ts";
import { runProgram } from "../_program.ts";
import { mergeRepos, type RepoVersions } from "../_repo_versions.ts";
import { parseInstalled, parsePrinted, parseRefresh, parseRepos, rootWords } from "./pacman.ts";

/** Versions of what is installed. */
export async function listPackages(
  ctx: ExecContext,
  { fresh = false, asList = false, kwargs = {} }: {
    fresh?: boolean;
    asList?: boolean;
    kwargs?: DataMap;
  } = {},
): Promise<DataMap> {
  const root = rootWords(kwargs);
  const known = root.length === 0 && !fresh ? ctx.context[listKey] : undefined;
  const found = known as PackageVersions | undefined ??
    parseInstalled((await runProgram(ctx, ["pacman", "-Q", ...root])).stdout);
  if (root.length === 0) ctx.context[listKey] = found;
  return versionData(found, asList);
}

async function refreshDb(ctx: ExecContext, root: string | null = null): Promise<DataMap> {
  clearRefreshTag(ctx);
  const done = await runProgram(ctx, ["pacman", "-Sy", ...rootWords({ root })]);
  if (done.retcode === 0) return parseRefresh(done.stdout);
  throw new CommandExecutionError(`Error refreshing package database: ${done.stderr}`);
}

async function upgrades(ctx: ExecContext, refresh: boolean, root: string | null) {
  const sync = refresh ? ["-y"] : [];
  const words = ["-S", "-p", "-u", "--print-format", "%n %v", ...rootWords({ root }), ...sync];
  const done = await runProgram(ctx, ["pacman", ...words]);
  if (done.retcode === 0) return parsePrinted(done.stdout);
  const why = `${done.stderr}${done.stdout}`;
  throw new CommandExecutionError(`Error listing upgrades${why ? `: ${why}` : ""}`);
}

/** Versions that repositories have, by repository and package; of all without patterns. */
async function repoPackages(
  ctx: ExecContext,
  patterns: readonly string[],
  kwargs: DataMap = {},
): Promise<RepoVersions> {
  const from = pyStr(kwargs["fromrepo"] || "").split(",").map((one) => one.trim()).filter(Boolean);
  if (isTrue(kwargs["refresh"])) await refreshDb(ctx);
  const { stdout } = await runProgram(ctx, ["pacman", "-Sl"], { ignoreRetcode: true });
  return parseRepos(stdout, (repo, name) =>
    (from.length === 0 || from.includes(repo)) &&
    (patterns.length === 0 || patterns.some((one) => globMatch(one, name))));
}

/** Versions of a package that repositories have, newest first. */
export async function availableVersions(ctx: ExecContext, name: string): Promise<string[]> {
  return mergeRepos(await repoPackages(ctx, [name]))[name] ?? [];
}

/** Functions that change no package. */
export const listFunctions = {
  list_pkgs: fn({
    doc: "Returns the installed packages and their versions.",
    args: {
      versions_as_list: { type: "any", default: false, doc: "Each version on its own." },
      kwargs: { ...kwargsArg, doc: "`use_context=False`: ask pacman anew; `root`." },
    },
    example: "salt '*' pkg.list_pkgs",
    run(ctx, { versions_as_list, kwargs }) {
      if (asksForRemoved(kwargs)) return {};
      const fresh = kwargs["use_context"] === false;
      return listPackages(ctx, { fresh, asList: isTrue(versions_as_list), kwargs });
    },
  }),
  latest_version: fn({
    doc: "Returns the version of a package that would be installed; an empty text when that is " +
      "there.",
    args: { names: namesArg, kwargs: { ...kwargsArg, doc: "`refresh=True`; `root`." } },
    example: "salt '*' pkg.latest_version <package name>",
    async run(ctx, { names, kwargs }) {
      if (names.length === 0) return "";
      if (isTrue(kwargs["refresh"])) await refreshDb(ctx);
      const wanted = names.map(pyStr);
      const words = ["-Sp", "--needed", "--print-format", "%n %v", ...wanted.map(packageWord)];
      const { stdout } = await runProgram(ctx, ["pacman", ...words, ...rootWords(kwargs)]);
      const found = parsePrinted(stdout);
      return oneOrMap(new Map(wanted.map((name) => [name, found[name] ?? ""])));
    },
  }),
  list_upgrades: fn({
    doc: "Returns the packages that have a newer version, with that version.",
    args: {
      refresh: refreshArg(false, "the databases of packages"),
      root: rootArg,
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.list_upgrades",
    run: (ctx, { refresh, root }) => upgrades(ctx, isTrue(refresh), root),
  }),
  list_repo_pkgs: fn({
    doc: "Returns the versions of packages that repositories have.",
    args: {
      args: { ...namesArg, doc: "Names or patterns; all when there are none." },
      kwargs: { ...kwargsArg, doc: "`fromrepo`; `byrepo=True`: for each; `refresh=True`." },
    },
    example: "salt '*' pkg.list_repo_pkgs\nsalt '*' pkg.list_repo_pkgs 'samba4*' fromrepo=base",
    async run(ctx, { args, kwargs }) {
      const byRepo = await repoPackages(ctx, args.map(pyStr), kwargs);
      return isTrue(kwargs["byrepo"]) ? byRepo : mergeRepos(byRepo);
    },
  }),
  refresh_db: fn({
    doc:
      "Fetches the databases of packages. For each: True when it was fetched, False when it is " +
      "the same as before.",
    args: { root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.refresh_db",
    run: (ctx, { root }) => refreshDb(ctx, root),
  }),
};
