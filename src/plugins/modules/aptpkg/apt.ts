/**
 * Calls of apt and dpkg, and what they print. (`salt/modules/aptpkg.py`)
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import type { ExecContext } from "../../../loader/types.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import type { PackageVersions } from "../_packages.ts";
import { operand, type ProgramOptions, type ProgramResult, runProgram } from "../_program.ts";
import { scopeCommand } from "../systemd_service/systemctl.ts";

/** So that nothing asks questions. */
export const quietEnvironment: Record<string, string> = {
  APT_LISTBUGS_FRONTEND: "none",
  APT_LISTCHANGES_FRONTEND: "none",
  DEBIAN_FRONTEND: "noninteractive",
  UCF_FORCE_CONFFOLD: "1",
};

/** Times that apt is called again while another program holds its lock. */
const lockTries = 10;

/** How apt is called. */
export interface AptOptions extends ProgramOptions {
  /** Leave the minion's own group of processes: an upgrade may restart the minion. */
  scope?: boolean;
}

/** Runs apt or dpkg; waits while another one works. */
export async function apt(
  ctx: ExecContext,
  words: readonly string[],
  options: AptOptions = {},
): Promise<ProgramResult> {
  const { scope = true, env, ...rest } = options;
  const argv = [...(scope ? await scopeCommand(ctx) : []), ...words];
  const run = () => runProgram(ctx, argv, { ...rest, env: { ...quietEnvironment, ...env } });
  let done = await run();
  for (let tries = 1; tries <= lockTries && done.stderr.includes("Could not get lock"); tries++) {
    ctx.log.warning(`Waiting for dpkg lock release: retrying... ${tries}/${lockTries}`);
    await delay(Math.min(2 ** tries, 60) * 1000, undefined, { signal: ctx.signal });
    done = await run();
  }
  return done;
}

/** A name, with its architecture where that is not the machine's own. */
export function packageWord(name: Data): string {
  return operand(name, "the name of a package");
}

/** What `dpkg-query` is asked for each package. */
export const listFormat = "${Status} ${Package} ${Version} ${Architecture}\\n";

/** Packages in the answer to {@linkcode listFormat}, by what is the matter with them. */
export interface PackageLists {
  installed: PackageVersions;
  removed: PackageVersions;
  purgeDesired: PackageVersions;
}

/** @param foreign whether names of other architectures get these behind them. */
export function parsePackages(text: string, osarch: string, foreign: boolean): PackageLists {
  const lists: PackageLists = {
    installed: new Map(),
    removed: new Map(),
    purgeDesired: new Map(),
  };
  for (const line of text.split("\n")) {
    const [wanted, , status, name, version, arch] = line.split(/\s+/);
    if (!wanted || !status || !name || !version || !arch) continue;
    const called = foreign && arch !== "all" && arch !== osarch ? `${name}:${arch}` : name;
    const add = (list: PackageVersions) => list.set(called, [...list.get(called) ?? [], version]);
    const isIn = wanted.includes("install") || wanted.includes("hold");
    if (isIn && status.includes("installed")) add(lists.installed);
    else if (wanted.includes("deinstall")) add(lists.removed);
    else if (wanted.includes("purge") && status === "installed") add(lists.purgeDesired);
  }
  return lists;
}

/** Candidates by name, of `apt-cache policy`. */
export function parsePolicy(text: string): Map<string, string> {
  const candidates = new Map<string, string>();
  let name = "";
  for (const line of text.split("\n")) {
    if (/^\S.*:$/.test(line)) name = line.slice(0, -1);
    const found = /^\s+Candidate:\s+(\S+)$/.exec(line);
    if (found) candidates.set(name, found[1] === "(none)" ? "" : found[1]!);
  }
  return candidates;
}

/** What became of each source, of `apt-get update`: fetched, the same as before, or failed. */
export function parseUpdate(text: string): { sources: DataMap; failed: string[] } {
  const sources = new Map<string, Data>();
  const failed: string[] = [];
  for (const line of text.split("\n")) {
    const [word = "", ...rest] = line.split(/\s+/).filter(Boolean);
    const name = rest.join(" ");
    if (word.includes("Get")) sources.set(name.replace(/ \[.+B\]$/, ""), true);
    else if (word.includes("Ign")) sources.set(name, false);
    else if (word.includes("Hit")) sources.set(name, null);
    else if (word.includes("Err")) {
      sources.set(name, false);
      failed.push(name);
    }
  }
  return { sources: Object.fromEntries(sources), failed };
}

/** New versions by name, of `apt-get --just-print`. */
export function parseUpgrades(text: string): DataMap {
  return Object.fromEntries(
    [...text.matchAll(/^Conf ([^ ]+) \(([^ ]+)/gm)].map(([, name, version]) => [name!, version!]),
  );
}

/** Names that `apt-get --assume-no autoremove` would remove, sorted. */
export function parseAutoremove(text: string): string[] {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => line.includes("The following packages will be REMOVED:"));
  if (at < 0) return [];
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => !line.startsWith(" "));
  const names = (end < 0 ? rest : rest.slice(0, end)).flatMap((line) => line.split(/\s+/));
  return names.filter(Boolean).sort();
}

/** Versions by name, of `apt-cache show` or `dump`. */
export function parseVersionsOf(text: string): Record<string, string[]> {
  const found = new Map<string, string[]>();
  let name = "";
  for (const line of text.split("\n")) {
    const [, key, value = ""] = /^\s*(Package|Version): (.+)$/.exec(line) ?? [];
    if (key === "Package") name = value.trim();
    else if (key === "Version") found.set(name, [...found.get(name) ?? [], value.trim()]);
  }
  return Object.fromEntries(found);
}

/** Fields by name and version, of `apt-cache show`; only those that `wanted` lets through. */
export function parseShow(text: string, wanted: (field: string) => boolean): DataMap {
  const found = new Map<string, DataMap>();
  for (const block of text.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const line of block.split("\n").map((one) => one.trim())) {
      const at = line.indexOf(":");
      if (at > 0) fields.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
    }
    const [name, version] = [fields.get("Package"), fields.get("Version")];
    if (name === undefined || version === undefined) continue;
    const rest = [...fields].filter(([key]) =>
      key !== "Package" && key !== "Version" && wanted(key.toLowerCase())
    );
    found.set(name, { ...found.get(name), [version]: Object.fromEntries(rest) });
  }
  return Object.fromEntries(found);
}

/** Packages by what is wanted of them, of `dpkg --get-selections`. */
export function parseSelections(text: string): Record<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [name, state] = line.split(/\s+/).filter(Boolean);
    if (name && state) found.set(state, [...found.get(state) ?? [], name]);
  }
  return Object.fromEntries(found);
}
