/** Packages by rpm alone. (`salt/modules/rpm_lowpkg.py`) @module */
import { existsSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../errors.ts";
import { type ExecContext, executionModule, fn } from "../../loader/types.ts";
import { which } from "../../process/mod.ts";
import { isTrue } from "../../text/is_true.ts";
import { pyStr, pyTruthy } from "../../text/py_repr.ts";
import { compareRpmVersions } from "../../text/rpm_version.ts";
import { shlexQuote } from "../../text/shlex.ts";
import type { Data, DataMap } from "../../types/mod.ts";
import { kwargsArg, namesArg, ownersOf, packageWord, withoutJob } from "./_package_manager.ts";
import { needProgram, operand, runProgram } from "./_program.ts";
import { ownArch, parseRpmLine, queryFormat } from "./_rpm.ts";
import { byName, infoFormat, parseRpmInfo } from "./_rpm_info.ts";

const others = new Set([
  "amazon",
  "xcp",
  "xenserver",
  "virtuozzolinux",
  "virtuozzo",
  "issabel pbx",
  "openeuler",
  "vmware photon os",
]);

/** Whether a system has packages of rpm, by its grains; `families` in small letters. */
export function hasRpm(grains: DataMap, families: readonly string[]): boolean {
  const small = (key: string) => pyStr(grains[key] ?? "").toLowerCase();
  return families.includes(small("os_family")) || others.has(small("os"));
}

function rpm(kwargs: DataMap, ...words: string[]): string[] {
  const root = kwargs["root"] ? ["--root", pyStr(kwargs["root"])] : [];
  return ["rpm", ...root, ...words];
}

/** Names and versions in an answer to `%{NAME} %{VERSION}\n`, and complaints about other names. */
export function parseNames(text: string): { packages: [string, string][]; errors: string[] } {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.filter((line) => line.includes("is not installed"));
  const packages = lines.filter((line) => !line.includes("is not installed"))
    .map((line) => line.split(/\s+/)).filter((words) => words.length >= 2)
    .map(([name, version]): [string, string] => [name!, version!]);
  return { packages, errors };
}

async function listed(ctx: ExecContext, names: readonly Data[], kwargs: DataMap) {
  const which = names.length > 0 ? ["-q"] : ["-qa"];
  const words = [...which, "--queryformat", "%{NAME} %{VERSION}\\n", ...names.map(packageWord)];
  return parseNames((await runProgram(ctx, rpm(kwargs, ...words))).stdout);
}

function lines(text: string): string[] {
  return text.split("\n").filter(Boolean);
}

const mismatches = [
  "size",
  "mode",
  "md5sum",
  "device major/minor number",
  "readlink path",
  "user",
  "group",
  "mtime",
  "capabilities",
];
const flags = "SM5DLUGTP";
const kinds: Readonly<Record<string, string>> = {
  c: "config",
  d: "doc",
  g: "ghost",
  l: "license",
  r: "readme",
};

/** Reads `rpm -V`: what is wrong with each file. Files of kinds that are not wanted are left out. */
export function parseVerify(text: string, ignored: readonly string[] = []): DataMap {
  const found: DataMap = {};
  for (const line of lines(text)) {
    const parts = /^(missing|\S{8,9})\s+(?:([cdglr]) )?\s*(\/.*)$/.exec(line);
    if (!parts) continue;
    const [, marks, kind, path] = parts;
    const type = kind === undefined ? undefined : kinds[kind]!;
    if (type !== undefined && ignored.includes(type)) continue;
    const entry: DataMap = marks === "missing"
      ? { missing: true }
      : { mismatch: mismatches.filter((_, at) => marks![at] === flags[at]) };
    found[path!] = type === undefined ? entry : { ...entry, type };
  }
  return found;
}

const changes = [
  "size",
  "mode",
  "checksum",
  "device",
  "symlink",
  "owner",
  "group",
  "time",
  "capabilities",
];

/** Reads `rpm -Va`: what changed of each file, as `modified` names it. */
export function parseModified(text: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of lines(text)) {
    const words = line.split(/\s+/);
    const [marks, kind] = [words[0]!, words.length === 3 ? "config" : undefined];
    const own = changes.filter((_, at) => (marks[at] ?? ".") !== ".");
    found[words.at(-1)!] = kind === undefined ? own : [...own, kind];
  }
  return found;
}

function wordList(value: Data | undefined): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value.map(pyStr) : pyStr(value).split(",").map((one) => one.trim());
}

async function verify(ctx: ExecContext, names: readonly Data[], kwargs: DataMap): Promise<DataMap> {
  const options = wordList(kwargs["verify_options"]).map((word) => {
    if (!/^[\w-]+$/.test(word)) throw new SaltInvocationError(`"${word}" is no option of rpm`);
    return `--${word}`;
  });
  const targets = names.length > 0 ? ["-V", ...names.map(packageWord)] : ["-Va"];
  const argv = rpm(kwargs, ...options, ...targets);
  const done = await runProgram(ctx, argv, { ignoreRetcode: true });
  if (done.stdout.trim() === "" && done.retcode !== 0) {
    const why = done.stderr === "" ? "" : `: ${done.stderr}`;
    throw new CommandExecutionError(`Failed to verify package(s)${why}`);
  }
  return parseVerify(done.stdout, wordList(kwargs["ignore_types"]));
}

async function modified(ctx: ExecContext, names: readonly Data[], given: DataMap): Promise<Data> {
  const { root, ...wanted } = withoutJob(given);
  const argv = rpm(root === undefined ? {} : { root }, "-Va", ...names.map(packageWord));
  const done = await runProgram(ctx, argv);
  if (done.retcode > 1) return { retcode: done.retcode, stderr: done.stderr };
  const fits = (stats: string[]) =>
    Object.entries(wanted).every(([key, value]) => pyTruthy(value) === stats.includes(key));
  const all = Object.entries(parseModified(done.stdout));
  return Object.fromEntries(all.filter(([, stats]) => fits(stats)));
}

async function packageFile(ctx: ExecContext, given: string, saltenv: string): Promise<Data> {
  let path = given;
  if (await ctx.salt("config.valid_fileproto", [given])) {
    const cached = await ctx.salt("cp.cache_file", [given, saltenv]);
    if (!cached) {
      throw new CommandExecutionError(`Unable to retrieve ${given} from saltenv '${saltenv}'`);
    }
    path = pyStr(cached);
  } else if (!existsSync(path)) {
    throw new CommandExecutionError(`${path} does not exist on minion`);
  } else if (!isAbsolute(path)) throw new SaltInvocationError(`${path} does not exist on minion`);
  const argv = ["rpm", "-qp", "--queryformat", queryFormat, path];
  const { stdout } = await runProgram(ctx, argv, { ignoreRetcode: true });
  const found = parseRpmLine(stdout.split("\n").at(-1)!, ownArch(ctx));
  return found ? { ...found, repoid: "none" } : null;
}

async function difference(ctx: ExecContext, archive: string, path: string): Promise<string> {
  for (const name of ["rpm2cpio", "cpio", "diff"]) needProgram(ctx, name);
  const [from, file] = [shlexQuote(operand(archive, "a package file")), shlexQuote(path)];
  const script = `rpm2cpio ${from} | cpio -i --quiet --to-stdout .${file} | ` +
    `diff -u --label ${shlexQuote(`A ${path}`)} --from-file=- --label ${shlexQuote(`B ${path}`)} ` +
    file;
  const text = pyStr(await ctx.salt("cmd.shell", [script], { ignore_retcode: true }));
  return text.startsWith("Binary file")
    ? `File '${path}' is binary and its content has been modified.`
    : text;
}

async function info(ctx: ExecContext, names: readonly Data[], kwargs: DataMap): Promise<DataMap> {
  const wanted = kwargs["attr"] ? wordList(kwargs["attr"]) : null;
  const format = infoFormat(wanted);
  const targets = names.length > 0 ? ["-q", ...names.map(packageWord)] : ["-qa"];
  const argv = rpm(kwargs, ...targets, "--queryformat", format);
  const { stdout } = await runProgram(ctx, argv, { ignoreRetcode: true, env: { TZ: "UTC" } });
  return byName(parseRpmInfo(`${stdout}\n`), isTrue(kwargs["all_versions"]));
}

const root = "`root`: folder of another system";

/** The module `lowpkg` of systems with rpm. */
export const rpmLowpkg = executionModule({
  name: "rpm_lowpkg",
  virtualname: "lowpkg",
  doc: "Packages by rpm alone.",
  virtual({ grains }) {
    if (which("rpm") === null) {
      return "The rpm execution module failed to load: rpm binary is not in the path.";
    }
    return hasRpm(grains, ["redhat", "suse"]) ||
      "The rpm execution module failed to load: only available on redhat/suse type systems or " +
        "amazon, xcp, xenserver, virtuozzolinux, virtuozzo, issabel pbx, openeuler or vmware " +
        "photon os.";
  },
  functions: {
    list_pkgs: fn({
      doc: "Returns the installed packages and their versions, without epoch and release.",
      args: { packages: namesArg, kwargs: { ...kwargsArg, doc: `${root}.` } },
      example: "salt '*' lowpkg.list_pkgs\nsalt '*' lowpkg.list_pkgs hostname",
      run: async (ctx, args) =>
        Object.fromEntries((await listed(ctx, args.packages, args.kwargs)).packages),
    }),
    file_list: fn({
      doc: "Lists the files of packages; of all when none is named.",
      args: { packages: namesArg, kwargs: { ...kwargsArg, doc: `${root}.` } },
      example: "salt '*' lowpkg.file_list\nsalt '*' lowpkg.file_list httpd postfix",
      async run(ctx, { packages, kwargs }) {
        const words = packages.length > 0 ? ["-ql", ...packages.map(packageWord)] : ["-qla"];
        const { stdout } = await runProgram(ctx, rpm(kwargs, ...words));
        return { errors: [], files: lines(stdout) };
      },
    }),
    file_dict: fn({
      doc: "Lists the files of packages, by package; of all when none is named.",
      args: { packages: namesArg, kwargs: { ...kwargsArg, doc: `${root}.` } },
      example: "salt '*' lowpkg.file_dict\nsalt '*' lowpkg.file_dict httpd postfix",
      async run(ctx, args) {
        const { packages, errors } = await listed(ctx, args.packages, args.kwargs);
        const files: DataMap = {};
        for (const [name] of packages) {
          files[name] = lines((await runProgram(ctx, rpm(args.kwargs, "-ql", name))).stdout);
        }
        return { errors, packages: files };
      },
    }),
    owner: fn({
      doc: "Returns the package that a file belongs to; an empty text when there is none.",
      args: {
        paths: { type: "any", variadic: true, doc: "Paths of files." },
        kwargs: { ...kwargsArg, doc: `${root}.` },
      },
      example: "salt '*' lowpkg.owner /usr/bin/apachectl\n" +
        "salt '*' lowpkg.owner /usr/bin/apachectl /etc/httpd/conf/httpd.conf",
      run: (ctx, { paths, kwargs }) => ownersOf(paths, (path) => rpmOwner(ctx, path, kwargs)),
    }),
    info: fn({
      doc: "Returns what is known of installed packages; of all when none is named.",
      args: {
        packages: namesArg,
        kwargs: {
          ...kwargsArg,
          doc: `\`attr\`: only these fields, with commas between; \`all_versions=True\`; ${root}.`,
        },
      },
      example: "salt '*' lowpkg.info apache2 bash\nsalt '*' lowpkg.info apache2 bash attr=version",
      run: (ctx, args) => info(ctx, args.packages, args.kwargs),
    }),
    verify: fn({
      doc: "Returns the files of packages that are not as they were installed; of all when none " +
        "is named.",
      args: {
        packages: namesArg,
        kwargs: {
          ...kwargsArg,
          doc: "`ignore_types`: leave out config, doc, ghost, license or readme files; " +
            `\`verify_options\`: such as nodeps; ${root}.`,
        },
      },
      example: "salt '*' lowpkg.verify\nsalt '*' lowpkg.verify httpd postfix\n" +
        "salt '*' lowpkg.verify httpd ignore_types=['config','doc']",
      run: (ctx, args) => verify(ctx, args.packages, args.kwargs),
    }),
    modified: fn({
      doc: "Returns the files of packages that were changed, and how.",
      args: {
        packages: namesArg,
        flags: {
          ...kwargsArg,
          doc: "`size`, `mode`, `checksum`, `owner` …: with True only files of which that " +
            "changed, with False only those of which it did not.",
        },
      },
      example: "salt '*' lowpkg.modified httpd\nsalt '*' lowpkg.modified httpd size=True",
      run: (ctx, args) => modified(ctx, args.packages, args.flags),
    }),
    checksum: fn({
      doc: "Says of package files whether they are whole and signed as they should be.",
      args: {
        paths: { type: "any", variadic: true, doc: "Paths of package files." },
        kwargs: { ...kwargsArg, doc: `${root}.` },
      },
      example: "salt '*' lowpkg.checksum /path/to/package1.rpm /path/to/package2.rpm",
      async run(ctx, { paths, kwargs }) {
        if (paths.length === 0) {
          throw new CommandExecutionError("No package files has been specified.");
        }
        const fine: Record<string, boolean> = {};
        for (const path of paths.map(pyStr)) {
          const argv = rpm(kwargs, "-K", "--quiet", operand(path, "a path"));
          fine[path] = statSync(path, { throwIfNoEntry: false })?.isFile() === true &&
            (await runProgram(ctx, argv, { ignoreRetcode: true })).retcode === 0;
        }
        return fine;
      },
    }),
    bin_pkg_info: fn({
      doc: "Returns name, version and architecture of a package file; None when it is none.",
      args: {
        path: { type: "string", required: true, doc: "Path or URL." },
        saltenv: { type: "string", default: "base", doc: "Environment of `salt://`." },
      },
      example: "salt '*' lowpkg.bin_pkg_info /root/salt-2015.5.1-2.el7.noarch.rpm\n" +
        "salt '*' lowpkg.bin_pkg_info salt://salt-2015.5.1-2.el7.noarch.rpm",
      run: (ctx, args) => packageFile(ctx, args.path, args.saltenv),
    }),
    diff: fn({
      doc: "Returns how a file differs from that of a package file.",
      args: {
        package_path: { type: "string", required: true, doc: "The package file." },
        path: { type: "string", required: true, doc: "The file." },
      },
      example: "salt '*' lowpkg.diff /path/to/apache2.rpm /etc/apache2/httpd.conf",
      run: (ctx, args) => difference(ctx, args.package_path, args.path),
    }),
    version_cmp: fn({
      doc: "Compares two versions: -1, 0 or 1 when the first is older, the same or newer.",
      args: {
        ver1: { type: "any", required: true, doc: "A version." },
        ver2: { type: "any", required: true, doc: "Another one." },
        ignore_epoch: { type: "bool", default: false, doc: "Leave out what is before the colon." },
      },
      example: "salt '*' lowpkg.version_cmp '0.2-001' '0.2.0.1-002'",
      run(_ctx, args) {
        const plain = (value: Data) =>
          args.ignore_epoch ? pyStr(value).replace(/^[^:]*:/, "") : pyStr(value);
        return compareRpmVersions(plain(args.ver1), plain(args.ver2));
      },
    }),
  },
});

/** The package that a file belongs to; empty when there is none. */
export async function rpmOwner(
  ctx: ExecContext,
  path: string,
  kwargs: DataMap = {},
): Promise<string> {
  const argv = rpm(kwargs, "-qf", "--queryformat", "%{name}", path);
  const { retcode, stdout } = await runProgram(ctx, argv);
  return retcode === 0 && !stdout.toLowerCase().includes("not owned") ? stdout : "";
}
