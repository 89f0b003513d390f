/** Packages that come and go: `pkg.install`, `pkg.remove`, `pkg.upgrade` … @module */
import { SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareRpmVersions } from "../../../text/rpm_version.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import {
  changing,
  forgetPackages,
  installedAmong,
  kwargsArg,
  nameArg,
  packageWord,
  pkgsArg,
  refreshArg,
  sourcesArg,
} from "../_package_manager.ts";
import {
  matchVersion,
  packageChanges,
  packageProblem,
  parseTargets,
  type Targets,
} from "../_packages.ts";
import { splitArch } from "../_rpm.ts";
import { listPackages } from "../_rpm_list.ts";
import { listHolds, setHolds } from "./holds.ts";
import { availableVersions, listDownloaded, matchWildcard, refreshDb } from "./list.ts";
import { repoOptions, yum, yumName } from "./yum.ts";

interface Install {
  name: string | null;
  refresh: Data;
  skip_verify: boolean;
  pkgs: Data;
  sources: Data;
  downloadonly: boolean;
  reinstall: boolean;
  normalize: boolean;
  update_holds: boolean;
  saltenv: string;
  ignore_epoch: boolean;
  kwargs: DataMap;
}

/** One package to act on: its name, if known, and the word that dnf gets. */
interface Target {
  name: string | null;
  word: string;
}

interface Plan {
  install: Target[];
  downgrade: Target[];
  reinstall: Target[];
  errors: string[];
}

function comparer(ignoreEpoch: boolean): (a: string, b: string) => number {
  const plain = (text: string) => ignoreEpoch ? text.replace(/^\d+:/, "") : text;
  return (a, b) => compareRpmVersions(plain(a), plain(b));
}

/** What a package with a version is called: `name-version.arch`. */
function versionWord(name: string, version: string, own: boolean): string {
  const { name: bare, arch } = own ? splitArch(name) : { name, arch: null };
  const suffix = arch === null ? "" : `.${arch}`;
  return `${bare}-${version.replace(/^\d+:/, "")}${suffix}`;
}

/** The version that a wish such as `>=1.2` or `1.*` means; a complaint when there is none. */
function chooseVersion(
  name: string,
  wanted: string,
  available: Record<string, string[]>,
  compare: (a: string, b: string) => number,
): { version: string } | { error: string } {
  const candidates = available[name] ?? [];
  if (/^[<>]/.test(wanted)) {
    const found = matchVersion(wanted, candidates, compare);
    if (found !== undefined) return { version: found };
    const shown = candidates.length > 0 ? candidates.join(", ") : "None";
    return { error: `No version matching '${name}${wanted}' could be found (available: ${shown})` };
  }
  if (!wanted.includes("*")) return { version: wanted };
  const found = matchWildcard(candidates, wanted);
  if (found !== undefined) return { version: found };
  const shown = candidates.length > 0 ? candidates.join(", ") : "none";
  return {
    error: `No version matching '${wanted}' found for package '${name}' (available: ${shown})`,
  };
}

/** Sorts a package with a version into what is to be done. */
function place(
  plan: Plan,
  target: Target,
  version: string,
  installed: readonly string[],
  { reinstall, compare }: { reinstall: boolean; compare: (a: string, b: string) => number },
): void {
  if (reinstall && installed.length > 0) {
    if (installed.some((one) => compare(version, one) === 0)) plan.reinstall.push(target);
    return;
  }
  const isNewer = installed.length === 0 || installed.some((one) => compare(version, one) >= 0);
  // Several kernels are there side by side.
  const isKernel = /^kernel(-devel)?$/.test(target.name ?? "");
  (isNewer || isKernel ? plan.install : plan.downgrade).push(target);
}

async function planRepository(
  ctx: ExecContext,
  packages: Map<string, string | null>,
  args: Install,
  installed: DataMap,
): Promise<Plan> {
  const plan: Plan = { install: [], downgrade: [], reinstall: [], errors: [] };
  const wishes = [...packages].filter(([, version]) => /^[<>]|\*/.test(version ?? ""));
  const available = wishes.length === 0
    ? {}
    : await availableVersions(ctx, wishes.map(([name]) => name), args.kwargs);
  const compare = comparer(args.ignore_epoch);
  for (const [name, wanted] of packages) {
    const versions = Object.hasOwn(installed, name) ? installed[name] as string[] : [];
    if (wanted === null) {
      const list = args.reinstall && versions.length > 0 ? plan.reinstall : plan.install;
      list.push({ name, word: packageWord(name) });
      continue;
    }
    const chosen = chooseVersion(name, wanted.replace(/^=+/, ""), available, compare);
    if ("error" in chosen) {
      plan.errors.push(chosen.error);
      continue;
    }
    const split = args.kwargs["split_arch"] === undefined || isTrue(args.kwargs["split_arch"]);
    const word = packageWord(versionWord(name, chosen.version, split));
    place(plan, { name, word }, chosen.version, versions, { reinstall: args.reinstall, compare });
  }
  return plan;
}

async function planFiles(
  ctx: ExecContext,
  paths: readonly string[],
  args: Install,
  installed: DataMap,
): Promise<Plan> {
  const plan: Plan = { install: [], downgrade: [], reinstall: [], errors: [] };
  const compare = comparer(args.ignore_epoch);
  for (const word of paths) {
    const info = await ctx.salt("lowpkg.bin_pkg_info", [word]);
    if (!isMap(info)) {
      plan.install.push({ name: null, word });
      continue;
    }
    const name = pyStr(info["name"] ?? "");
    const versions = Object.hasOwn(installed, name) ? installed[name] as string[] : [];
    const version = pyStr(info["version"] ?? "");
    place(plan, { name, word }, version, versions, { reinstall: args.reinstall, compare });
  }
  return plan;
}

/** Packages that are held; none where nothing can be held. */
async function heldNames(ctx: ExecContext): Promise<string[]> {
  try {
    return await listHolds(ctx, false);
  } catch (error) {
    if (error instanceof SaltInvocationError) return [];
    throw error;
  }
}

/** Runs one command for its targets, those that are held freed before and held again after it. */
async function act(
  ctx: ExecContext,
  verb: "install" | "downgrade" | "reinstall",
  targets: readonly Target[],
  args: Install,
  state: { held: readonly string[]; prevented: string[]; errors: string[] },
): Promise<void> {
  const isHeld = ({ name }: Target) => name !== null && state.held.includes(name);
  const held = targets.filter(isHeld);
  if (!args.update_holds) state.prevented.push(...held.map(({ name }) => name!));
  const freed = args.update_holds ? held.map(({ name }) => name!) : [];
  const words = targets.filter((one) => args.update_holds || !isHeld(one)).map(({ word }) => word);
  if (words.length === 0) return;
  if (freed.length > 0) await setHolds(ctx, freed, false);
  try {
    const best = verb === "install" && ["dnf", "dnf5"].includes(yumName(ctx))
      ? ["--best", "--allowerasing"]
      : [];
    const isNew = yumName(ctx) === "dnf5";
    const argv = [
      "-y",
      ...(isNew ? [] : best),
      ...repoOptions(args.kwargs),
      ...(args.skip_verify ? ["--nogpgcheck"] : []),
      ...(args.downloadonly && !isNew ? ["--downloadonly"] : []),
      verb,
      ...(isNew ? best : []),
      ...words,
    ];
    const done = await yum(ctx, argv);
    if (done.retcode !== 0) {
      state.errors.push([done.stdout, done.stderr].filter(Boolean).join("\n"));
    }
  } finally {
    if (freed.length > 0) await setHolds(ctx, freed, true);
  }
}

async function install(ctx: ExecContext, args: Install): Promise<DataMap> {
  const { kwargs } = args;
  if (isTrue(args.refresh)) await refreshDb(ctx, kwargs);
  const targets: Targets | null = await parseTargets(ctx, {
    name: args.name,
    pkgs: args.pkgs,
    sources: args.sources,
    saltenv: args.saltenv,
    normalize: args.normalize,
    ...(kwargs["version"] === undefined ? {} : { version: kwargs["version"] }),
  });
  if (targets === null) return {};
  const list = (fresh: boolean) =>
    args.downloadonly ? listDownloaded(ctx) : listPackages(ctx, fresh);
  const before = await list(false);
  const installed = await listPackages(ctx, false, true);
  const plan = targets.kind === "file"
    ? await planFiles(ctx, targets.paths, args, installed)
    : await planRepository(ctx, targets.packages, args, installed);
  const state = { held: await heldNames(ctx), prevented: [] as string[], errors: plan.errors };
  for (const verb of ["install", "downgrade", "reinstall"] as const) {
    await act(ctx, verb, plan[verb], args, state);
  }
  forgetPackages(ctx);
  const after = await list(true);
  const changes = packageChanges(before, after);
  for (const { name } of plan.reinstall) {
    if (name === null) continue;
    changes[name] ??= { old: before[name] ?? "", new: after[name] ?? "" };
  }
  if (state.prevented.length > 0) {
    state.errors.push(
      "The following package(s) could not be updated because they are being held: " +
        `${state.prevented.join(", ")}. Set 'update_holds' to True to temporarily unhold these ` +
        "packages so that they can be updated.",
    );
  }
  if (state.errors.length === 0) return changes;
  const what = plan.reinstall.length > 0 ? "installing/reinstalling" : "installing";
  throw packageProblem(`Error occurred ${what} package(s)`, state.errors, changes);
}

interface Upgrade {
  name: string | null;
  pkgs: Data;
  refresh: Data;
  skip_verify: boolean;
  normalize: boolean;
  minimal: boolean;
  obsoletes: boolean;
  kwargs: DataMap;
}

async function upgrade(ctx: ExecContext, args: Upgrade): Promise<DataMap> {
  const isDnf = ["dnf", "dnf5"].includes(yumName(ctx));
  const kwargs = { ...args.kwargs };
  if (isDnf && !args.obsoletes) {
    const given = kwargs["setopt"] ? [kwargs["setopt"]].flat().map(pyStr) : [];
    const others = given.filter((one) => !one.startsWith("obsoletes="));
    kwargs["setopt"] = [...others, "obsoletes=False"];
  }
  if (isTrue(args.refresh)) await refreshDb(ctx, kwargs);
  const targets = args.name || args.pkgs
    ? await parseTargets(ctx, { name: args.name, pkgs: args.pkgs, normalize: args.normalize })
    : null;
  const names = targets?.kind === "repository" ? [...targets.packages.keys()].map(packageWord) : [];
  const verb = args.obsoletes || isDnf ? "upgrade" : "update";
  const what = "Problem encountered upgrading packages";
  return await changing(ctx, (ctx, fresh) => listPackages(ctx, fresh), what, async () => {
    const done = await yum(ctx, [
      "--quiet",
      "-y",
      ...repoOptions(kwargs, true),
      ...(args.skip_verify ? ["--nogpgcheck"] : []),
      args.minimal ? `${verb}-minimal` : verb,
      ...names,
    ]);
    return { errors: done.retcode === 0 ? [] : [done.stderr || done.stdout] };
  });
}

async function remove(
  ctx: ExecContext,
  name: string | null,
  pkgs: Data,
): Promise<DataMap> {
  const targets = await parseTargets(ctx, { name, pkgs });
  const wanted = targets?.kind === "repository" ? [...targets.packages] : [];
  const installed = await listPackages(ctx);
  const words = installedAmong(installed, wanted).flatMap(([one, version]) => {
    if (version === null) return [packageWord(one)];
    const isThere = pyStr(installed[one]!).split(",").includes(version);
    return isThere ? [packageWord(versionWord(one, version, true))] : [];
  });
  if (words.length === 0) return {};
  const list = (ctx: ExecContext, fresh?: boolean) => listPackages(ctx, fresh);
  return await changing(ctx, list, "Error occurred removing package(s)", async () => {
    const done = await yum(ctx, ["-y", "remove", ...words]);
    return { errors: done.retcode !== 0 && done.stderr !== "" ? [done.stderr] : [] };
  });
}

const options = "`fromrepo`, `enablerepo`, `disablerepo`, `disableexcludes`, `setopt`: as for dnf.";

const upgradeArgs = (obsoletes: boolean) => ({
  name: { ...nameArg, doc: "Only this package." },
  pkgs: { ...pkgsArg, doc: "Only these packages." },
  refresh: refreshArg(true),
  skip_verify: flag("Also packages that nobody has signed."),
  normalize: flag("Take away an architecture that is the machine's own.", true),
  minimal: flag("Only as far as advisories go."),
  obsoletes: flag("Also packages that take the place of others.", obsoletes),
} as const);

/** Functions that change what is installed. */
export const installFunctions = {
  install: fn({
    doc: "Installs packages. Returns what changed: old and new version by name.",
    args: {
      name: nameArg,
      refresh: refreshArg(false),
      skip_verify: flag("Also packages that nobody has signed."),
      pkgs: pkgsArg,
      sources: sourcesArg,
      downloadonly: flag("Only fetch the packages."),
      reinstall: flag("Install anew what is installed in that version."),
      normalize: flag("Take away an architecture that is the machine's own.", true),
      update_holds: flag("Also packages that are held."),
      saltenv: { type: "string", default: "base", doc: "Environment of `salt://`." },
      ignore_epoch: flag("Leave out what is before the colon when versions are compared."),
      kwargs: { ...kwargsArg, doc: `\`version\`: of the one package, also \`>=1.2\`; ${options}` },
    },
    example: "salt '*' pkg.install <package name>\n" +
      `salt '*' pkg.install pkgs='["foo", {"bar": "1.2.3-4.el5"}]'\n` +
      `salt '*' pkg.install sources='[{"foo": "salt://foo.rpm"}, {"bar": "salt://bar.rpm"}]'`,
    run: install,
  }),
  upgrade: fn({
    doc: "Upgrades all packages, or some. Returns what changed.",
    args: {
      ...upgradeArgs(true),
      diff_attr: { type: "any", default: null, doc: "Has no effect." },
      kwargs: { ...kwargsArg, doc: options },
    },
    example: "salt '*' pkg.upgrade\nsalt '*' pkg.upgrade security=True exclude='kernel*'",
    run: upgrade,
  }),
  update: fn({
    doc:
      "Upgrades all packages, or some, without taking the place of others. Returns what changed.",
    args: { ...upgradeArgs(false), kwargs: { ...kwargsArg, doc: options } },
    example: "salt '*' pkg.update",
    run: upgrade,
  }),
  remove: fn({
    doc: "Removes packages. Returns what changed.",
    args: { name: nameArg, pkgs: pkgsArg, kwargs: kwargsArg },
    example: `salt '*' pkg.remove <package name>\nsalt '*' pkg.remove pkgs='["foo", "bar"]'`,
    run: (ctx, args) => remove(ctx, args.name, args.pkgs),
  }),
  purge: fn({
    doc: "Removes packages: the same as remove.",
    args: { name: nameArg, pkgs: pkgsArg, kwargs: kwargsArg },
    example: `salt '*' pkg.purge <package name>\nsalt '*' pkg.purge pkgs='["foo", "bar"]'`,
    run: (ctx, args) => remove(ctx, args.name, args.pkgs),
  }),
};
