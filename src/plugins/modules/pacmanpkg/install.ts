/** Installs, upgrades and removes packages. @module */
import { type ExecContext, fn } from "../../../loader/types.ts";
import { globMatch } from "../../../text/glob.ts";
import { isTrue } from "../../../text/is_true.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import {
  changing,
  installedAmong,
  kwargsArg,
  type Lister,
  nameArg,
  packageWord,
  pkgsArg,
  refreshArg,
  rootArg,
  sourcesArg,
} from "../_package_manager.ts";
import { packageProblem, parseTargets, splitComparison } from "../_packages.ts";
import { availableVersions, listPackages } from "./list.ts";
import { pacman, rootWords } from "./pacman.ts";

const list: Lister = (ctx, fresh = false) => listPackages(ctx, { fresh });

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
      const candidates = await availableVersions(ctx, name);
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

async function install(ctx: ExecContext, args: Install): Promise<DataMap> {
  const version = args.kwargs["version"];
  const targets = await parseTargets(ctx, version === undefined ? args : { ...args, version });
  if (targets === null) return {};
  const root = rootWords(args.kwargs);
  const what = "Problem encountered installing package(s)";
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
  const what = "Problem encountered removing package(s)";
  return await changing(
    ctx,
    list,
    what,
    () => pacman(ctx, [option, ...rootWords(args.kwargs), ...words]),
  );
}

/** Functions that change packages. */
export const installFunctions = {
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
};
