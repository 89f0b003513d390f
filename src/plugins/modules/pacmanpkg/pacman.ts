/**
 * Runs pacman and reads what it prints.
 * @module
 */
import type { ExecContext } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { DataMap } from "../../../types/mod.ts";
import type { Outcome } from "../_package_manager.ts";
import type { PackageVersions } from "../_packages.ts";
import { runProgram } from "../_program.ts";
import type { RepoVersions } from "../_repo_versions.ts";
import { scopeCommand } from "../systemd_service/systemctl.ts";

/** Texts by name: files by package, packages by group. */
export type Lists = Record<string, string[]>;

/** Changes packages, without a question. */
export async function pacman(ctx: ExecContext, words: readonly string[]): Promise<Outcome> {
  const quiet = ["--noprogressbar", "--noconfirm"];
  const [operation = "", ...rest] = words;
  const argv = [...await scopeCommand(ctx), "pacman", operation, ...quiet, ...rest];
  const done = await runProgram(ctx, argv);
  return { errors: done.retcode === 0 ? [] : [done.stderr || done.stdout] };
}

/** Options for the folder of another system. */
export function rootWords(kwargs: DataMap): string[] {
  return kwargs["root"] ? ["-r", pyStr(kwargs["root"])] : [];
}

/** Rows of words, of what pacman prints. */
function rows(text: string): string[][] {
  return text.split("\n").map((line) => line.trim().split(/\s+/)).filter(([first]) => first !== "");
}

/** Reads `pacman -Q`. */
export function parseInstalled(text: string): PackageVersions {
  return new Map(
    rows(text).filter((row) => row.length >= 2).map(([name, version]) => [name!, [version!]]),
  );
}

/** What became of each database, of `pacman -Sy`: fetched, or the same as before. */
export function parseRefresh(text: string): Record<string, boolean> {
  const found: Record<string, boolean> = {};
  for (const [first, second] of rows(text).filter(([word]) => word !== "::")) {
    // `downloading core.db` of older ones, `core downloading...` of pacman 6.
    if (first === "downloading" && second) found[second.split(".")[0]!] = true;
    else if (second?.startsWith("downloading")) found[first!] = true;
  }
  for (const line of text.split("\n").filter((one) => one.includes("is up to date"))) {
    found[line.trim().split(/\s+/)[0]!] = false;
  }
  return found;
}

/** Reads `--print-format '%n %v'`: versions by package. */
export function parsePrinted(text: string): DataMap {
  const packages = rows(text).filter((row) =>
    row.length === 2 && !(row[0]!.toLowerCase() === "downloading" && row[1]!.includes(".db"))
  );
  return Object.fromEntries(packages.map(([name, version]) => [name!, version!]));
}

/** Reads `pacman -Sl`: versions by repository and package. */
export function parseRepos(
  text: string,
  isWanted: (repo: string, name: string) => boolean,
): RepoVersions {
  const found: RepoVersions = {};
  for (const [repo, name, version] of rows(text)) {
    if (!repo || !name || !version || !isWanted(repo, name)) continue;
    ((found[repo] ??= {})[name] ??= []).push(version);
  }
  return found;
}

/** Reads `pacman -Ql`: files by package, and complaints. */
export function parseFiles(text: string, stderr: string): { errors: string[]; files: Lists } {
  const files: Lists = {};
  for (const line of text.split("\n")) {
    const [, name, path] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (name !== undefined) (files[name] ??= []).push(path!);
  }
  return { errors: stderr.split("\n").filter((line) => line.startsWith("error")), files };
}

/** Reads `pacman -Sgg` and `-Qg`: packages by group. */
export function parseGroups(text: string): Lists {
  const groups: Lists = {};
  for (const [group, name] of rows(text)) if (group && name) (groups[group] ??= []).push(name);
  return groups;
}
