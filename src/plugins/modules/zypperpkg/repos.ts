/** Repositories and locks: `pkg.list_repos`, `pkg.hold` … @module */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { elementsOf, textOf } from "../../../text/xml.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { kwargsArg, nameArg, packageWord, pkgsArg, rootArg } from "../_package_manager.ts";
import { packageList } from "../_packages.ts";
import { operand } from "../_program.ts";
import { readSystemFile } from "../_system_file.ts";
import { parseRepoFile } from "../yumpkg/repos.ts";
import { refreshDb, search } from "./available.ts";
import { parseLocks, zypper, zypperXml } from "./zypper.ts";

/** A setting of a repository, as Salt returns it. */
function setting(value: string): Data {
  if (value === "0" || value === "1") return value === "1";
  return value === "NONE" ? null : value;
}

function repos(root: string | null): Map<string, DataMap> {
  const folder = join(root ?? "/", "etc/zypp/repos.d");
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".repo")).sort(compareText);
  } catch {
    return new Map();
  }
  const found = new Map<string, DataMap>();
  for (const name of names) {
    for (const [alias, options] of parseRepoFile(readSystemFile(join(folder, name)) ?? "").repos) {
      const fields = [...options].map(([key, value]) => [key, setting(value)] as const);
      found.set(alias, { ...Object.fromEntries(fields), alias });
    }
  }
  return found;
}

function rootOf(kwargs: DataMap): string | null {
  return kwargs["root"] ? pyStr(kwargs["root"]) : null;
}

async function removeRepo(ctx: ExecContext, repo: string, root: string | null): Promise<DataMap> {
  if (!repos(root).has(repo)) throw new CommandExecutionError(`Repository '${repo}' not found.`);
  const words = ["rr", "--loose-auth", "--loose-query", operand(repo, "a repository")];
  const answer = await zypperXml(ctx, words, { root });
  const message = elementsOf(answer, "message")[0];
  return { [repo]: true, message: message ? textOf(message) : "" };
}

function urlOf(repo: string, kwargs: DataMap, known: Map<string, DataMap>): string {
  const url = pyStr(kwargs["url"] ?? kwargs["mirrorlist"] ?? kwargs["baseurl"] ?? "");
  if (url === "") {
    throw new CommandExecutionError(
      `Repository '${repo}' not found, and neither 'baseurl' nor 'mirrorlist' was specified`,
    );
  }
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url)) {
    throw new CommandExecutionError(
      `Repository '${repo}' not found and URL for baseurl/mirrorlist is malformed`,
    );
  }
  const plain = (text: string) => text.replace(/^([a-z]+:)\/\/(?=\/)/, "$1").replace(/\/$/, "");
  const same = [...known].find(([, one]) => plain(pyStr(one["baseurl"] ?? "")) === plain(url));
  if (same) throw new CommandExecutionError(`Repository '${repo}' already exists as '${same[0]}'.`);
  return url;
}

function changeWords(kwargs: DataMap): string[] {
  const onOff = (key: string, on: string, off: string) =>
    kwargs[key] === undefined ? [] : [isTrue(kwargs[key]) ? on : off];
  return [
    ...onOff("enabled", "--enable", "--disable"),
    ...onOff("refresh", "--refresh", "--no-refresh"),
    ...onOff("cache", "--keep-packages", "--no-keep-packages"),
    ...onOff("gpgcheck", "--gpgcheck", "--no-gpgcheck"),
    ...(kwargs["priority"] === undefined ? [] : [`--priority=${pyStr(kwargs["priority"])}`]),
    ...(kwargs["name"] === undefined ? [] : ["--name", pyStr(kwargs["name"])]),
  ];
}

async function modifyRepo(ctx: ExecContext, repo: string, kwargs: DataMap): Promise<DataMap> {
  const root = rootOf(kwargs);
  const known = repos(root);
  const alias = operand(repo, "a repository");
  const added = !known.has(repo);
  if (added) {
    const url = urlOf(repo, kwargs, known);
    await zypperXml(ctx, ["ar", operand(url, "a URL"), alias], { root });
    if (!repos(root).has(repo)) {
      throw new CommandExecutionError(
        `Failed add new repository '${repo}' for unspecified reason. Please check zypper logs.`,
      );
    }
  } else if (kwargs["baseurl"] && pyStr(kwargs["baseurl"]) !== known.get(repo)!["baseurl"]) {
    const before = known.get(repo)!;
    await removeRepo(ctx, repo, root);
    return await modifyRepo(ctx, repo, { cache: false, ...before, ...kwargs });
  }
  const words = changeWords(kwargs);
  if (words.length > 0) {
    await zypperXml(ctx, ["mr", ...words, alias], { root, refresh: true });
  }
  const refreshes = kwargs["gpgautoimport"] === true;
  if (refreshes) await refreshDb(ctx, { root, keys: true, repos: [repo] });
  const now = repos(root).get(repo) ?? {};
  if (refreshes || added || words.length > 0) return now;
  return { ...now, comment: "Specified arguments did not result in modification of repo" };
}

function locksFile(root: string | null): string {
  return join(root ?? "/", "etc/zypp/locks");
}

function locks(root: string | null): Record<string, Record<string, string>> {
  return parseLocks(readSystemFile(locksFile(root)) ?? "");
}

function lockTargets(name: string | null, pkgs: Data): [string, string | null][] {
  if (!name && !pkgs) throw new CommandExecutionError("Name or packages must be specified.");
  return packageList(pkgs ? pkgs : name);
}

async function hold(
  ctx: ExecContext,
  args: { name: string | null; pkgs: Data; root: string | null },
): Promise<DataMap> {
  const known = locks(args.root);
  const added: string[] = [];
  const results: DataMap = {};
  for (const [name, version] of lockTargets(args.name, args.pkgs)) {
    const isNew = known[name] === undefined;
    if (isNew) added.push(packageWord(version === null ? name : `${name}=${version}`));
    results[name] = {
      name,
      changes: isNew ? { new: "hold", old: "" } : {},
      result: true,
      comment: `Package ${name} ${isNew ? "is now being held." : "is already set to be held."}`,
    };
  }
  if (added.length > 0) await zypper(ctx, ["al", ...added], { root: args.root });
  return results;
}

async function unhold(
  ctx: ExecContext,
  args: { name: string | null; pkgs: Data; root: string | null },
): Promise<DataMap> {
  const known = locks(args.root);
  const removed: string[] = [];
  const results: DataMap = {};
  for (const [name, version] of lockTargets(args.name, args.pkgs)) {
    const say = (result: boolean, comment: string, changes: DataMap = {}) => {
      results[name] = { name, changes, result, comment };
    };
    const lock = known[name];
    if (!lock) {
      say(true, `Package ${name} was already unheld.`);
      continue;
    }
    const held = lock["version"]?.replace(/^[= ]+/, "");
    if (version !== null && held !== version) {
      say(false, `Unable to unhold package ${name} as it is held with the other version.`);
      continue;
    }
    removed.push(packageWord(held ? `${name}=${held}` : name));
    say(true, `Package ${name} is no longer held.`, { new: "", old: "hold" });
  }
  if (removed.length > 0) await zypper(ctx, ["rl", ...removed], { root: args.root });
  return results;
}

async function listHolds(
  ctx: ExecContext,
  pattern: string | null,
  full: boolean,
  root: string | null,
): Promise<string[]> {
  const names = new Set<string>();
  for (const [name, lock] of Object.entries(locks(root))) {
    if ((lock["type"] ?? "package") !== "package") continue;
    const match: DataMap = name.includes("*") ? {} : { match: "exact" };
    try {
      const found = await search(ctx, name, { ...match, root, installed_only: true });
      for (const one of Object.keys(found)) names.add(one);
    } catch (error) {
      if (!(error instanceof CommandExecutionError)) throw error;
    }
  }
  const found = new Set<string>();
  const fits = pattern === null
    ? () => true
    : (text: string) => new RegExp(`^(?:${pattern}-\\S+)`).test(text);
  for (const name of names) {
    const options = { attr: "edition,epoch", all_versions: true, root };
    const info = await ctx.salt("pkg.info_installed", [name], options);
    const editions = isMap(info) && Array.isArray(info[name]) ? info[name] : [];
    for (const one of editions.filter(isMap)) {
      const text = `${name}-${pyStr(one["epoch"] ?? 0)}:${pyStr(one["edition"] ?? "")}.*`;
      const shown = full ? text : name;
      if (fits(shown)) found.add(shown);
    }
  }
  return [...found];
}

const repo = { type: "string", required: true, doc: "Alias of the repository." } as const;

/** Functions about repositories and locks. */
export const repoFunctions = {
  list_repos: fn({
    doc: "Returns all repositories.",
    args: { root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.list_repos",
    run: (_ctx, { root }) => Object.fromEntries(repos(root)),
  }),
  get_repo: fn({
    doc: "Returns a repository; an empty map when there is none of that name.",
    args: { repo, root: rootArg, kwargs: kwargsArg },
    example: "salt '*' pkg.get_repo alias",
    run: (_ctx, args) => repos(args.root).get(args.repo) ?? {},
  }),
  mod_repo: fn({
    doc: "Changes a repository, or makes it.",
    args: {
      repo,
      kwargs: {
        ...kwargsArg,
        doc: "`url`, `baseurl`, `mirrorlist`, `name`, `enabled`, `refresh`, `cache`, `gpgcheck`, " +
          "`priority`, `gpgautoimport`, `root`.",
      },
    },
    example: "salt '*' pkg.mod_repo alias alias=new_alias\n" +
      "salt '*' pkg.mod_repo alias url= mirrorlist=http://host.com/",
    run: (ctx, args) => modifyRepo(ctx, args.repo, args.kwargs),
  }),
  del_repo: fn({
    doc: "Removes a repository.",
    args: { repo, root: rootArg },
    example: "salt '*' pkg.del_repo alias",
    run: (ctx, args) => removeRepo(ctx, args.repo, args.root),
  }),
  hold: fn({
    doc: "Has packages stay as they are.",
    args: { name: nameArg, pkgs: pkgsArg, root: rootArg, kwargs: kwargsArg },
    example: `salt '*' pkg.hold <package name>\nsalt '*' pkg.hold pkgs='["foo", "bar"]'`,
    run: hold,
  }),
  unhold: fn({
    doc: "Has packages be changed again.",
    args: { name: nameArg, pkgs: pkgsArg, root: rootArg, kwargs: kwargsArg },
    example: `salt '*' pkg.unhold <package name>\nsalt '*' pkg.unhold pkgs='["foo", "bar"]'`,
    run: unhold,
  }),
  list_holds: fn({
    doc: "Lists the installed packages that stay as they are.",
    args: {
      pattern: { type: "string", default: null, doc: "Regular expression for names." },
      full: { type: "bool", default: true, doc: "With their versions." },
      root: rootArg,
      kwargs: kwargsArg,
    },
    example: "salt '*' pkg.list_holds\nsalt '*' pkg.list_holds full=False",
    run: (ctx, args) => listHolds(ctx, args.pattern, args.full, args.root),
  }),
  list_locks: fn({
    doc: "Returns the locks of packages, also of those that are not installed.",
    args: { root: rootArg },
    example: "salt '*' pkg.list_locks",
    run: (_ctx, { root }) => locks(root),
  }),
  clean_locks: fn({
    doc: "Removes locks that are for nothing.",
    args: { root: rootArg },
    example: "salt '*' pkg.clean_locks",
    async run(ctx, { root }) {
      if (!existsSync(locksFile(root))) return { removed: 0 };
      const answer = await zypperXml(ctx, ["cl"], { root });
      const texts = elementsOf(answer, "message").map((one) => textOf(one).toLowerCase());
      const found = texts.find((text) => text.startsWith("removed"));
      return { removed: found?.split(" ")[1] ?? 0 };
    },
  }),
};
