/** Repositories: `pkg.list_repos`, `pkg.mod_repo` … @module */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { kwargsArg, withoutJob } from "../_package_manager.ts";
import { readSystemFile, writeSystemFile } from "../_system_file.ts";

const settings = ["/etc/yum/yum.conf", "/etc/yum.conf", "/etc/dnf/dnf.conf", "/etc/tdnf/tdnf.conf"];
const usualFolders = ["/etc/yum/repos.d", "/etc/yum.repos.d"];

/** A file of repositories: comments at its top, and sections in order. */
export interface RepoFile {
  header: string;
  repos: Map<string, Map<string, string>>;
  /** By repository, without `#`. */
  comments: Map<string, string[]>;
}

/** Reads a file of repositories; a line that begins with white space goes on with the one before. */
export function parseRepoFile(text: string): RepoFile {
  const file: RepoFile = { header: "", repos: new Map(), comments: new Map() };
  let section: string | undefined;
  let last: string | undefined;
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) {
      if (!trimmed.startsWith("#")) continue;
      if (section === undefined) file.header += `${trimmed}\n`;
      else {
        const known = file.comments.get(section) ?? [];
        file.comments.set(section, [...known, trimmed.slice(1).trimStart()]);
      }
      continue;
    }
    const heading = /^\[(.*)\]$/.exec(trimmed);
    if (heading) {
      section = heading[1]!;
      file.repos.set(section, file.repos.get(section) ?? new Map());
      last = undefined;
      continue;
    }
    const repo = section === undefined ? undefined : file.repos.get(section);
    if (!repo) continue;
    if (/^\s/.test(line) && last !== undefined) {
      repo.set(last, `${repo.get(last)}\n${trimmed}`);
      continue;
    }
    const [, key, value] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(trimmed) ?? [];
    if (key === undefined) continue;
    last = key.toLowerCase();
    repo.set(last, value!);
  }
  return file;
}

/** A file of repositories as text. */
export function formatRepoFile({ header, repos, comments }: RepoFile): string {
  const sections = [...repos].map(([name, options]) => {
    const lines = [...options].map(([key, value]) => `${key}=${value.replaceAll("\n", "\n ")}\n`);
    const notes = (comments.get(name) ?? []).map((note) => `# ${note}\n`);
    return `[${name}]\n${lines.join("")}${notes.join("")}\n`;
  });
  return header + sections.join("");
}

/** Where files of repositories are. */
function foldersOf(basedir: Data): string[] {
  const given = Array.isArray(basedir)
    ? basedir.map(pyStr)
    : basedir === null
    ? []
    : pyStr(basedir).split(",").map((one) => one.trim());
  if (given.length > 0) return given;
  const path = settings.find((one) => existsSync(one));
  if (path === undefined) {
    throw new CommandExecutionError(`No suitable yum config file found in: ${settings.join(", ")}`);
  }
  const main = parseRepoFile(readSystemFile(path) ?? "").repos.get("main");
  return main?.get("reposdir")?.split(/[,\s]+/).filter(Boolean) ?? usualFolders;
}

function repoFiles(basedir: Data): string[] {
  return foldersOf(basedir).filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder).filter((name) => name.endsWith(".repo")).sort(compareText)
      .map((name) => join(folder, name))
  );
}

function asData(file: RepoFile, name: string): DataMap {
  const comments = file.comments.get(name);
  const options = Object.fromEntries(file.repos.get(name) ?? []);
  return comments ? { ...options, comments } : options;
}

/** All repositories, each with its file. */
export function listRepos(basedir: Data): DataMap {
  const found: DataMap = {};
  for (const path of repoFiles(basedir)) {
    const file = parseRepoFile(readSystemFile(path) ?? "");
    for (const name of file.repos.keys()) found[name] = { ...asData(file, name), file: path };
  }
  return found;
}

function fileOf(name: string, basedir: Data): { path: string; file: RepoFile } | undefined {
  return repoFiles(basedir).map((path) => ({
    path,
    file: parseRepoFile(readSystemFile(path) ?? ""),
  })).findLast(({ file }) => file.repos.has(name));
}

/** The name of a repository that COPR makes. */
function realName(name: string): string {
  const [, owner, project] = /^copr:([^/]+)\/(.+)$/.exec(name) ?? [];
  return owner === undefined ? name : `copr:copr.fedorainfracloud.org:${owner}:${project}`;
}

async function remove(ctx: ExecContext, given: string, basedir: Data): Promise<string> {
  const name = realName(given);
  const found = fileOf(name, basedir);
  if (!found) {
    const folders = foldersOf(basedir).map((one) => `'${one}'`).join(", ");
    return `Error: the ${name} repo does not exist in [${folders}]`;
  }
  const { path, file } = found;
  if (file.repos.size === 1) {
    rmSync(path);
    return `File ${path} containing repo ${name} has been removed`;
  }
  file.repos.delete(name);
  await writeSystemFile(ctx, path, formatRepoFile(file));
  return `Repo ${name} has been removed from ${path}`;
}

const linkTypes = ["baseurl", "mirrorlist", "metalink"];

/** What is set and what is taken away, of the keyword arguments of `mod_repo`. */
function wantedOptions(kwargs: DataMap): { set: Map<string, string>; unset: Set<string> } {
  const given = Object.entries(withoutJob(kwargs)).filter(([key]) => key !== "saltenv");
  const links = linkTypes.filter((key) => given.some(([one]) => one === key));
  if (links.length >= 2) {
    throw new SaltInvocationError(`One and only one of ${linkTypes.join(", ")} can be used`);
  }
  const set = new Map<string, string>();
  const unset = new Set<string>();
  for (const [key, value] of given) {
    if (value === null || value === "") unset.add(key);
    else set.set(key, typeof value === "boolean" ? (value ? "1" : "0") : pyStr(value));
  }
  const link = linkTypes.find((key) => set.has(key));
  if (link) { for (const other of linkTypes) if (other !== link) unset.add(other); }
  if (unset.has("name")) throw new SaltInvocationError("The repo name cannot be deleted");
  return { set, unset };
}

function newFile(name: string, basedir: Data, set: Map<string, string>) {
  const folders = foldersOf(basedir);
  const folder = folders.find((one) => existsSync(one));
  if (folder === undefined) {
    throw new SaltInvocationError(
      "The repo does not exist and needs to be created, but none of the following basedir " +
        `directories exist: ${folders.join(", ")}`,
    );
  }
  if (!set.has("name")) {
    throw new SaltInvocationError(
      "The repo does not exist and needs to be created, but a name was not given",
    );
  }
  if (!linkTypes.some((key) => set.has(key))) {
    throw new SaltInvocationError(
      `The repo does not exist and needs to be created, but none of ${
        linkTypes.join(", ")
      } was given`,
    );
  }
  const file: RepoFile = { header: "", repos: new Map([[name, new Map()]]), comments: new Map() };
  return { path: join(folder, `${name}.repo`), file };
}

async function modify(
  ctx: ExecContext,
  given: string,
  basedir: Data,
  kwargs: DataMap,
): Promise<DataMap> {
  const name = realName(given);
  if (!/^[\w.:+@-]+$/.test(name)) {
    throw new SaltInvocationError(`"${name}" cannot be the name of a repo`);
  }
  const { set, unset } = wantedOptions(kwargs);
  const bad = [...set].find((entry) => entry.some((word) => /[\r\0]|\n\s*\[/.test(word)));
  if (bad) throw new SaltInvocationError(`The value of ${bad[0]} cannot be written`);
  const { path, file } = fileOf(name, basedir) ?? newFile(name, basedir, set);
  const repo = file.repos.get(name)!;
  for (const link of linkTypes.filter((key) => unset.has(key) && repo.has(key))) {
    const others = linkTypes.filter((key) => key !== link);
    if (!others.some((key) => set.has(key) || repo.has(key))) {
      throw new SaltInvocationError(
        `Cannot delete ${link} without specifying ${others.join(" or ")}`,
      );
    }
  }
  for (const key of unset) repo.delete(key);
  for (const [key, value] of set) repo.set(key, value);
  await writeSystemFile(ctx, path, formatRepoFile(file));
  const repos = [...file.repos].map(([one, options]) =>
    [one, Object.fromEntries(options)] as const
  );
  // Numbers are returned as they were given.
  const numbers = [...set.keys()].filter((key) => typeof kwargs[key] === "number")
    .map((key) => [key, kwargs[key]!]);
  const shown: DataMap = Object.fromEntries(repos);
  shown[name] = { ...shown[name] as DataMap, ...Object.fromEntries(numbers) };
  return { [path]: shown };
}

const repo = { type: "string", required: true, doc: "Name of the repository." } as const;
const basedir = {
  type: "any",
  default: null,
  doc: "Folders of files of repositories; those of the system.",
} as const;

/** Functions about repositories. */
export const repoFunctions = {
  list_repos: fn({
    doc: "Returns all repositories.",
    args: { basedir, kwargs: kwargsArg },
    example: "salt '*' pkg.list_repos\n" +
      "salt '*' pkg.list_repos basedir=/path/to/dir,/path/to/another/dir",
    run: (_ctx, args) => listRepos(args.basedir),
  }),
  get_repo: fn({
    doc: "Returns a repository; an empty map when there is none of that name.",
    args: { repo, basedir, kwargs: kwargsArg },
    example: "salt '*' pkg.get_repo myrepo\nsalt '*' pkg.get_repo myrepo basedir=/path/to/dir",
    run(_ctx, args) {
      const name = realName(args.repo);
      const found = fileOf(name, args.basedir);
      return found ? asData(found.file, name) : {};
    },
  }),
  mod_repo: fn({
    doc: "Changes a repository, or makes it. Options with an empty value are taken away.",
    args: {
      repo,
      basedir,
      kwargs: {
        ...kwargsArg,
        doc: "`name`, `baseurl`, `mirrorlist`, `metalink`, `enabled`, `gpgcheck` …: its options.",
      },
    },
    example: "salt '*' pkg.mod_repo reponame enabled=1 gpgcheck=1\n" +
      "salt '*' pkg.mod_repo reponame basedir=/path/to/dir enabled=1",
    run: (ctx, args) => modify(ctx, args.repo, args.basedir, args.kwargs),
  }),
  del_repo: fn({
    doc: "Removes a repository.",
    args: { repo, basedir, kwargs: kwargsArg },
    example: "salt '*' pkg.del_repo myrepo\nsalt '*' pkg.del_repo myrepo basedir=/path/to/dir",
    run: (ctx, args) => remove(ctx, args.repo, args.basedir),
  }),
};
