/** The packages that rpm has installed, as modules `pkg` return them. @module */
import type { ExecContext } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { withoutJob } from "./_package_manager.ts";
import { listKey, type PackageVersions, versionData } from "./_packages.ts";
import { runProgram } from "./_program.ts";
import { ownArch, parseRpmLine, queryFormat, type RpmPackage } from "./_rpm.ts";

/** All installed packages, as the job last saw them. */
async function installedPackages(
  ctx: ExecContext,
  fresh: boolean,
  root: string | null,
): Promise<RpmPackage[]> {
  const known = root === null ? ctx.context[listKey] as RpmPackage[] | undefined : undefined;
  if (known && !fresh) return known;
  const elsewhere = root === null ? [] : ["--root", root];
  const argv = [
    "rpm",
    ...elsewhere,
    "-qa",
    "--nodigest",
    "--nosignature",
    "--queryformat",
    queryFormat,
  ];
  const { stdout } = await runProgram(ctx, argv);
  const own = ownArch(ctx);
  const found = stdout.split("\n").map((line) => parseRpmLine(line, own))
    .filter((one) => one !== undefined);
  if (root === null) ctx.context[listKey] = found;
  return found;
}

/** Versions by package. */
export async function listPackages(
  ctx: ExecContext,
  fresh = false,
  asList = false,
  root: string | null = null,
): Promise<DataMap> {
  const versions: PackageVersions = new Map();
  for (const { name, version } of await installedPackages(ctx, fresh, root)) {
    versions.set(name, [...versions.get(name) ?? [], version]);
  }
  return versionData(versions, asList);
}

/** Attributes of a package that `list_pkgs` can return. */
const attributes = ["epoch", "version", "release", "arch", "install_date", "install_date_time_t"];

/** Packages with more than their versions. (`pkg_resource.format_pkg_list`) */
export async function listAttributes(
  ctx: ExecContext,
  attr: Data,
  fresh = false,
  root: string | null = null,
): Promise<DataMap> {
  const chosen = attr === "all"
    ? attributes
    : attributes.filter((key) =>
      ["version", "arch", ...[attr].flat().flatMap((word) => pyStr(word).split(","))].includes(key)
    );
  const found: DataMap = {};
  for (const one of await installedPackages(ctx, fresh, root)) {
    const parts = /^(?:(\d+):)?([^-]*)(?:-(.*))?$/.exec(one.version) ?? [];
    const all: DataMap = {
      epoch: parts[1] ?? null,
      version: parts[2] ?? one.version,
      release: parts[3] ?? null,
      arch: one.arch,
      install_date: one.install_date,
      install_date_time_t: one.install_date_time_t,
    };
    const entry = Object.fromEntries(chosen.map((key) => [key, all[key]!]));
    const suffix = `.${one.arch}`;
    const name = one.name.endsWith(suffix) ? one.name.slice(0, -suffix.length) : one.name;
    const before = Object.hasOwn(found, name) ? found[name] as DataMap[] : [];
    found[name] = [...before, entry];
  }
  return found;
}

/** What `lowpkg.info` knows of installed packages, with the names that modules `pkg` have for it. */
export async function installedInfo(
  ctx: ExecContext,
  names: Data[],
  kwargs: DataMap,
): Promise<DataMap> {
  const all = await ctx.salt("lowpkg.info", names, withoutJob(kwargs));
  const entries = Object.entries(isMap(all) ? all : {});
  return Object.fromEntries(entries.map(([name, info]) => [name, withSource(info)]));
}

function withSource(info: Data): Data {
  if (Array.isArray(info)) return info.map(withSource);
  if (!isMap(info)) return info;
  const fields = Object.entries(info).map(([key, value]) =>
    [key === "source_rpm" ? "source" : key, value] as const
  );
  return Object.fromEntries(fields);
}
