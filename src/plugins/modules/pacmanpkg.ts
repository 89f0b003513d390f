/** Packages of Arch Linux. (`salt/modules/pacmanpkg.py`) @module */
import { CommandExecutionError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { globMatch } from "../../text/glob.ts";
import { isTrue } from "../../text/is_true.ts";
import { pyStr } from "../../text/py_repr.ts";
import { compareText } from "../../text/py_text.ts";
import { compareRpmVersions } from "../../text/rpm_version.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import {
  asksForRemoved,
  changing,
  installedAmong,
  kwargsArg,
  nameArg,
  namesArg,
  oneOrMap,
  ownersOf,
  packageWord,
  type PkgFunctions,
  pkgsArg,
  refreshArg,
  rootArg,
  sourcesArg,
  upgradeAvailableFunction,
  versionFunction,
} from "./_package_manager.ts";
import {
  clearRefreshTag,
  listKey,
  packageProblem,
  type PackageVersions,
  parseTargets,
  splitComparison,
  versionData,
} from "./_packages.ts";
import { runProgram } from "./_program.ts";
import { scopeCommand } from "./systemd_service/systemctl.ts";

/** Rows of words, of what pacman prints. */
function rows(text: string): string[][] {
  return text.split("\n").map((line) => line.trim().split(/\s+/)).filter(([first]) => first !== "");
}

function rootWords(kwargs: DataMap): string[] {
  return kwargs["root"] ? ["-r", pyStr(kwargs["root"])] : [];
}

/** Reads `pacman -Q`. */
export function parseInstalled(text: string): PackageVersions {
  return new Map(
    rows(text).filter((row) => row.length >= 2).map(([name, version]) => [name!, [version!]]),
  );
}

async function listPackages(
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

/** What became of each database, of `pacman -Sy`: fetched, or the same as before. */
export function parseRefresh(text: string): Record<string, boolean> {
  const found: Record<string, boolean> = {};
  for (const [first, second] of rows(text).filter(([word]) => word !== "::")) {
    // `downloading core.db` of older ones, `core downloading...` of pacman 6.
    if (first === "downloading" && second) found[second.split(".")[0]!] = true;
    else if (second?.startsWith("downloading")) found[first!] = true;
  }
  for (const line of text.split("\n").filter((one) => one.includes("is up to date"))) {
    found[line.trim().split(/\s+/)[0]!] = false;
  }
  return found;
}

async function refreshDb(ctx: ExecContext, root: string | null = null): Promise<DataMap> {
  clearRefreshTag(ctx);
  const done = await runProgram(ctx, ["pacman", "-Sy", ...rootWords({ root })]);
  if (done.retcode === 0) return parseRefresh(done.stdout);
  throw new CommandExecutionError(`Error refreshing package database: ${done.stderr}`);
}

/** Reads `--print-format '%n %v'`: versions by package. */
export function parsePrinted(text: string): DataMap {
  const packages = rows(text).filter((row) =>
    row.length === 2 && !(row[0]!.toLowerCase() === "downloading" && row[1]!.includes(".db"))
  );
  return Object.fromEntries(packages.map(([name, version]) => [name!, version!]));
}

async function upgrades(ctx: ExecContext, refresh: boolean, root: string | null) {
  const sync = refresh ? ["-y"] : [];
  const words = ["-S", "-p", "-u", "--print-format", "%n %v", ...rootWords({ root }), ...sync];
  const done = await runProgram(ctx, ["pacman", ...words]);
  if (done.retcode === 0) return parsePrinted(done.stdout);
  const why = `${done.stderr}${done.stdout}`;
  throw new CommandExecutionError(`Error listing upgrades${why ? `: ${why}` : ""}`);
}

type Versions = Record<string, string[]>;

/** Reads `pacman -Sl`: versions by repository and package. */
export function parseRepos(
  text: string,
  isWanted: (repo: string, name: string) => boolean,
): Record<string, Versions> {
  const found: Record<string, Versions> = {};
  for (const [repo, name, version] of rows(text)) {
    if (!repo || !name || !version || !isWanted(repo, name)) continue;
    ((found[repo] ??= {})[name] ??= []).push(version);
  }
  return found;
}

async function repoPackages(
  ctx: ExecContext,
  patterns: readonly string[],
  kwargs: DataMap = {},
): Promise<Record<string, Versions>> {
  const from = pyStr(kwargs["fromrepo"] || "").split(",").map((one) => one.trim()).filter(Boolean);
  if (isTrue(kwargs["refresh"])) await refreshDb(ctx);
  const { stdout } = await runProgram(ctx, ["pacman", "-Sl"], { ignoreRetcode: true });
  return parseRepos(stdout, (repo, name) =>
    (from.length === 0 || from.includes(repo)) &&
    (patterns.length === 0 || patterns.some((one) => globMatch(one, name))));
}

function merge(byRepo: Record<string, Versions>): Versions {
  const merged: Versions = {};
  for (const packages of Object.values(byRepo)) {
    for (const [name, versions] of Object.entries(packages)) {
      merged[name] = [...merged[name] ?? [], ...versions]
        .sort((a, b) => compareRpmVersions(b, a));
    }
  }
  return merged;
}

interface Install {
  name: string | null;
  refresh: Data;
  sysupgrade: boolean | null;
  pkgs: Data;
  sources: Data;
  kwargs: DataMap;
}

/** Words that name packages and versions, and complaints about versions that there are not. */
async function repositoryWords(
  ctx: ExecContext,
  packages: Map<string, string | null>,
): Promise<{ words: string[]; errors: string[] }> {
  const [words, errors]: [string[], string[]] = [[], []];
  for (const [name, version] of packages) {
    if (version === null) {
      words.push(packageWord(name));
      continue;
    }
    const [operator, wanted] = splitComparison(version);
    const prefix = operator || "=";
    if (!wanted.includes("*")) {
      words.push(packageWord(`${name}${prefix}${wanted}`));
    } else if (prefix !== "=") {
      errors.push(`Invalid wildcard for ${name}${prefix}${wanted}`);
    } else {
      const candidates = merge(await repoPackages(ctx, [name]))[name] ?? [];
      const found = candidates.find((one) => globMatch(wanted, one));
      if (found !== undefined) words.push(packageWord(`${name}=${found}`));
      else {
        const shown = candidates.length > 0 ? candidates.join(", ") : "none";
        errors.push(
          `No version matching '${wanted}' found for package '${name}' (available: ${shown})`,
        );
      }
    }
  }
  return { words, errors };
}

async function pacman(ctx: ExecContext, words: readonly string[]): Promise<{ errors: string[] }> {
  const quiet = ["--noprogressbar", "--noconfirm"];
  const [operation = "", ...rest] = words;
  const argv = [...await scopeCommand(ctx), "pacman", operation, ...quiet, ...rest];
  const done = await runProgram(ctx, argv);
  return { errors: done.retcode === 0 ? [] : [done.stderr || done.stdout] };
}

async function install(ctx: ExecContext, args: Install): Promise<DataMap> {
  const version = args.kwargs["version"];
  const targets = await parseTargets(ctx, version === undefined ? args : { ...args, version });
  if (targets === null) return {};
  const root = rootWords(args.kwargs);
  const what = "Problem encountered installing package(s)";
  const list = (ctx: ExecContext, fresh?: boolean) => listPackages(ctx, { fresh: fresh ?? false });
  if (targets.kind === "file") {
    return await changing(ctx, list, what, () => pacman(ctx, ["-U", ...root, ...targets.paths]));
  }
  const { words, errors } = await repositoryWords(ctx, targets.packages);
  if (errors.length > 0) throw packageProblem(what, errors, {});
  const how = [
    ...(isTrue(args.refresh) ? ["-y"] : []),
    ...(args.sysupgrade ? ["-u"] : []),
    "--needed",
  ];
  return await changing(ctx, list, what, () => pacman(ctx, ["-S", ...how, ...root, ...words]));
}

async function remove(
  ctx: ExecContext,
  option: "-R" | "-Rsc",
  args: { name: string | null; pkgs: Data; kwargs: DataMap },
): Promise<DataMap> {
  const targets = await parseTargets(ctx, { name: args.name, pkgs: args.pkgs });
  const wanted = targets?.kind === "repository" ? [...targets.packages] : [];
  const words = installedAmong(await listPackages(ctx), wanted).map(([name]) => packageWord(name));
  if (words.length === 0) return {};
  const list = (ctx: ExecContext, fresh?: boolean) => listPackages(ctx, { fresh: fresh ?? false });
  const what = "Problem encountered removing package(s)";
  return await changing(
    ctx,
    list,
    what,
    () => pacman(ctx, [option, ...rootWords(args.kwargs), ...words]),
  );
}

/** Reads `pacman -Ql`: files by package, and complaints. */
export function parseFiles(text: string, stderr: string): { errors: string[]; files: Versions } {
  const files: Versions = {};
  for (const line of text.split("\n")) {
    const [, name, path] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (name !== undefined) (files[name] ??= []).push(path!);
  }
  return { errors: stderr.split("\n").filter((line) => line.startsWith("error")), files };
}

async function filesOf(ctx: ExecContext, packages: readonly Data[]) {
  const argv = ["pacman", "-Ql", ...packages.map(packageWord)];
  const done = await runProgram(ctx, argv);
  return parseFiles(done.stdout, done.stderr);
}

/** Reads `pacman -Sgg` and `-Qg`: packages by group. */
export function parseGroups(text: string): Versions {
  const groups: Versions = {};
  for (const [group, name] of rows(text)) if (group && name) (groups[group] ??= []).push(name);
  return groups;
}

async function groupList(ctx: ExecContext): Promise<DataMap> {
  const ask = async (option: string) =>
    parseGroups((await runProgram(ctx, ["pacman", option], { ignoreRetcode: true })).stdout);
  const [available, installed] = [await ask("-Sgg"), await ask("-Qg")];
  const known = Object.keys(installed).filter((group) => Object.hasOwn(available, group));
  const isWhole = (group: string) => installed[group]!.length === available[group]!.length;
  return {
    installed: known.filter(isWhole).sort(compareText),
    partially_installed: known.filter((group) => !isWhole(group)).sort(compareText),
    available: Object.keys(available).filter((group) => !known.includes(group)).sort(compareText),
  };
}

const kinds = ["mandatory", "optional", "default", "conditional"];

async function groupMembers(ctx: ExecContext, name: string): Promise<string[]> {
  const { stdout } = await runProgram(ctx, ["pacman", "-Sgg", packageWord(name)]);
  return [...new Set(parseGroups(stdout)[name] ?? [])].sort(compareText);
}

const groupArg = { type: "string", required: true, doc: "Name of the group." } as const;

const functions = {
  version: versionFunction,
  upgrade_available: upgradeAvailableFunction,
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
      return isTrue(kwargs["byrepo"]) ? byRepo : merge(byRepo);
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
  install: fn({
    doc: "Installs packages. Returns what changed: old and new version by name.",
    args: {
      name: nameArg,
      refresh: refreshArg(false, "the databases of packages"),
      sysupgrade: { type: "bool", default: null, doc: "Upgrade all packages as well." },
      pkgs: pkgsArg,
      sources: sourcesArg,
      kwargs: { ...kwargsArg, doc: "`version`: of the one package; `root`." },
    },
    example: "salt '*' pkg.install <package name>\n" +
      `salt '*' pkg.install pkgs='["foo", {"bar": ">1.2.3"}]'`,
    run: install,
  }),
  upgrade: fn({
    doc: "Upgrades all packages. Returns what changed.",
    args: {
      refresh: refreshArg(false, "the databases of packages"),
      root: rootArg,
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.upgrade",
    run(ctx, { refresh, root }) {
      const words = ["-Su", ...(isTrue(refresh) ? ["-y"] : []), ...rootWords({ root })];
      const list = (ctx: ExecContext, fresh?: boolean) =>
        listPackages(ctx, { fresh: fresh ?? false });
      return changing(
        ctx,
        list,
        "Problem encountered upgrading packages",
        () => pacman(ctx, words),
      );
    },
  }),
  remove: fn({
    doc: "Removes packages. Returns what changed.",
    args: { name: nameArg, pkgs: pkgsArg, kwargs: kwargsArg },
    example: `salt '*' pkg.remove <package name>\nsalt '*' pkg.remove pkgs='["foo", "bar"]'`,
    run: (ctx, args) => remove(ctx, "-R", args),
  }),
  purge: fn({
    doc: "Removes packages, those that only they needed, and those that need them.",
    args: { name: nameArg, pkgs: pkgsArg, kwargs: kwargsArg },
    example: `salt '*' pkg.purge <package name>\nsalt '*' pkg.purge pkgs='["foo", "bar"]'`,
    run: (ctx, args) => remove(ctx, "-Rsc", args),
  }),
  file_list: fn({
    doc: "Lists the files of packages; of all when none is named.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_list httpd\nsalt '*' pkg.file_list httpd postfix",
    async run(ctx, { packages }) {
      const { errors, files } = await filesOf(ctx, packages);
      return { errors, files: Object.values(files).flat() };
    },
  }),
  file_dict: fn({
    doc: "Lists the files of packages, by package; of all when none is named.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_dict httpd\nsalt '*' pkg.file_dict httpd postfix",
    async run(ctx, { packages }) {
      const { errors, files } = await filesOf(ctx, packages);
      return { errors, packages: files };
    },
  }),
  owner: fn({
    doc: "Returns the package that a file belongs to; an empty text when there is none.",
    args: { paths: { type: "any", variadic: true, doc: "Paths of files." }, kwargs: kwargsArg },
    example: "salt '*' pkg.owner /usr/bin/apachectl\n" +
      "salt '*' pkg.owner /usr/bin/apachectl /usr/bin/zerofree",
    run: (ctx, { paths }) =>
      ownersOf(paths, async (path) => (await runProgram(ctx, ["pacman", "-Qqo", path])).stdout),
  }),
  group_list: fn({
    doc: "Lists the groups of packages that are installed, partly installed, and that could be.",
    args: {},
    example: "salt '*' pkg.group_list",
    run: (ctx) => groupList(ctx),
  }),
  group_info: fn({
    doc: "Returns the packages of a group; all of them are default ones.",
    args: { name: groupArg },
    example: "salt '*' pkg.group_info 'xorg'",
    async run(ctx, { name }) {
      const members = await groupMembers(ctx, name);
      return Object.fromEntries(kinds.map((kind) => [kind, kind === "default" ? members : []]));
    },
  }),
  group_diff: fn({
    doc: "Returns which packages of a group are installed and which are not.",
    args: { name: groupArg },
    example: "salt '*' pkg.group_diff 'xorg'",
    async run(ctx, { name }) {
      const installed = await listPackages(ctx);
      const members = await groupMembers(ctx, name);
      const isIn = (one: string) => Object.hasOwn(installed, one);
      return Object.fromEntries(kinds.map((kind) => {
        const own = kind === "default" ? members : [];
        return [kind, {
          installed: own.filter(isIn),
          "not installed": own.filter((one) => !isIn(one)),
        }];
      }));
    },
  }),
} satisfies PkgFunctions;

/** The module `pkg` of Arch Linux. */
export const pacmanpkg = executionModule({
  name: "pacmanpkg",
  virtualname: "pkg",
  doc: "Packages of Arch Linux, by pacman.",
  virtual: ({ grains }) =>
    grains["os_family"] === "Arch" ||
    "The pacman module could not be loaded: unsupported OS family.",
  functions,
  aliases: { available_version: "latest_version" },
});
