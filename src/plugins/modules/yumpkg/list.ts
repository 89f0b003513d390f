/** What is installed and what could be: `pkg.list_pkgs`, `pkg.latest_version` … @module */
import { readdirSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { globMatch } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { compareRpmVersions } from "../../../text/rpm_version.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import {
  asksForRemoved,
  downloadedPackages,
  kwargsArg,
  namesArg,
  oneOrMap,
  packageWord,
  refreshArg,
} from "../_package_manager.ts";
import { clearRefreshTag } from "../_packages.ts";
import { needProgram, runProgram } from "../_program.ts";
import { mergeRepos, newestFirst, type RepoVersions, type Versions } from "../_repo_versions.ts";
import { isArch, normalizeName, ownArch } from "../_rpm.ts";
import { rpmFunctions } from "../_rpm_functions.ts";
import { installedInfo, listAttributes, listPackages } from "../_rpm_list.ts";
import { isBooted } from "../systemd_service/systemctl.ts";
import { listRepos } from "./repos.ts";
import { asks, isDnf, type Listed, parseList, repoOptions, yum, yumName } from "./yum.ts";

const repoKwargs = {
  ...kwargsArg,
  doc: "`fromrepo`: only this repository; `enablerepo`, `disablerepo`, `disableexcludes`, " +
    "`setopt`: as for dnf.",
} as const;

/** Fetches what repositories have. True: there are upgrades, None: there are none, False: it failed. */
export async function refreshDb(ctx: ExecContext, kwargs: DataMap = {}): Promise<boolean | null> {
  clearRefreshTag(ctx);
  const options = repoOptions(kwargs);
  const quiet = ["--quiet", "--assumeyes"];
  await yum(ctx, [...quiet, "clean", "expire-cache", ...options], { ignoreRetcode: true });
  if (kwargs["check_update"] === false) return true;
  const oldKernelCheck = ctx.grains["os_family"] === "RedHat" &&
      pyStr(ctx.grains["osmajorrelease"] ?? "") === "7"
    ? ["--setopt=autocheck_running_kernel=false"]
    : [];
  const words = [...quiet, "check-update", ...oldKernelCheck, ...options];
  const { retcode } = await yum(ctx, words, { ignoreRetcode: true });
  return retcode === 100 ? true : retcode === 0 ? null : false;
}

function suits(pkg: Listed, name: string, own: string): boolean {
  const ending = name.slice(name.lastIndexOf(".") + 1);
  const arch = isArch(ending) ? ending : own;
  const small = (one: string) => /^i[3-6]86$/.test(one);
  return pkg.name === name &&
    (pkg.arch === "noarch" || pkg.arch === arch || (small(pkg.arch) && small(own)));
}

/** The versions that would be installed; empty where there is none newer. */
async function latestVersions(
  ctx: ExecContext,
  names: readonly string[],
  kwargs: DataMap,
): Promise<Map<string, string>> {
  if (kwargs["refresh"] === undefined || isTrue(kwargs["refresh"])) await refreshDb(ctx, kwargs);
  const installed = await listPackages(ctx, false, true);
  const words = ["--quiet", ...repoOptions(kwargs), "list", "available", ...names.map(packageWord)];
  const done = await yum(ctx, words, { ignoreRetcode: true });
  if (done.retcode !== 0 && done.stderr !== "" && names.some((one) => !(one in installed))) {
    ctx.log.error(`Problem encountered getting latest version of ${names}: ${done.stderr}`);
  }
  const own = ownArch(ctx);
  const listed = done.retcode === 0 ? parseList(done.stdout, own) : [];
  listed.sort((a, b) => compareRpmVersions(b.version, a.version));
  return new Map(names.map((name) => {
    const best = listed.find((pkg) => suits(pkg, name, own));
    const known = Object.hasOwn(installed, name) ? installed[name] as string[] : [];
    const isNew = best && !known.some((one) => compareRpmVersions(one, best.version) >= 0);
    return [name, isNew ? best.version : ""];
  }));
}

/** Versions by repository and package. */
async function repoPackages(
  ctx: ExecContext,
  patterns: readonly string[],
  kwargs: DataMap,
): Promise<RepoVersions> {
  const list = (key: string) =>
    pyStr(kwargs[key] || "").split(",").map((one) => one.trim()).filter(Boolean);
  const [from, on, off] = [list("fromrepo"), list("enablerepo"), list("disablerepo")];
  const isOn = ([name, repo]: [string, Data]) => {
    const enabled = isMap(repo) ? pyStr(repo["enabled"] ?? "1") : "1";
    return on.includes(name) || (!off.includes(name) && enabled === "1");
  };
  const repos = from.length > 0
    ? from
    : Object.entries(await listRepos(null)).filter(isOn).map(([name]) => name);
  const found: RepoVersions = {};
  for (const repo of repos.map((one) => packageWord(one))) {
    const query = yumName(ctx) === "tdnf"
      ? ["--quiet", `--enablerepo=${repo}`, "list"]
      : ["--quiet", "--showduplicates", "repository-packages", repo, "list"];
    const cached = asks(kwargs, "cacheonly") ? ["-C"] : [];
    const words = [...query, ...cached, ...patterns.map(packageWord)];
    const done = await yum(ctx, words, { ignoreRetcode: true });
    if (done.retcode !== 0 && done.stdout.includes("Error:")) continue;
    for (const { repoid, name, version } of parseList(done.stdout, ownArch(ctx))) {
      const versions = (found[repoid] ??= {})[name] ??= [];
      if (!versions.includes(version)) versions.push(version);
    }
  }
  return found;
}

/** Versions of packages that repositories have, newest first. */
export async function availableVersions(
  ctx: ExecContext,
  patterns: readonly string[],
  kwargs: DataMap,
): Promise<Versions> {
  return mergeRepos(await repoPackages(ctx, patterns, kwargs));
}

/** Package files that were fetched. */
export function listDownloaded(ctx: ExecContext): Promise<DataMap> {
  return downloadedPackages(ctx, `/var/cache/${yumName(ctx)}`);
}

/** Reads `dnf updateinfo list`: packages and state by advisory. */
export function parsePatches(text: string): DataMap {
  const found: Record<string, { installed: boolean; summary: string[] }> = {};
  for (const line of text.split("\n")) {
    const parts = /^([i\s])? ?(\S+) +(\S+) +(\S+)$/.exec(line.trimEnd());
    if (!parts) continue;
    const [, mark, id, , name] = parts;
    const entry = found[id!] ??= { installed: true, summary: [] };
    entry.summary.push(name!);
    if (mark !== "i") entry.installed = false;
  }
  return found;
}

async function patches(ctx: ExecContext): Promise<DataMap> {
  const argv = [yumName(ctx), "--quiet", "updateinfo", "list", "all"];
  return parsePatches((await runProgram(ctx, argv)).stdout);
}

/** Fetches package files into the cache. */
async function download(ctx: ExecContext, names: readonly string[]): Promise<DataMap> {
  if (names.length === 0) throw new SaltInvocationError("No packages were specified");
  needProgram(ctx, "yumdownloader");
  const folder = `/var/cache/${yumName(ctx)}/packages`;
  await ctx.salt("file.makedirs_perms", [folder], { mode: "0755" });
  const words = ["-q", `--destdir=${folder}`, ...names.map(packageWord)];
  await runProgram(ctx, ["yumdownloader", ...words], { ignoreRetcode: true });
  const files = readdirSync(folder).filter((file) => file.endsWith(".rpm")).sort(compareText);
  const found: DataMap = {};
  for (const name of names) {
    const file = files.findLast((one) => one.startsWith(`${name}-`));
    if (file !== undefined) found[name] = `${folder}/${file}`;
  }
  const failed = names.filter((name) => !Object.hasOwn(found, name));
  if (failed.length === names.length) {
    throw new CommandExecutionError(
      `Unable to download any of the following packages: ${names.join(", ")}`,
    );
  }
  return failed.length === 0 ? found : {
    ...found,
    _error: `The following package(s) failed to download: ${failed.join(", ")}`,
  };
}

/** Units of the processes that `dnf needs-restarting` lists. */
async function outdatedServices(ctx: ExecContext): Promise<string[]> {
  if (!isDnf(ctx)) {
    throw new CommandExecutionError("dnf or dnf5 is required to list outdated services.");
  }
  if (!isBooted()) {
    throw new CommandExecutionError("systemd is required to list outdated services.");
  }
  const { stdout } = await runProgram(ctx, [yumName(ctx), "--quiet", "needs-restarting"]);
  const services = new Set<string>();
  for (const pid of stdout.split("\n").map((line) => /^(\d+)\s*:/.exec(line)?.[1])) {
    if (pid === undefined) continue;
    const argv = ["systemctl", "show", "--property=Id", "--value", "--", pid];
    const unit = await runProgram(ctx, ["systemctl", "whoami", pid], { ignoreRetcode: true });
    const name = unit.retcode === 0 ? unit.stdout : (await runProgram(ctx, argv)).stdout;
    if (name.endsWith(".service")) services.add(name.slice(0, -".service".length));
  }
  return [...services].sort(compareText);
}

/** Functions that change no package. */
export const listFunctions = {
  list_pkgs: fn({
    doc: "Returns the installed packages and their versions.",
    args: {
      versions_as_list: { type: "any", default: false, doc: "Each version on its own." },
      kwargs: {
        ...kwargsArg,
        doc: "`attr`: also these attributes, or all; `use_context=False`: ask rpm anew.",
      },
    },
    example: "salt '*' pkg.list_pkgs\nsalt '*' pkg.list_pkgs attr=version,arch\n" +
      `salt '*' pkg.list_pkgs attr='["version", "arch"]'`,
    run(ctx, { versions_as_list, kwargs }) {
      if (asksForRemoved(kwargs)) return {};
      const fresh = kwargs["use_context"] === false;
      return kwargs["attr"]
        ? listAttributes(ctx, kwargs["attr"], fresh)
        : listPackages(ctx, fresh, isTrue(versions_as_list));
    },
  }),
  latest_version: fn({
    doc: "Returns the version of a package that would be installed; an empty text when there is " +
      "none newer.",
    args: { names: namesArg, kwargs: repoKwargs },
    example: "salt '*' pkg.latest_version <package name>\n" +
      "salt '*' pkg.latest_version <package name> fromrepo=epel-testing",
    async run(ctx, { names, kwargs }) {
      if (names.length === 0) return "";
      return oneOrMap(await latestVersions(ctx, names.map(pyStr), kwargs));
    },
  }),
  list_upgrades: fn({
    doc: "Returns the packages that have a newer version, with that version.",
    args: {
      refresh: refreshArg(true),
      kwargs: repoKwargs,
    },
    example: "salt '*' pkg.list_upgrades",
    async run(ctx, { refresh, kwargs }) {
      if (isTrue(refresh)) await refreshDb(ctx, { ...kwargs, check_update: false });
      const which = isDnf(ctx) ? "--upgrades" : "updates";
      const words = ["--quiet", ...repoOptions(kwargs), "list", which];
      const { stdout } = await yum(ctx, words, { ignoreRetcode: true });
      const listed = parseList(stdout, ownArch(ctx));
      return Object.fromEntries(listed.map(({ name, version }) => [name, version]));
    },
  }),
  list_repo_pkgs: fn({
    doc: "Returns the versions of packages that repositories have, newest first.",
    args: {
      args: { ...namesArg, doc: "Names or patterns; all when there are none." },
      kwargs: {
        ...repoKwargs,
        doc: `${repoKwargs.doc} \`byrepo=True\`: for each repository; \`cacheonly=True\`.`,
      },
    },
    example: "salt '*' pkg.list_repo_pkgs\nsalt '*' pkg.list_repo_pkgs 'samba4*' fromrepo=base",
    async run(ctx, { args, kwargs }) {
      const patterns = args.map(pyStr);
      if (!asks(kwargs, "byrepo")) return await availableVersions(ctx, patterns, kwargs);
      const found = await repoPackages(ctx, patterns, kwargs);
      return Object.fromEntries(
        Object.entries(found).map(([repo, packages]) => [repo, newestFirst(packages)]),
      );
    },
  }),
  list_downloaded: fn({
    doc: "Returns the package files that were fetched.",
    args: { kwargs: kwargsArg },
    example: "salt '*' pkg.list_downloaded",
    run: (ctx) => listDownloaded(ctx),
  }),
  list_patches: fn({
    doc: "Returns all advisories with their packages, and whether they are installed.",
    args: {
      refresh: { type: "bool", default: false, doc: "Fetch what repositories have before." },
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.list_patches",
    async run(ctx, { refresh }) {
      if (refresh) await refreshDb(ctx);
      return await patches(ctx);
    },
  }),
  list_installed_patches: fn({
    doc: "Returns the advisories that are installed, with their packages.",
    args: { kwargs: kwargsArg },
    example: "salt '*' pkg.list_installed_patches",
    async run(ctx) {
      const all = Object.entries(await patches(ctx));
      return Object.fromEntries(all.filter(([, one]) => isMap(one) && one["installed"] === true));
    },
  }),
  refresh_db: fn({
    doc:
      "Fetches what repositories have. True when there are upgrades, None when there are none, " +
      "False when it failed.",
    args: {
      kwargs: { ...repoKwargs, doc: `${repoKwargs.doc} \`check_update=False\`: only forget.` },
    },
    example: "salt '*' pkg.refresh_db",
    run: (ctx, { kwargs }) => refreshDb(ctx, kwargs),
  }),
  info_installed: fn({
    doc: "Returns what is known of installed packages; of all when none is named.",
    args: { names: namesArg, kwargs: { ...kwargsArg, doc: "`attr`, `all_versions=True`." } },
    example: "salt '*' pkg.info_installed <package1>\n" +
      "salt '*' pkg.info_installed <package1> attr=version,vendor",
    run: (ctx, { names, kwargs }) => installedInfo(ctx, names, kwargs),
  }),
  version_cmp: fn({
    doc: "Compares two versions: -1, 0 or 1 when the first is older, the same or newer.",
    args: {
      pkg1: { type: "any", required: true, doc: "A version." },
      pkg2: { type: "any", required: true, doc: "Another one." },
      ignore_epoch: { type: "bool", default: false, doc: "Leave out what is before the colon." },
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.version_cmp '0.2-001' '0.2.0.1-002'",
    run: (ctx, { pkg1, pkg2, ignore_epoch }) =>
      ctx.salt("lowpkg.version_cmp", [pkg1, pkg2], { ignore_epoch }),
  }),
  normalize_name: fn({
    doc: "Returns the name of a package without an architecture that is the machine's own.",
    args: { name: { type: "string", required: true, doc: "Name of the package." } },
    example: "salt '*' pkg.normalize_name zsh.x86_64",
    run: (ctx, { name }) => normalizeName(name, ownArch(ctx)),
  }),
  ...rpmFunctions,
  download: fn({
    doc: "Fetches package files into the cache. Returns their paths.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.download httpd\nsalt '*' pkg.download httpd postfix",
    run: (ctx, { packages }) => download(ctx, packages.map(pyStr)),
  }),
  services_need_restart: fn({
    doc: "Lists the services that use files which are gone since an upgrade.",
    args: { kwargs: kwargsArg },
    example: "salt '*' pkg.services_need_restart",
    run: (ctx) => outdatedServices(ctx),
  }),
};

/** The first of the versions that fits a pattern with `*`. */
export function matchWildcard(versions: readonly string[], pattern: string): string | undefined {
  return versions.find((one) => globMatch(pattern, one));
}
