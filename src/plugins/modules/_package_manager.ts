/**
 * What every module `pkg` offers, and what those of them share that are not Debian's.
 * @module
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SaltInvocationError } from "../../errors.ts";
import { type ExecContext, type ExecutionFunction, fn } from "../../loader/types.ts";
import { globMatch } from "../../text/glob.ts";
import { isTrue } from "../../text/is_true.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { compareText } from "../../text/py_text.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { listKey, packageChanges, packageList, packageProblem } from "./_packages.ts";
import { operand } from "./_program.ts";

/** The functions that states and other modules call whatever the package manager is. */
export type PkgFunctions =
  & Record<
    | "file_dict"
    | "file_list"
    | "install"
    | "latest_version"
    | "list_pkgs"
    | "list_upgrades"
    | "owner"
    | "purge"
    | "refresh_db"
    | "remove"
    | "upgrade"
    | "upgrade_available"
    | "version",
    ExecutionFunction
  >
  & Record<string, ExecutionFunction>;

/** Arguments that many of these functions have. */
export const nameArg = {
  type: "string",
  default: null,
  doc: "Name of the package, or several with commas between.",
} as const;
export const pkgsArg = {
  type: "any",
  default: null,
  doc: "List of names; a map of name and version for a certain one.",
} as const;
export const sourcesArg = {
  type: "any",
  default: null,
  doc: "List of maps of one name and its package file: a path, `salt://` or another URL.",
} as const;
export const kwargsArg = { type: "map", keywords: true, doc: "" } as const;
export const namesArg = { type: "any", variadic: true, doc: "Names of packages." } as const;
/** The argument `refresh`; `what` says what is fetched. */
export const refreshArg = (value: boolean, what = "what repositories have") =>
  ({ type: "any", default: value, doc: `Fetch ${what} before.` }) as const;
export const rootArg = {
  type: "string",
  default: null,
  doc: "Folder of a system to change in place of the running one.",
} as const;

/** A name of a package that is no option. */
export function packageWord(name: Data): string {
  return operand(name, "the name of a package");
}

/** Lists packages; `fresh` asks anew in the same job. */
export type Lister = (ctx: ExecContext, fresh?: boolean) => Promise<DataMap>;

/** Forgets what the job has seen of packages: they change now. */
export function forgetPackages(ctx: ExecContext): void {
  delete ctx.context[listKey];
}

/** What an action did to the packages. */
export interface Outcome {
  /** What the package manager complained of; empty when all went well. */
  errors: string[];
}

/**
 * Does something to packages and returns what changed.
 * @throws CommandExecutionError with `what`, the complaints and the changes, when there were some.
 */
export async function changing(
  ctx: ExecContext,
  list: Lister,
  what: string,
  act: (before: DataMap) => Promise<Outcome>,
): Promise<DataMap> {
  const before = await list(ctx);
  const { errors } = await act(before);
  forgetPackages(ctx);
  const changes = packageChanges(before, await list(ctx, true));
  if (errors.length === 0) return changes;
  throw packageProblem(what, errors, changes);
}

/** Names that are installed among those wanted; `*` in them stands for anything. */
export function installedAmong(
  installed: DataMap,
  wanted: Iterable<readonly [name: string, version: string | null]>,
): [name: string, version: string | null][] {
  const names = Object.keys(installed);
  return [...wanted].flatMap(([name, version]): [string, string | null][] => {
    if (Object.hasOwn(installed, name)) return [[name, version]];
    return /[*?[]/.test(name)
      ? names.filter((one) => globMatch(name, one)).map((one) => [one, version])
      : [];
  });
}

/** One value by name, or alone when there is only one name. */
export function oneOrMap<T extends Data>(values: ReadonlyMap<string, T>): Data {
  return values.size === 1 ? [...values.values()][0]! : Object.fromEntries(values);
}

/** Names of a call that gives one of `name`, `pkgs` and `sources`. */
export function holdTargets(name: string | null, pkgs: Data, sources: Data = null): string[] {
  if (!name && !pyTruthy(pkgs) && !pyTruthy(sources)) {
    throw new SaltInvocationError("One of name, pkgs, or sources must be specified.");
  }
  if (pyTruthy(pkgs) && pyTruthy(sources)) {
    throw new SaltInvocationError("Only one of pkgs or sources can be specified.");
  }
  const given = pyTruthy(pkgs) ? pkgs : pyTruthy(sources) ? sources : name;
  return packageList(given).map(([one]) => one);
}

/** `version`, of whatever `list_pkgs` says. */
export const versionFunction = fn({
  doc: "Returns the installed version of a package; an empty text when it is not installed.",
  args: {
    names: { ...namesArg, doc: "Names, or patterns with `*`." },
    kwargs: { ...kwargsArg, doc: "`versions_as_list=True`: each version on its own." },
  },
  example: "salt '*' pkg.version <package name>\n" +
    "salt '*' pkg.version <package1> <package2> <package3> ...",
  run: (ctx, { names, kwargs }) =>
    ctx.salt(
      "pkg_resource.version",
      names,
      kwargs["versions_as_list"] === undefined
        ? {}
        : { versions_as_list: kwargs["versions_as_list"] },
    ),
});

/** `upgrade_available`, of whatever `latest_version` says. */
export const upgradeAvailableFunction = fn({
  doc: "Says whether there is a newer version of a package.",
  args: {
    name: { type: "string", required: true, doc: "Name of the package." },
    kwargs: kwargsArg,
  },
  example: "salt '*' pkg.upgrade_available <package name>",
  run: async (ctx, { name, kwargs }) =>
    await ctx.salt("pkg.latest_version", [name], withoutJob(kwargs)) !== "",
});

/** Keyword arguments without what the minion adds. */
export function withoutJob(kwargs: DataMap): DataMap {
  return Object.fromEntries(Object.entries(kwargs).filter(([key]) => !key.startsWith("__")));
}

/** Whether a call asks for what only Debian knows: removed packages whose settings are left. */
export function asksForRemoved(kwargs: DataMap): boolean {
  return isTrue(kwargs["removed"]) || isTrue(kwargs["purge_desired"]);
}

/** `file_list` and `file_dict` of a module `lowpkg`. */
export const lowpkgFiles = {
  file_list: fn({
    doc: "Lists the files of packages; of all when none is named.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_list httpd\nsalt '*' pkg.file_list httpd postfix",
    run: (ctx, args) => ctx.salt("lowpkg.file_list", args.packages),
  }),
  file_dict: fn({
    doc: "Lists the files of packages, by package; of all when none is named.",
    args: { packages: namesArg, kwargs: kwargsArg },
    example: "salt '*' pkg.file_dict httpd\nsalt '*' pkg.file_dict httpd postfix",
    run: (ctx, args) => ctx.salt("lowpkg.file_dict", args.packages),
  }),
};

async function diffOf(ctx: ExecContext, paths: readonly string[]): Promise<DataMap> {
  const found: DataMap = {};
  const byPackage = new Map<string, string[]>();
  for (const path of paths) {
    const owner = pyStr(await ctx.salt("lowpkg.owner", [path]));
    if (owner === "") found[path] = existsSync(path) ? "Not managed" : "N/A";
    else byPackage.set(owner, [...byPackage.get(owner) ?? [], path]);
  }
  if (byPackage.size === 0) return found;
  const files = await ctx.salt("pkg.download", [...byPackage.keys()]);
  for (const [name, own] of byPackage) {
    const file = isMap(files) ? files[name] ?? null : null;
    const archive = isMap(file) ? file["path"] ?? null : file;
    for (const path of own) {
      found[path] = archive === null
        ? "N/A"
        : await ctx.salt("lowpkg.diff", [archive, path]) || "Unchanged";
    }
  }
  return found;
}

/** `diff`, of whatever `download` fetches. */
export const diffFunction = fn({
  doc: "Returns how files differ from those of the packages they belong to.",
  args: { paths: { type: "any", variadic: true, doc: "Paths of files." }, kwargs: kwargsArg },
  example: "salt '*' pkg.diff /etc/apache2/httpd.conf /etc/sudoers",
  run: (ctx, { paths }) => diffOf(ctx, paths.map(pyStr)),
});

/** Package files (`.deb`, `.rpm`) below a folder, with what they are. (`pkg.list_downloaded`) */
export async function downloadedPackages(
  ctx: ExecContext,
  folder: string,
  suffix: ".deb" | ".rpm" = ".rpm",
): Promise<DataMap> {
  const found = new Map<string, DataMap>();
  for (const path of packageFiles(folder, suffix)) {
    const info = await ctx.salt("lowpkg.bin_pkg_info", [path]);
    if (!isMap(info)) continue;
    const { size, ctimeMs } = statSync(path);
    const seconds = Math.floor(ctimeMs / 1000);
    const name = pyStr(info["name"] ?? "");
    found.set(name, {
      ...found.get(name),
      [pyStr(info["version"] ?? "")]: {
        path,
        size,
        creation_date_time_t: seconds,
        creation_date_time: new Date(seconds * 1000).toISOString().slice(0, 19),
      },
    });
  }
  return Object.fromEntries(found);
}

function packageFiles(folder: string, suffix: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
      .map((entry) => join(entry.parentPath, entry.name)).sort(compareText);
  } catch {
    return [];
  }
}

/** Owners of files, each asked for by itself; `ask` returns an empty text for those without one. */
export async function ownersOf(
  paths: readonly Data[],
  ask: (path: string) => Promise<string>,
): Promise<Data> {
  const owners = new Map<string, string>();
  for (const path of paths.map(pyStr)) owners.set(path, await ask(operand(path, "a path")));
  return owners.size === 0 ? "" : oneOrMap(owners);
}
