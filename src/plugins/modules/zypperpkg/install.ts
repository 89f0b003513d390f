/** Packages that come and go: `pkg.install`, `pkg.remove`, `pkg.upgrade` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { globFilter } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareRpmVersions } from "../../../text/rpm_version.ts";
import { elementsOf } from "../../../text/xml.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import {
  changing,
  installedAmong,
  kwargsArg,
  nameArg,
  packageWord,
  pkgsArg,
  refreshArg,
  rootArg,
  sourcesArg,
} from "../_package_manager.ts";
import { packageChanges, parseTargets, splitComparison, type Targets } from "../_packages.ts";
import { refreshDb } from "./available.ts";
import { listInstalled } from "./list.ts";
import { isFine, wordList, zypper, zypperXml } from "./zypper.ts";

interface Install {
  name: string | null;
  refresh: Data;
  fromrepo: string | null;
  pkgs: Data;
  sources: Data;
  downloadonly: boolean | null;
  skip_verify: boolean;
  version: Data;
  ignore_repo_failure: boolean;
  no_recommends: boolean;
  root: string | null;
  kwargs: DataMap;
}

const operators = ["<", "<=", "=", ">=", ">"];

/** The newest version that fits a pattern with `*`, with the operator before it. */
async function chosenVersion(
  ctx: ExecContext,
  name: string,
  wanted: string,
  root: string | null,
): Promise<string> {
  const [operator, pattern] = splitComparison(wanted.replaceAll(" ", ""));
  if (operator !== "" && !operators.includes(operator)) {
    throw new CommandExecutionError(`Zypper do not supports operator "${operator}".`);
  }
  const words = ["se", "-xv", packageWord(name)];
  const answer = await zypperXml(ctx, words, { root, readonly: true, soft: true });
  const editions = elementsOf(answer, "solvable").map(({ attributes }) => attributes["edition"])
    .filter((edition) => edition !== undefined);
  if (editions.length === 0) {
    throw new CommandExecutionError(`No packages found matching '${name}'`);
  }
  const fitting = globFilter(editions, pattern).sort(compareRpmVersions);
  if (fitting.length > 0) return `${operator}${fitting.at(-1)}`;
  throw new CommandExecutionError(
    `No version of '${name}' fits '${wanted}' (available: ${editions.join(", ")})`,
  );
}

/** Words that name packages and their versions: `name>=1.2`. */
function targetWords(packages: Map<string, string | null>): string[] {
  return [...packages].map(([name, version]) => {
    if (version === null) return packageWord(name);
    const [operator, wanted] = splitComparison(version);
    return packageWord(`${name}${operator || "="}${wanted}`);
  });
}

/** Names that zypper would only put in an older version. */
export function parseDowngrades(text: string): string[] {
  return [...text.matchAll(/^The selected package '([^']+)'.+has lower version/gm)]
    .map(([, name]) => name!);
}

async function wantedWords(ctx: ExecContext, args: Install, targets: Targets): Promise<string[]> {
  if (targets.kind === "file") return targets.paths;
  const { packages } = targets;
  const given = args.version === null ? "" : pyStr(args.version);
  if (given !== "" && args.name !== null && args.pkgs === null) {
    const version = await chosenVersion(ctx, args.name, given, args.root);
    packages.set([...packages.keys()][0] ?? args.name, version);
  }
  return targetWords(packages);
}

async function install(ctx: ExecContext, args: Install): Promise<DataMap> {
  const { root } = args;
  if (isTrue(args.refresh)) await refreshDb(ctx, { root });
  const targets = await parseTargets(ctx, args);
  if (targets === null) return {};
  const words = await wantedWords(ctx, args, targets);
  const command = [
    ...(args.skip_verify ? ["--no-gpg-checks"] : []),
    "install",
    "--auto-agree-with-licenses",
    isTrue(args.kwargs["resolve_capabilities"]) ? "--capability" : "--name",
    ...(args.downloadonly ? ["--download-only"] : []),
    ...(args.fromrepo ? ["--force", "--force-resolution", "--from", args.fromrepo] : []),
    ...(args.no_recommends ? ["--no-recommends"] : []),
  ];
  const list = async (ctx: ExecContext, fresh?: boolean): Promise<DataMap> =>
    args.downloadonly
      ? await ctx.salt("pkg.list_downloaded", [], { root }) as DataMap
      : await listInstalled(ctx, { root, fresh: fresh ?? false });
  const options = { root, scope: true, soft: args.ignore_repo_failure };
  return await changing(ctx, list, "Problem encountered installing package(s)", async () => {
    const done = await zypper(ctx, [...command, ...words], options);
    const older = parseDowngrades(done.stdout);
    if (older.length > 0) await zypper(ctx, [...command, "--force", ...older], options);
    return { errors: [] };
  });
}

interface Upgrade {
  name: string | null;
  pkgs: Data;
  refresh: Data;
  dryrun: boolean;
  dist_upgrade: boolean;
  fromrepo: Data;
  novendorchange: boolean;
  skip_verify: boolean;
  no_recommends: boolean;
  root: string | null;
}

async function upgrade(ctx: ExecContext, args: Upgrade): Promise<Data> {
  const { root, dist_upgrade: dist } = args;
  if (isTrue(args.refresh)) await refreshDb(ctx, { root });
  const targets = !dist && (args.name || args.pkgs) ? await parseTargets(ctx, args) : null;
  const names = targets?.kind === "repository" ? [...targets.packages.keys()] : [];
  const command = [
    ...(args.skip_verify ? ["--no-gpg-checks"] : []),
    dist ? "dist-upgrade" : "update",
    "--auto-agree-with-licenses",
    ...(args.dryrun ? ["--dry-run"] : []),
    ...wordList(args.fromrepo).flatMap((repo) => [dist ? "--from" : "--repo", packageWord(repo)]),
    ...(dist && args.novendorchange ? ["--no-allow-vendor-change"] : []),
    ...(dist && args.no_recommends ? ["--no-recommends"] : []),
    ...names.map(packageWord),
  ];
  const options = { root, scope: true, soft: true };
  if (dist && args.dryrun) await zypper(ctx, [...command, "--debug-solver"], options);
  if (args.dryrun) {
    const { retcode, stdout, stderr } = await zypper(ctx, command, options);
    if (isFine(retcode)) return `${stdout}\n${stderr}`.trim();
    throw new CommandExecutionError(`Problem encountered upgrading packages: ${stderr || stdout}`);
  }
  const list = (ctx: ExecContext, fresh?: boolean) =>
    listInstalled(ctx, { root, fresh: fresh ?? false });
  return await changing(ctx, list, "Problem encountered upgrading packages", async () => {
    const done = await zypper(ctx, command, options);
    return { errors: isFine(done.retcode) ? [] : [done.stderr || done.stdout] };
  });
}

async function remove(
  ctx: ExecContext,
  args: { name: string | null; pkgs: Data; root: string | null },
): Promise<DataMap> {
  const { root } = args;
  const targets = await parseTargets(ctx, args);
  const wanted = targets?.kind === "repository" ? [...targets.packages] : [];
  const before = await listInstalled(ctx, { root });
  const words = installedAmong(before, wanted).flatMap(([name, version]) => {
    if (version === null) return [packageWord(name)];
    return pyStr(before[name]!).split(",").includes(version)
      ? [packageWord(`${name}-${version}`)]
      : [];
  });
  if (words.length === 0) return {};
  try {
    await zypper(ctx, ["remove", ...words], { root, scope: true });
  } catch (error) {
    const changes = packageChanges(before, await listInstalled(ctx, { root, fresh: true }));
    if (Object.keys(changes).length === 0) throw error;
    ctx.log.error(String(error));
    throw new CommandExecutionError(error instanceof Error ? error.message : String(error), {
      cause: error,
      info: { changes },
    });
  }
  return packageChanges(before, await listInstalled(ctx, { root, fresh: true }));
}

/** Functions that change what is installed. */
export const installFunctions = {
  install: fn({
    doc: "Installs packages. Returns what changed: old and new version by name.",
    args: {
      name: nameArg,
      refresh: refreshArg(false),
      fromrepo: { type: "string", default: null, doc: "Repository to install from." },
      pkgs: pkgsArg,
      sources: sourcesArg,
      downloadonly: { type: "bool", default: null, doc: "Only fetch the packages." },
      skip_verify: flag("Also packages that nobody has signed."),
      version: {
        type: "any",
        default: null,
        doc: "Version of the one package, also with an operator or `*`.",
      },
      ignore_repo_failure: flag("Go on when a repository cannot be reached."),
      no_recommends: flag("Without packages that are only recommended."),
      root: rootArg,
      kwargs: { ...kwargsArg, doc: "`resolve_capabilities=True`: names may be capabilities." },
    },
    example: "salt '*' pkg.install <package name>\n" +
      `salt '*' pkg.install pkgs='["foo", {"bar": "1.2.3-4"}]'\n` +
      `salt '*' pkg.install sources='[{"foo": "salt://foo.rpm"}]'`,
    run: install,
  }),
  upgrade: fn({
    doc: "Upgrades all packages, or some. Returns what changed.",
    args: {
      name: { ...nameArg, doc: "Only this package." },
      pkgs: { ...pkgsArg, doc: "Only these packages." },
      refresh: refreshArg(true),
      dryrun: flag("Only say what would be done."),
      dist_upgrade: flag("Also to what repositories have that is older or of another vendor."),
      fromrepo: { type: "any", default: null, doc: "Only from these repositories." },
      novendorchange: flag("Keep to the vendors of packages."),
      skip_verify: flag("Also packages that nobody has signed."),
      no_recommends: flag("Without packages that are only recommended."),
      root: rootArg,
      diff_attr: { type: "any", default: null, doc: "Has no effect." },
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.upgrade\nsalt '*' pkg.upgrade name=mypackage\n" +
      "salt '*' pkg.upgrade dist_upgrade=True fromrepo='MyRepoName' novendorchange=True",
    run: upgrade,
  }),
  remove: fn({
    doc: "Removes packages. Returns what changed.",
    args: { name: nameArg, pkgs: pkgsArg, root: rootArg, kwargs: kwargsArg },
    example: `salt '*' pkg.remove <package name>\nsalt '*' pkg.remove pkgs='["foo", "bar"]'`,
    run: remove,
  }),
  purge: fn({
    doc: "Removes packages: the same as remove.",
    args: { name: nameArg, pkgs: pkgsArg, root: rootArg, kwargs: kwargsArg },
    example: `salt '*' pkg.purge <package name>\nsalt '*' pkg.purge pkgs='["foo", "bar"]'`,
    run: remove,
  }),
};
