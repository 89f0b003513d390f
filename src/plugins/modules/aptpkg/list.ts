/** What is installed and what could be: `pkg.list_pkgs`, `pkg.latest_version` … @module */
import { statSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compareDebVersions } from "../../../text/deb_version.ts";
import { globFilter } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { clearRefreshTag, listKey, versionData } from "../_packages.ts";
import { runProgram } from "../_program.ts";
import {
  apt,
  listFormat,
  type PackageLists,
  packageWord,
  parsePackages,
  parsePolicy,
  parseShow,
  parseUpdate,
  parseUpgrades,
  parseVersionsOf,
} from "./apt.ts";

const kwargs = { type: "map", keywords: true, doc: "" } as const;
const names = { type: "any", variadic: true, doc: "Names of packages." } as const;
const validTime = {
  type: "any",
  default: 0,
  doc: "Do nothing when the lists are younger than this many seconds.",
} as const;

/** All packages, as the job last saw them. */
async function packages(ctx: ExecContext, fresh = false): Promise<PackageLists> {
  const known = ctx.context[listKey] as PackageLists | undefined;
  if (known && !fresh) return known;
  const argv = ["dpkg-query", "--showformat", listFormat, "-W"];
  const { stdout } = await runProgram(ctx, argv);
  const osarch = pyStr(ctx.grains["osarch"] ?? "");
  const foreign = ctx.grains["cpuarch"] === "x86_64" && osarch === "amd64";
  const lists = parsePackages(stdout, osarch, foreign);
  ctx.context[listKey] = lists;
  return lists;
}

/** Forgets what the job has seen of packages: they change now. */
export function forgetPackages(ctx: ExecContext): void {
  delete ctx.context[listKey];
}

/** Which packages are meant, and how they are shown. */
export interface ListOptions {
  asList?: boolean;
  removed?: boolean;
  purgeDesired?: boolean;
  fresh?: boolean;
}

/** Versions by package. */
export async function listPackages(
  ctx: ExecContext,
  { asList = false, removed = false, purgeDesired = false, fresh = false }: ListOptions = {},
): Promise<DataMap> {
  const lists = await packages(ctx, fresh);
  if (removed) return versionData(lists.removed, asList);
  const wanted = purgeDesired
    ? lists.purgeDesired
    : new Map([...lists.purgeDesired, ...lists.installed]);
  return versionData(wanted, asList);
}

const listsFolder = "/var/lib/apt/lists";

/** Fetches the lists of packages, unless they are young enough. */
export async function refreshDb(
  ctx: ExecContext,
  validSeconds: Data = 0,
  failhard = false,
): Promise<DataMap> {
  clearRefreshTag(ctx);
  const valid = Number(validSeconds ?? 0);
  if (valid > 0) {
    const updated = statSync(listsFolder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (updated + valid * 1000 > Date.now()) return {};
  }
  const done = await apt(ctx, ["apt-get", "-q", "update"], { scope: false });
  if (done.retcode !== 0) throw new CommandExecutionError(done.stderr);
  const { sources, failed } = parseUpdate(done.stdout);
  if (failhard && failed.length > 0) {
    throw new CommandExecutionError(`Error getting repos: ${failed.join(", ")}`);
  }
  return sources;
}

/** How the newest versions are looked for. */
export interface LatestOptions {
  refresh?: boolean;
  /** Also of packages that are installed in it. */
  showInstalled?: boolean;
  fromrepo?: string | null;
  validSeconds?: Data;
}

/** The versions that would be installed; an empty text where that is the one there is. */
export async function latestVersions(
  ctx: ExecContext,
  wanted: readonly string[],
  options: LatestOptions = {},
): Promise<Map<string, string>> {
  const installed = await listPackages(ctx, { asList: true });
  if (options.refresh ?? true) await refreshDb(ctx, options.validSeconds ?? 0);
  const release = options.fromrepo ? ["-o", `APT::Default-Release=${options.fromrepo}`] : [];
  const argv = ["apt-cache", "-q", "policy", ...wanted.map(packageWord), ...release];
  const candidates = parsePolicy((await apt(ctx, argv, { scope: false })).stdout);
  return new Map(wanted.map((name) => {
    const candidate = candidates.get(name) ?? "";
    const versions = Object.hasOwn(installed, name) ? installed[name] as string[] : [];
    const isNewest = versions.some((one) => compareDebVersions(one, candidate) >= 0);
    return [name, isNewest && !options.showInstalled ? "" : candidate];
  }));
}

/** Keyword arguments without what the minion adds. */
export function ownKeywords(kwargs: DataMap): DataMap {
  return Object.fromEntries(Object.entries(kwargs).filter(([key]) => !key.startsWith("__")));
}

function refuseOthers(kwargs: DataMap, known: readonly string[]): void {
  const others = Object.entries(ownKeywords(kwargs)).filter(([key]) => !known.includes(key));
  if (others.length === 0) return;
  const shown = others.map(([key, value]) => `${key}=${pyStr(value)}`).join(", ");
  throw new SaltInvocationError(`The following keyword arguments are not valid: ${shown}`);
}

async function upgradable(
  ctx: ExecContext,
  distUpgrade: boolean,
  fromrepo: Data,
): Promise<DataMap> {
  const release = fromrepo === null ? [] : ["-o", `APT::Default-Release=${pyStr(fromrepo)}`];
  const verb = distUpgrade ? "dist-upgrade" : "upgrade";
  const done = await apt(ctx, ["apt-get", "--just-print", verb, ...release]);
  if (done.retcode === 0) return parseUpgrades(done.stdout);
  const why = done.stderr || done.stdout;
  throw new CommandExecutionError(`Failed to get upgrades${why ? `: ${why}` : ""}`);
}

async function versions(ctx: ExecContext, args: readonly Data[], kwargs: DataMap): Promise<Data> {
  const asList = isTrue(kwargs["versions_as_list"]);
  const installed = await listPackages(ctx, { asList });
  const none = asList ? [] : "";
  const found: DataMap = {};
  for (const name of args.map(pyStr)) {
    const meant = name.includes("*") ? globFilter(Object.keys(installed), name) : [name];
    for (const one of meant) {
      found[one] = Object.hasOwn(installed, one) ? installed[one]! : none;
    }
  }
  const all = Object.values(found);
  return all.length === 1 && !args.some((name) => pyStr(name).includes("*")) ? all[0]! : found;
}

const latest = fn({
  doc:
    "Returns the version of a package that would be installed; an empty text when that is there.",
  args: {
    names,
    kwargs: {
      type: "map",
      keywords: true,
      doc:
        "`refresh=False`: do not fetch the lists before; `show_installed=True`: also when it is " +
        "installed; `fromrepo`: release to look in; `cache_valid_time`: as for `refresh_db`.",
    },
  },
  example: "salt '*' pkg.latest_version <package name>\n" +
    "salt '*' pkg.latest_version <package name> fromrepo=unstable",
  async run(ctx, { names, kwargs }) {
    if (kwargs["repo"] !== undefined) {
      throw new SaltInvocationError(
        "The 'repo' argument is invalid, use 'fromrepo' instead",
      );
    }
    if (names.length === 0) return "";
    const found = await latestVersions(ctx, names.map(pyStr), {
      refresh: kwargs["refresh"] === undefined || isTrue(kwargs["refresh"]),
      showInstalled: isTrue(kwargs["show_installed"]),
      fromrepo: kwargs["fromrepo"] ? pyStr(kwargs["fromrepo"]) : null,
      validSeconds: kwargs["cache_valid_time"] ?? 0,
    });
    return found.size === 1 ? [...found.values()][0]! : Object.fromEntries(found);
  },
});

/** Functions that change no package. */
export const listFunctions = {
  list_pkgs: fn({
    doc: "Returns the installed packages and their versions.",
    args: {
      versions_as_list: { type: "any", default: false, doc: "Each version on its own." },
      removed: { type: "any", default: false, doc: "Those removed whose settings are left." },
      purge_desired: { type: "any", default: false, doc: "Those that are to be purged." },
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`use_context=False`: ask dpkg anew in the same job.",
      },
    },
    example: "salt '*' pkg.list_pkgs\nsalt '*' pkg.list_pkgs versions_as_list=True",
    run: (ctx, args) =>
      listPackages(ctx, {
        asList: isTrue(args.versions_as_list),
        removed: isTrue(args.removed),
        purgeDesired: isTrue(args.purge_desired),
        fresh: args.kwargs["use_context"] === false,
      }),
  }),
  version: fn({
    doc: "Returns the installed version of a package; an empty text when it is not installed.",
    args: {
      names: { ...names, doc: "Names, or patterns with `*`." },
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`versions_as_list=True`: each version on its own.",
      },
    },
    example: "salt '*' pkg.version <package name>\n" +
      "salt '*' pkg.version <package1> <package2> <package3> ...",
    run: (ctx, args) => versions(ctx, args.names, args.kwargs),
  }),
  latest_version: latest,
  upgrade_available: fn({
    doc: "Says whether there is a newer version of a package.",
    args: { name: { type: "string", required: true, doc: "Name of the package." }, kwargs },
    example: "salt '*' pkg.upgrade_available <package name>",
    async run(ctx, { name }) {
      return (await latestVersions(ctx, [name])).get(name) !== "";
    },
  }),
  list_upgrades: fn({
    doc: "Returns the packages that have a newer version, with that version.",
    args: {
      refresh: { type: "any", default: true, doc: "Fetch the lists before." },
      dist_upgrade: {
        type: "bool",
        default: true,
        doc: "Also those for which other packages come or go.",
      },
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`fromrepo`: release to look in; `cache_valid_time`: as for `refresh_db`.",
      },
    },
    example: "salt '*' pkg.list_upgrades",
    async run(ctx, { refresh, dist_upgrade, kwargs }) {
      if (isTrue(refresh)) await refreshDb(ctx, kwargs["cache_valid_time"] ?? 0);
      return await upgradable(ctx, dist_upgrade, kwargs["fromrepo"] ?? null);
    },
  }),
  refresh_db: fn({
    doc:
      "Fetches the lists of packages. For each source: True when it was fetched, None when it is " +
      "the same as before, False when it failed.",
    args: {
      cache_valid_time: validTime,
      failhard: { type: "any", default: false, doc: "Fail when a source does." },
      kwargs,
    },
    example: "salt '*' pkg.refresh_db",
    run: (ctx, args) => refreshDb(ctx, args.cache_valid_time, isTrue(args.failhard)),
  }),
  list_repo_pkgs: fn({
    doc: "Returns the versions of packages that the sources have.",
    args: { args: { ...names, doc: "Names of packages; all when there are none." }, kwargs },
    example: "salt '*' pkg.list_repo_pkgs\nsalt '*' pkg.list_repo_pkgs foo bar baz",
    async run(ctx, { args }) {
      const words = args.length > 0 ? ["show", ...args.map(packageWord)] : ["dump"];
      const options = { scope: false, ignoreRetcode: true };
      return parseVersionsOf((await apt(ctx, ["apt-cache", ...words], options)).stdout);
    },
  }),
  show: fn({
    doc: "Returns what the sources say of packages, by name and version.",
    args: {
      names,
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`refresh=True`: fetch the lists before; `filter`: only these fields.",
      },
    },
    example: "salt myminion pkg.show gawk\nsalt myminion pkg.show 'nginx-*' filter=description",
    async run(ctx, { names, kwargs }) {
      refuseOthers(kwargs, ["refresh", "filter"]);
      if (isTrue(kwargs["refresh"])) await refreshDb(ctx);
      if (names.length === 0) return {};
      const given = kwargs["filter"] ?? [];
      const list = Array.isArray(given) ? given.map(pyStr) : pyStr(given).split(",");
      const fields = list.map((field) => field.trim().toLowerCase()).filter(Boolean);
      const argv = ["apt-cache", "show", ...names.map(packageWord)];
      const { stdout } = await apt(ctx, argv, { scope: false });
      return parseShow(stdout, (field) => fields.length === 0 || fields.includes(field));
    },
  }),
  version_cmp: fn({
    doc: "Compares two versions: -1, 0 or 1 when the first is older, the same or newer.",
    args: {
      pkg1: { type: "any", required: true, doc: "A version." },
      pkg2: { type: "any", required: true, doc: "Another one." },
      ignore_epoch: { type: "bool", default: false, doc: "Leave out what is before the colon." },
      kwargs,
    },
    example: "salt '*' pkg.version_cmp '0.2.4-0ubuntu1' '0.2.4.1-0ubuntu1'",
    run(_ctx, args) {
      const plain = (value: Data) =>
        args.ignore_epoch ? pyStr(value).replace(/^[^:]*:/, "") : pyStr(value);
      return compareDebVersions(plain(args.pkg1), plain(args.pkg2));
    },
  }),
  normalize_name: fn({
    doc: "Returns the name of a package without an architecture that is the machine's own.",
    args: { name: { type: "string", required: true, doc: "Name of the package." } },
    example: "salt '*' pkg.normalize_name zsh:amd64",
    run(ctx, { name }) {
      const at = name.lastIndexOf(":");
      const own = [pyStr(ctx.grains["osarch"] ?? ""), "all", "any"];
      return at >= 0 && own.includes(name.slice(at + 1)) ? name.slice(0, at) : name;
    },
  }),
  parse_arch: fn({
    doc: "Returns the name and the architecture of a package.",
    args: { name: { type: "string", required: true, doc: "Name of the package." } },
    example: "salt '*' pkg.parse_arch zsh:amd64",
    run(_ctx, { name }) {
      const at = name.lastIndexOf(":");
      return at < 0 ? { name, arch: null } : { name: name.slice(0, at), arch: name.slice(at + 1) };
    },
  }),
};
