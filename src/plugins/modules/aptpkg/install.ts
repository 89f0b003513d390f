/** Packages that come and go: `pkg.install`, `pkg.remove`, `pkg.upgrade` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { compareDebVersions } from "../../../text/deb_version.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr, pyTruthy } from "../../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import {
  matchVersion,
  packageChanges,
  packageList,
  packageProblem,
  parseTargets,
  type Targets,
} from "../_packages.ts";
import { operand } from "../_program.ts";
import { apt, packageWord, parseAutoremove, parseVersionsOf } from "./apt.ts";
import { changeHolds, heldPackages } from "./selections.ts";
import { forgetPackages, latestVersions, listPackages, refreshDb } from "./list.ts";

interface Install {
  name: string | null;
  refresh: Data;
  fromrepo: string | null;
  skip_verify: boolean;
  debconf: Data;
  pkgs: Data;
  sources: Data;
  reinstall: boolean;
  downloadonly: boolean;
  ignore_epoch: boolean;
  normalize: boolean;
  kwargs: DataMap;
}

/** Variables for apt, of the argument `env`. */
function environmentOf(kwargs: DataMap): Record<string, string> {
  const given = [kwargs["env"] ?? null].flat().filter(isMap);
  return Object.fromEntries(
    given.flatMap((map) => Object.entries(map)).map(([key, value]) => [key, pyStr(value)]),
  );
}

function given(kwargs: DataMap, key: string): boolean {
  return kwargs[key] !== undefined && isTrue(kwargs[key]);
}

/** What dpkg does with changed settings of packages. */
function confOptions(kwargs: DataMap): string[] {
  const kinds = given(kwargs, "force_conf_new") ? ["confnew"] : ["confold", "confdef"];
  return kinds.flatMap((kind) => ["-o", `DPkg::Options::=--force-${kind}`]);
}

function installOptions(args: Install, kind: Targets["kind"]): string[] {
  const { kwargs } = args;
  const recommends = kwargs["install_recommends"];
  const fromrepo = args.fromrepo ?? (kwargs["repo"] ? pyStr(kwargs["repo"]) : null);
  return [
    ...(given(kwargs, "force_yes") ? ["--force-yes"] : []),
    ...confOptions(kwargs),
    ...(recommends === undefined
      ? []
      : [isTrue(recommends) ? "--install-recommends" : "--no-install-recommends"]),
    ...(given(kwargs, "only_upgrade") ? ["--only-upgrade"] : []),
    ...(args.skip_verify ? ["--allow-unauthenticated"] : []),
    ...(fromrepo && kind === "repository" ? ["-t", operand(fromrepo, "a release")] : []),
  ];
}

/** Whether the lists are to be fetched: not when they know the versions that are wanted. */
async function needsRefresh(ctx: ExecContext, args: Install): Promise<boolean> {
  if (!isTrue(args.refresh)) return false;
  const version = args.kwargs["version"];
  const wanted: [string, string | null][] = pyTruthy(args.pkgs)
    ? packageList(args.pkgs)
    : args.name && pyTruthy(version ?? null)
    ? [[args.name, pyStr(version!)]]
    : [];
  if (wanted.length === 0 || wanted.some(([, one]) => one === null)) return true;
  const names = wanted.map(([name]) => name);
  const known = await latestVersions(ctx, names, { refresh: false, showInstalled: true });
  return wanted.some(([name, one]) => known.get(name) !== one);
}

/** What apt is called with, by how. */
interface Plan {
  install: string[];
  downgrade: string[];
  /** Words by name. */
  reinstall: Map<string, string>;
  errors: string[];
}

/** Puts a word where the versions wanted and installed say it belongs. */
function place(plan: Plan, word: string, name: string, version: string, old: string, re: boolean) {
  const order = old === "" ? 1 : compareDebVersions(version, old);
  if (re && old !== "" && order === 0) plan.reinstall.set(name, word);
  else if (order >= 0) plan.install.push(word);
  else plan.downgrade.push(word);
}

async function planRepository(
  ctx: ExecContext,
  packages: Map<string, string | null>,
  old: DataMap,
  args: Install,
): Promise<Plan> {
  const plan: Plan = { install: [], downgrade: [], reinstall: new Map(), errors: [] };
  const compared = [...packages].filter(([, version]) => version !== null && /^[<>]/.test(version));
  const words = compared.map(([name]) => packageWord(name));
  const available = words.length === 0
    ? {}
    : parseVersionsOf((await apt(ctx, ["apt-cache", "show", ...words], { scope: false })).stdout);
  const compare = (a: string, b: string) =>
    args.ignore_epoch
      ? compareDebVersions(a.replace(/^\d+:/, ""), b.replace(/^\d+:/, ""))
      : compareDebVersions(a, b);
  for (const [name, wanted] of packages) {
    const installed = Object.hasOwn(old, name) ? pyStr(old[name]!) : "";
    if (wanted === null) {
      if (args.reinstall && installed !== "") plan.reinstall.set(name, packageWord(name));
      else plan.install.push(packageWord(name));
      continue;
    }
    let version: string | undefined = wanted.replace(/^=+/, "");
    if (/^[<>]/.test(version)) {
      const candidates = available[name] ?? [];
      version = matchVersion(wanted, candidates, compare);
      if (version === undefined) {
        const shown = candidates.length > 0 ? candidates.join(", ") : "None";
        const what = `${name}${wanted}`;
        plan.errors.push(`No version matching '${what}' could be found (available: ${shown})`);
        continue;
      }
    }
    const word = `${packageWord(name)}=${version}`;
    place(plan, word, name, version, installed, args.reinstall);
  }
  return plan;
}

async function planFiles(
  ctx: ExecContext,
  paths: readonly string[],
  old: DataMap,
  args: Install,
): Promise<Plan> {
  const plan: Plan = { install: [], downgrade: [], reinstall: new Map(), errors: [] };
  for (const path of paths) {
    const word = operand(path, "a package file");
    const info = await ctx.salt("lowpkg.bin_pkg_info", [path]).catch(() => null);
    if (!isMap(info) || typeof info["name"] !== "string" || !info["version"]) {
      ctx.log.error(`pkg.install: Unable to get deb information for ${path}`);
      plan.install.push(word);
      continue;
    }
    const { name } = info;
    const installed = Object.hasOwn(old, name) ? pyStr(old[name]!) : "";
    place(plan, word, name, pyStr(info["version"]), installed, args.reinstall);
  }
  return plan;
}

/** The calls of apt that a plan takes. */
function commands(plan: Plan, args: Install, kind: Targets["kind"]): string[][] {
  const prefix = ["apt-get", "-q", "-y", ...installOptions(args, kind)];
  const download = args.downloadonly ? ["--download-only"] : [];
  const downgrade = kind === "repository" && !prefix.includes("--force-yes")
    ? ["--allow-downgrades"]
    : [];
  const again = kind === "repository" ? ["--reinstall"] : [];
  const call = (more: string[], words: string[]) =>
    words.length === 0 ? [] : [[...prefix, ...more, ...download, "install", ...words]];
  return [
    ...call([], plan.install),
    ...call(downgrade, plan.downgrade),
    ...call(again, [...plan.reinstall.values()]),
  ];
}

async function install(ctx: ExecContext, args: Install): Promise<DataMap> {
  const { kwargs } = args;
  const refresh = await needsRefresh(ctx, args);
  if (pyTruthy(args.debconf)) await ctx.salt("debconf.set_file", [args.debconf]);
  const targets = await parseTargets(ctx, {
    name: args.name,
    pkgs: args.pkgs,
    sources: args.sources,
    version: kwargs["version"] ?? null,
    saltenv: pyStr(kwargs["saltenv"] ?? "base"),
    normalize: args.normalize &&
      (kwargs["split_arch"] === undefined || given(kwargs, "split_arch")),
  });
  if (!targets) return {};
  if (refresh) await refreshDb(ctx, kwargs["cache_valid_time"] ?? 0);
  const old = await listPackages(ctx);
  const plan = targets.kind === "repository"
    ? await planRepository(ctx, targets.packages, old, args)
    : await planFiles(ctx, targets.paths, old, args);
  const calls = commands(plan, args, targets.kind);
  if (calls.length === 0 && plan.errors.length === 0) return {};
  const names = [...plan.install, ...plan.downgrade, ...plan.reinstall.keys()]
    .map((word) => word.split("=")[0]!);
  const held = calls.length > 0 ? await heldPackages(ctx) : [];
  const freed = held.filter((name) => names.includes(name));
  if (freed.length > 0) await changeHolds(ctx, freed, "install");
  for (const argv of calls) {
    const done = await apt(ctx, argv, { env: environmentOf(kwargs) });
    if (done.retcode !== 0 && done.stderr !== "") plan.errors.push(done.stderr);
  }
  forgetPackages(ctx);
  const now = await listPackages(ctx);
  const changes = packageChanges(old, now);
  for (const name of plan.reinstall.keys()) {
    changes[name] ??= { old: old[name] ?? "", new: now[name] ?? "" };
  }
  if (freed.length > 0) await changeHolds(ctx, freed, "hold");
  if (plan.errors.length === 0) return changes;
  throw packageProblem("Problem encountered installing package(s)", plan.errors, changes);
}

async function uninstall(
  ctx: ExecContext,
  verb: "remove" | "purge",
  args: { name: string | null; pkgs: Data; kwargs: DataMap },
): Promise<DataMap> {
  const targets = await parseTargets(ctx, { name: args.name, pkgs: args.pkgs });
  const names = targets?.kind === "repository" ? [...targets.packages.keys()] : [];
  const old = await listPackages(ctx);
  const oldRemoved = await listPackages(ctx, { removed: true });
  const wanted = names.filter((name) =>
    Object.hasOwn(old, name) || (verb === "purge" && Object.hasOwn(oldRemoved, name))
  );
  if (wanted.length === 0) return {};
  const argv = ["apt-get", "-q", "-y", verb, ...wanted.map(packageWord)];
  const done = await apt(ctx, argv, { env: environmentOf(args.kwargs) });
  forgetPackages(ctx);
  const installed = packageChanges(old, await listPackages(ctx));
  const removed = packageChanges(oldRemoved, await listPackages(ctx, { removed: true }));
  const changes: DataMap = verb === "purge" ? { removed, installed } : installed;
  if (done.retcode === 0 || done.stderr === "") return changes;
  throw packageProblem("Problem encountered removing package(s)", [done.stderr], changes);
}

async function upgrade(
  ctx: ExecContext,
  refresh: Data,
  distUpgrade: boolean,
  kwargs: DataMap,
): Promise<DataMap> {
  if (isTrue(refresh)) await refreshDb(ctx, kwargs["cache_valid_time"] ?? 0);
  const old = await listPackages(ctx);
  const options: [string, string][] = [
    ["force_yes", "--force-yes"],
    ["skip_verify", "--allow-unauthenticated"],
    ["download_only", "--download-only"],
    ["downloadonly", "--download-only"],
    ["allow_downgrades", "--allow-downgrades"],
  ];
  const chosen = options.filter(([key]) => given(kwargs, key)).map(([, option]) => option);
  const verb = distUpgrade ? "dist-upgrade" : "upgrade";
  const argv = ["apt-get", "-q", "-y", ...confOptions(kwargs), ...new Set(chosen), verb];
  const done = await apt(ctx, argv);
  forgetPackages(ctx);
  const changes = packageChanges(old, await listPackages(ctx));
  if (done.retcode === 0) return changes;
  throw packageProblem("Problem encountered upgrading packages", [done.stderr], changes);
}

async function autoremove(ctx: ExecContext, listOnly: boolean, purge: boolean): Promise<Data> {
  const words = [...(purge ? ["--purge"] : []), "autoremove"];
  if (listOnly) {
    const argv = ["apt-get", "--assume-no", ...words];
    return parseAutoremove((await apt(ctx, argv, { ignoreRetcode: true })).stdout);
  }
  const old = await listPackages(ctx);
  const done = await apt(ctx, ["apt-get", "--assume-yes", ...words], { ignoreRetcode: true });
  forgetPackages(ctx);
  const changes = packageChanges(old, await listPackages(ctx));
  if (done.retcode === 0) return changes;
  throw new CommandExecutionError(`apt-get autoremove failed: ${done.stderr}`, {
    info: { changes },
  });
}

const name = {
  type: "string",
  default: null,
  doc: "Name of the package, or several with commas between.",
} as const;
const pkgs = {
  type: "any",
  default: null,
  doc: "List of names; a map of name and version for a certain one.",
} as const;

/** Functions that change what is installed. */
export const installFunctions = {
  install: fn({
    doc: "Installs packages. Returns what changed: old and new version by name.",
    args: {
      name,
      refresh: { type: "any", default: false, doc: "Fetch the lists of packages before." },
      fromrepo: { type: "string", default: null, doc: "Release to install from." },
      skip_verify: flag("Install packages that nobody has signed."),
      debconf: { type: "any", default: null, doc: "File of answers for debconf." },
      pkgs,
      sources: {
        type: "any",
        default: null,
        doc: "List of maps of one name and its package file: a path, `salt://` or another URL.",
      },
      reinstall: flag("Install anew what is installed in that version."),
      downloadonly: flag("Only fetch the packages."),
      ignore_epoch: flag("Leave out what is before the colon when versions are compared."),
      normalize: flag("Take away an architecture that is the machine's own.", true),
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`version`: of the one package, also `>=1.2`; `install_recommends`, `only_upgrade`, " +
          "`force_conf_new`, `cache_valid_time`, `env`.",
      },
    },
    example: "salt '*' pkg.install <package name>\n" +
      `salt '*' pkg.install pkgs='["foo", {"bar": "1.2.3-0ubuntu0"}]'\n` +
      `salt '*' pkg.install sources='[{"foo": "salt://foo.deb"},{"bar": "salt://bar.deb"}]'`,
    run: install,
  }),
  remove: fn({
    doc: "Removes packages; their settings stay.",
    args: { name, pkgs, kwargs: { type: "map", keywords: true, doc: "" } },
    example: "salt '*' pkg.remove <package name>\n" +
      `salt '*' pkg.remove pkgs='["foo", "bar"]'`,
    run: (ctx, args) => uninstall(ctx, "remove", args),
  }),
  purge: fn({
    doc: "Removes packages with their settings.",
    args: { name, pkgs, kwargs: { type: "map", keywords: true, doc: "" } },
    example: "salt '*' pkg.purge <package name>\n" + `salt '*' pkg.purge pkgs='["foo", "bar"]'`,
    run: (ctx, args) => uninstall(ctx, "purge", args),
  }),
  autoremove: fn({
    doc: "Removes packages that came for others which are gone.",
    args: {
      list_only: flag("Only list them."),
      purge: flag("With their settings."),
    },
    example: "salt '*' pkg.autoremove\nsalt '*' pkg.autoremove list_only=True",
    run: (ctx, args) => autoremove(ctx, args.list_only, args.purge),
  }),
  upgrade: fn({
    doc: "Upgrades all packages. Returns what changed.",
    args: {
      refresh: { type: "any", default: true, doc: "Fetch the lists of packages before." },
      dist_upgrade: flag("Also those for which other packages come or go."),
      kwargs: {
        type: "map",
        keywords: true,
        doc: "`force_conf_new`, `skip_verify`, `download_only`, `allow_downgrades`, " +
          "`cache_valid_time`.",
      },
    },
    example: "salt '*' pkg.upgrade",
    run: (ctx, args) => upgrade(ctx, args.refresh, args.dist_upgrade, args.kwargs),
  }),
};
