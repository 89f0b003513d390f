/** Debian packages as dpkg knows them. (`salt/modules/dpkg_lowpkg.py`) @module */
import { existsSync, readFileSync } from "node:fs";
import { isAbsolute } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { pyStr } from "../../text/py_repr.ts";
import { compareText } from "../../text/py_text.ts";
import { setKey } from "../../text/set_key.ts";
import { type Data, type DataMap, isMap } from "../../types/mod.ts";
import { operand, runProgram } from "./_program.ts";

const packages = {
  type: "list",
  variadic: true,
  doc: "Names or patterns of packages; all when there are none.",
} as const;
const ignored = { type: "map", keywords: true, doc: "Of no use here." } as const;

/** Ends the description of a package in the answer to {@linkcode infoFormat}. */
const endMark = "*/~^\\*";

const infoFields = [
  "package:${Package}",
  "revision:${binary:Revision}",
  "architecture:${Architecture}",
  "maintainer:${Maintainer}",
  "summary:${Summary}",
  "source:${source:Package}",
  "version:${Version}",
  "section:${Section}",
  "size:${Size}",
  "MD5:${MD5sum}",
  "SHA1:${SHA1}",
  "SHA256:${SHA256}",
  "origin:${Origin}",
  "homepage:${Homepage}",
  "status:${db:Status-Abbrev}",
  "install_date:${db-fsys:Last-Modified}",
  "description:${Description}",
];

const infoFormat = infoFields.join("\\n") + "\\n\\n*/~^\\\\*\\n";

/** Words for `dpkg-query` that asks for `format` of some packages, or all. */
export function queryArgv(format: string, names: readonly Data[]): string[] {
  const given = names.map((name) => operand(name, "the name of a package"));
  return ["dpkg-query", `-f=${format}`, "-W", ...given];
}

/** Versions of installed packages, of lines of status, name and version. */
export function parseVersions(text: string): Record<string, string> {
  const versions: DataMap = {};
  for (const line of text.split("\n")) {
    const [status, name, version] = line.split("\t");
    if (status === "installed" && name && version !== undefined) setKey(versions, name, version);
  }
  return versions as Record<string, string>;
}

/** Names of installed packages, of lines of status and name. */
export function parseInstalled(text: string): string[] {
  return text.split("\n").map((line) => line.split("\t"))
    .filter(([status, name]) => status === "installed" && name).map(([, name]) => name!);
}

function infoValue(key: string, value: string): string | null {
  if (key !== "install_date") return value;
  const seconds = Number(value);
  if (value === "" || !Number.isInteger(seconds)) return null;
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** Packages in the answer to {@linkcode infoFormat}. */
export function parseInfo(text: string): DataMap[] {
  const found: DataMap[] = [];
  for (const part of text.split(`\n${endMark}`)) {
    const at = part.indexOf("\ndescription:");
    if (at < 0) continue;
    const entry: DataMap = {};
    for (const line of part.slice(0, at).split("\n").map((one) => one.trim()).filter(Boolean)) {
      const colon = line.indexOf(":");
      const key = line.slice(0, colon);
      const value = infoValue(key, line.slice(colon + 1));
      if (value) entry[key] = value;
    }
    entry["description"] = part.slice(at + "\ndescription:".length);
    found.push(entry);
  }
  return found;
}

/** Licenses named in a Debian copyright file, with commas between. */
export function parseLicenses(text: string): string {
  const names = text.split("\n").filter((line) => line.startsWith("License:"))
    .map((line) => line.slice("License:".length).trim());
  return [...new Set(names)].sort(compareText).join(", ");
}

function licenseOf(name: string): string {
  try {
    return parseLicenses(readFileSync(`/usr/share/doc/${name}/copyright`, "utf8"));
  } catch {
    return "";
  }
}

/** Name, version and architecture in what `dpkg -I` prints. */
export function parsePackageFile(
  text: string,
): Partial<Record<"name" | "version" | "arch", string>> {
  const field = (name: string) => new RegExp(`^\\s*${name} *:.*?(\\S+)\\s*$`, "m").exec(text)?.[1];
  const [name, version, arch] = ["Package", "Version", "Architecture"].map(field);
  return {
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(arch === undefined ? {} : { arch }),
  };
}

/** The text of an answer, or how Salt puts it that there was none. */
async function query(
  ctx: ExecContext,
  format: string,
  names: readonly Data[],
): Promise<{ text: string } | { failure: string }> {
  const done = await runProgram(ctx, queryArgv(format, names));
  if (done.retcode === 0) return { text: done.stdout };
  const failure = `Error:  ${done.stderr}`;
  ctx.log.error(failure);
  return { failure };
}

/** Names a call of `dpkg -L` gets at once. */
const atOnce = 100;

async function listFiles(ctx: ExecContext, names: string[]): Promise<string[][]> {
  const done = await runProgram(ctx, ["dpkg", "-L", ...names]);
  const lists = done.stdout.split("\n\n").map((list) => list.split("\n").filter(Boolean));
  // An empty line stands between two lists; a package without files has none.
  if (names.length === 1 || lists.length === names.length) return lists;
  return (await Promise.all(names.map((name) => listFiles(ctx, [name])))).flat();
}

/** Paths of each package. */
async function filesByPackage(ctx: ExecContext, names: string[]): Promise<Map<string, string[]>> {
  const files = new Map<string, string[]>();
  for (let start = 0; start < names.length; start += atOnce) {
    const some = names.slice(start, start + atOnce);
    const lists = await listFiles(ctx, some);
    some.forEach((name, index) => files.set(name, lists[index] ?? []));
  }
  return files;
}

const listFormat = "${db:Status-Status}\\t${binary:Package}\\n";

async function owned(
  ctx: ExecContext,
  names: readonly Data[],
): Promise<Map<string, string[]> | string> {
  const asked = await query(ctx, listFormat, names);
  if ("failure" in asked) return asked.failure;
  return filesByPackage(ctx, parseInstalled(asked.text));
}

async function info(ctx: ExecContext, names: readonly Data[], failhard: Data): Promise<Data> {
  const done = await runProgram(ctx, queryArgv(infoFormat, names));
  if (done.retcode !== 0) {
    if (failhard === false) return {};
    throw new CommandExecutionError(`Error getting packages information: ${done.stderr}`);
  }
  const found: DataMap = {};
  for (const entry of parseInfo(done.stdout)) {
    const name = pyStr(entry["package"] ?? null);
    const license = licenseOf(name);
    setKey(found, name, license === "" ? entry : { ...entry, license });
  }
  return found;
}

async function localPath(ctx: ExecContext, path: string, saltenv: string): Promise<string> {
  if (await ctx.salt("config.valid_fileproto", [path])) {
    const cached = await ctx.salt("cp.cache_file", [path, saltenv]);
    if (typeof cached === "string" && cached !== "") return cached;
    throw new CommandExecutionError(`Unable to retrieve ${path} from saltenv '${saltenv}'`);
  }
  if (!existsSync(path)) throw new CommandExecutionError(`${path} does not exist on minion`);
  if (!isAbsolute(path)) throw new SaltInvocationError(`${path} does not exist on minion`);
  return path;
}

async function packageFile(ctx: ExecContext, given: string, saltenv: string): Promise<Data> {
  const path = await localPath(ctx, given, saltenv);
  const done = await runProgram(ctx, ["dpkg", "-I", path]);
  if (done.retcode !== 0) {
    const why = done.stderr === "" ? "" : `: ${done.stderr}`;
    throw new CommandExecutionError(`Unable to get info for ${path}${why}`);
  }
  const found = parsePackageFile(done.stdout);
  const missing = (["name", "version", "arch"] as const).filter((key) => found[key] === undefined);
  if (missing.length > 0) {
    throw new CommandExecutionError(`Unable to get ${missing.join(", ")} for ${path}`);
  }
  const { osarch, cpuarch } = ctx.grains;
  const foreign = cpuarch === "x86_64" && osarch === "amd64" && found.arch !== "all" &&
    found.arch !== osarch;
  return { ...found, name: foreign ? `${found.name}:${found.arch}` : found.name! };
}

/** Entries that differ between two maps of versions. */
function changes(old: DataMap, now: DataMap): DataMap {
  const names = new Set([...Object.keys(old), ...Object.keys(now)]);
  const pairs = [...names].map((name) => [name, old[name] ?? "", now[name] ?? ""] as const)
    .filter(([, before, after]) => before !== after);
  return Object.fromEntries(
    pairs.map(([name, before, after]) => [name, { old: before, new: after }]),
  );
}

async function unpurge(ctx: ExecContext, names: readonly Data[]): Promise<Data> {
  if (names.length === 0) return {};
  const listed = async (): Promise<DataMap> => {
    const found = await ctx.salt("pkg.list_pkgs", [], { purge_desired: true, use_context: false });
    return isMap(found) ? found : {};
  };
  const old = await listed();
  const lines = names.map((name) => `${operand(name, "the name of a package")} install\n`);
  await runProgram(ctx, ["dpkg", "--set-selections"], { stdin: lines.join("") });
  return changes(old, await listed());
}

/** The module `lowpkg` of Debian and its kin. */
export const dpkgLowpkg = executionModule({
  name: "dpkg_lowpkg",
  virtualname: "lowpkg",
  doc: "Debian packages as dpkg knows them.",
  virtual: ({ grains }) =>
    grains["os_family"] === "Debian" ||
    "The dpkg execution module cannot be loaded: only works on Debian family systems.",
  functions: {
    list_pkgs: fn({
      doc: "Returns the versions of installed packages.",
      args: { packages, kwargs: ignored },
      example: "salt '*' lowpkg.list_pkgs\nsalt '*' lowpkg.list_pkgs httpd",
      async run(ctx, args) {
        const format = "${db:Status-Status}\\t${binary:Package}\\t${Version}\\n";
        const asked = await query(ctx, format, args.packages);
        return "failure" in asked ? asked.failure : parseVersions(asked.text);
      },
    }),
    file_list: fn({
      doc: "Returns the paths that belong to packages, sorted.",
      args: { packages, kwargs: ignored },
      example: "salt '*' lowpkg.file_list hostname",
      async run(ctx, args) {
        const found = await owned(ctx, args.packages);
        if (typeof found === "string") return found;
        return { errors: [], files: [...new Set([...found.values()].flat())].sort(compareText) };
      },
    }),
    file_dict: fn({
      doc: "Returns the paths that belong to packages, by package.",
      args: { packages, kwargs: ignored },
      example: "salt '*' lowpkg.file_dict hostname",
      async run(ctx, args) {
        const found = await owned(ctx, args.packages);
        if (typeof found === "string") return found;
        return { errors: [], packages: Object.fromEntries(found) };
      },
    }),
    info: fn({
      doc: "Returns what is known of packages: version, maintainer, license, day of installation …",
      args: {
        packages,
        kwargs: {
          type: "map",
          keywords: true,
          doc: "`failhard=False`: nothing in place of a failure where there is no such package.",
        },
      },
      example: "salt '*' lowpkg.info hostname",
      run: (ctx, args) => info(ctx, args.packages, args.kwargs["failhard"] ?? true),
    }),
    bin_pkg_info: fn({
      doc: "Returns name, version and architecture of a package file.",
      args: {
        path: { type: "string", required: true, doc: "Path, or a URL that the minion can fetch." },
        saltenv: { type: "string", default: "base", doc: "Environment of a `salt://` URL." },
      },
      example: "salt '*' lowpkg.bin_pkg_info /root/foo-1.2.3-1ubuntu1_all.deb",
      run: (ctx, args) => packageFile(ctx, args.path, args.saltenv),
    }),
    unpurge: fn({
      doc: "Takes back that packages are to be purged, and returns what has changed.",
      args: { packages: { ...packages, doc: "Names of packages." } },
      example: "salt '*' lowpkg.unpurge curl",
      run: (ctx, args) => unpurge(ctx, args.packages),
    }),
  },
});
