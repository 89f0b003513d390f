/** What is installed: `pip.list`, `pip.freeze`, `pip.list_upgrades` … @module */
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareVersions } from "../../../text/version.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { flag } from "../_arguments.ts";
import { packageChanges } from "../_packages.ts";
import { placeArgs } from "./install.ts";
import {
  environment,
  forgetVersion,
  isSince,
  normalizeName,
  pip,
  pipOutput,
  type PipPlace,
  pipVersion,
} from "./run.ts";

const quiet = "--disable-pip-version-check";

/** Reads `--format=json`. @throws CommandExecutionError */
export function parseJson(text: string): DataMap[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandExecutionError("Invalid JSON", { cause: error });
  }
  return Array.isArray(value) ? value.filter(isMap) : [];
}

/** Reads `pip freeze`: versions by normal name. */
export function parseFreeze(text: string, skipped: (line: string) => void): DataMap {
  const found: DataMap = {};
  for (const line of text.split("\n").filter((one) => one !== "")) {
    if (/^(-f|#|-e hg\+not trust)/.test(line)) continue;
    const plain = line.replace(/^-e /, "");
    const egg = plain.split("#egg=");
    const parts = egg.length === 2 ? [egg[1]!, egg[0]!] : plain.split(/===?/);
    if (parts.length < 2) skipped(line);
    else found[normalizeName(parts[0]!)] = parts[1]!;
  }
  return found;
}

function withPrefix(packages: DataMap, prefix: string | null): DataMap {
  if (!prefix) return packages;
  const wanted = normalizeName(prefix);
  return Object.fromEntries(Object.entries(packages).filter(([name]) => name.startsWith(wanted)));
}

interface Listing extends PipPlace {
  env_vars?: Data;
  kwargs?: DataMap;
}

async function freeze(ctx: ExecContext, args: Listing): Promise<string[]> {
  const all = await isSince(ctx, args, "8.0.3") ? ["--all"] : [];
  const options = { env: environment(args.env_vars ?? null), kwargs: args.kwargs ?? {} };
  const text = await pipOutput(ctx, ["freeze", ...all, quiet], args, options);
  return text === "" ? [] : text.split("\n");
}

async function frozen(ctx: ExecContext, args: Listing, prefix: string | null): Promise<DataMap> {
  const lines = await freeze(ctx, args);
  const skipped = (line: string) => ctx.log.error(`Can't parse line '${line}'`);
  const packages = parseFreeze(lines.join("\n"), skipped);
  return withPrefix({ pip: await pipVersion(ctx, args), ...packages }, prefix);
}

async function list(
  ctx: ExecContext,
  args: Listing,
  prefix: string | null = null,
): Promise<DataMap> {
  if (!await isSince(ctx, args, "9.0")) return await frozen(ctx, args, prefix);
  const options = { env: environment(args.env_vars ?? null), kwargs: args.kwargs ?? {} };
  const text = await pipOutput(ctx, ["list", "--format=json", quiet], args, options);
  const packages = parseJson(text).map((one): [string, Data] => [
    normalizeName(pyStr(one["name"] ?? "")),
    one["version"] ?? "",
  ]);
  return withPrefix(Object.fromEntries(packages), prefix);
}

async function upgrades(ctx: ExecContext, place: PipPlace): Promise<DataMap> {
  const words = ["list", "--outdated", quiet, "--format=json"];
  const packages = parseJson(await pipOutput(ctx, words, place));
  return Object.fromEntries(packages.map((one) => [
    pyStr(one["name"] ?? ""),
    `${pyStr(one["latest_version"] ?? "")} [${pyStr(one["latest_filetype"] ?? "")}]`,
  ]));
}

async function upgradeAll(ctx: ExecContext, place: PipPlace): Promise<DataMap> {
  const before = await list(ctx, place);
  const comments: string[] = [];
  let result = true;
  for (const name of Object.keys(await upgrades(ctx, place))) {
    const done = await pip(ctx, ["install", "-U", quiet, name], place);
    if (done.retcode !== 0) result = false;
    comments.push(done.stderr);
  }
  forgetVersion(ctx, place);
  const changes = packageChanges(before, await list(ctx, place));
  return { changes, result, comment: comments.join("") };
}

/** Versions that pip names, without those before a release that are not wanted. */
export function parseVersions(text: string, excluded: readonly string[]): string[] | null {
  const found = /^\s*Available versions: (.*)$/m.exec(text) ??
    /Could not find a version.* \(from versions: (.*)\)/.exec(text);
  const versions = (found?.[1] ?? "").split(", ")
    .filter((one) => one !== "" && !excluded.some((mark) => one.includes(mark)));
  return versions.length === 0 ? null : versions.sort(compareVersions);
}

const prefixArg = {
  type: "string",
  default: null,
  doc: "Only packages whose name begins so.",
} as const;
const more = {
  env_vars: { type: "any", default: null, doc: "Map of variables." },
  kwargs: { type: "map", keywords: true, doc: "As of `cmd.run_all`." },
} as const;
const useVt = { type: "bool", default: false, doc: "Has no effect." } as const;
const name = { type: "string", required: true, doc: "Name of the package." } as const;
const url = (doc: string) => ({ type: "string", default: null, doc }) as const;

/** Functions that change nothing, and `upgrade`. */
export const listFunctions = {
  version: fn({
    doc: "Returns the version of pip.",
    args: { bin_env: placeArgs.bin_env, cwd: placeArgs.cwd, user: placeArgs.user },
    example: "salt '*' pip.version",
    run: (ctx, args) => pipVersion(ctx, args),
  }),
  normalize: fn({
    doc: "Returns a name as package indexes compare them.",
    args: { name },
    example: "salt '*' pip.normalize Foo_Bar",
    run: (_ctx, args) => normalizeName(args.name),
  }),
  freeze: fn({
    doc: "Lists the packages with their versions, as `pip freeze` does.",
    args: { ...placeArgs, use_vt: useVt, ...more },
    example: "salt '*' pip.freeze bin_env=/home/code/path/to/virtualenv",
    run: (ctx, args) => freeze(ctx, args),
  }),
  list: fn({
    doc: "Returns the packages and their versions.",
    args: { prefix: prefixArg, ...placeArgs, ...more },
    example: "salt '*' pip.list salt",
    run: (ctx, { prefix, ...args }) => list(ctx, args, prefix),
  }),
  list_freeze_parse: fn({
    doc: "Returns the packages and their versions, by `pip freeze`.",
    args: { prefix: prefixArg, ...placeArgs, ...more },
    example: "salt '*' pip.list_freeze_parse salt",
    run: (ctx, { prefix, ...args }) => frozen(ctx, args, prefix),
  }),
  is_installed: fn({
    doc: "Says whether a package is installed.",
    args: { pkgname: name, ...placeArgs },
    example: "salt '*' pip.is_installed salt",
    async run(ctx, { pkgname, ...place }) {
      const wanted = pkgname.toLowerCase();
      return Object.keys(await list(ctx, place, pkgname)).some((one) => one === wanted);
    },
  }),
  list_upgrades: fn({
    doc: "Returns the packages that have a newer version, with that version.",
    args: placeArgs,
    example: "salt '*' pip.list_upgrades",
    run: (ctx, args) => upgrades(ctx, args),
  }),
  upgrade_available: fn({
    doc: "Says whether there is a newer version of a package.",
    args: { pkg: name, ...placeArgs },
    example: "salt '*' pip.upgrade_available <package name>",
    run: async (ctx, { pkg, ...place }) => Object.hasOwn(await upgrades(ctx, place), pkg),
  }),
  upgrade: fn({
    doc: "Upgrades all packages. Returns `changes`, `result` and `comment`.",
    args: { ...placeArgs, use_vt: useVt },
    example: "salt '*' pip.upgrade",
    run: (ctx, args) => upgradeAll(ctx, args),
  }),
  list_all_versions: fn({
    doc: "Lists the versions of a package that its index has; None when there are none.",
    args: {
      pkg: name,
      bin_env: placeArgs.bin_env,
      include_alpha: flag("Also such as 1.0a1."),
      include_beta: flag("Also such as 1.0b1."),
      include_rc: flag("Also such as 1.0rc1."),
      user: placeArgs.user,
      cwd: placeArgs.cwd,
      index_url: url("URL of the index of packages."),
      extra_index_url: url("URL of a further index."),
    },
    example: "salt '*' pip.list_all_versions <package name>",
    async run(ctx, args) {
      const urls = [["--index-url", args.index_url], ["--extra-index-url", args.extra_index_url]]
        .flatMap(([option, given]) => given ? [option!, given] : []);
      if (args.pkg.startsWith("-")) return null;
      const words = await isSince(ctx, args, "21.2")
        ? [quiet, "index", "versions", args.pkg]
        : [quiet, "install", `${args.pkg}==versions`];
      const { stdout } = await pip(ctx, [...words, ...urls], args, { merged: true });
      return parseVersions(stdout, [
        ...(args.include_alpha ? [] : ["a"]),
        ...(args.include_beta ? [] : ["b"]),
        ...(args.include_rc ? [] : ["rc"]),
      ]);
    },
  }),
};
