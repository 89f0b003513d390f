/**
 * Calls of dnf and yum, and what they print. (`salt/modules/yumpkg.py`)
 * @module
 */
import { jobEnvironment } from "../../../loader/environment.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { isTrue } from "../../../text/is_true.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { withoutJob } from "../_package_manager.ts";
import { type ProgramOptions, type ProgramResult, runProgram } from "../_program.ts";
import { fullName } from "../_rpm.ts";
import { scopeCommand } from "../systemd_service/systemctl.ts";

const programs = ["dnf5", "dnf", "tdnf", "yum"] as const;

/** The package manager there is; the newest of them. */
export type Yum = typeof programs[number];

/** What this machine has; null when it has none. `path` as in `PATH`. */
export function findYum(path?: string): Yum | null {
  return programs.find((name) => which(name, path) !== null) ?? null;
}

/** What this job runs. */
export function yumName(ctx: ExecContext): Yum {
  return findYum(jobEnvironment(ctx)["PATH"]) ?? "yum";
}

/** Whether it understands what dnf does. */
export function isDnf(ctx: ExecContext): boolean {
  return ["dnf", "dnf5"].includes(yumName(ctx));
}

/** Runs it, outside of the minion's own group of processes: an upgrade may restart the minion. */
export async function yum(
  ctx: ExecContext,
  words: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  return await runProgram(ctx, [...await scopeCommand(ctx), yumName(ctx), ...words], options);
}

function wordList(value: Data | undefined): string[] {
  if (value === undefined || value === null || value === "") return [];
  return Array.isArray(value) ? value.map(pyStr) : [pyStr(value)];
}

const optionKeys = new Set([
  "branch",
  "disableexcludes",
  "disablerepo",
  "enablerepo",
  "fromrepo",
  "repo",
  "setopt",
]);

/**
 * Options for the package manager, of keyword arguments that functions of `pkg` have in common.
 *
 * @param extra Whether other keyword arguments become options too.
 */
export function repoOptions(kwargs: DataMap, extra = false): string[] {
  const given = withoutJob(kwargs);
  const from = pyStr(given["fromrepo"] || given["repo"] || "");
  const all = (key: string) => wordList(given[key]).map((word) => `--${key}=${word}`);
  const split = wordList(given["setopt"]).flatMap((word) => word.split(","));
  const others = Object.entries(given).filter(([key]) => !optionKeys.has(key))
    .sort(([a], [b]) => compareText(a, b)).flatMap(([key, value]) => {
      if (typeof value === "string") return [`--${key}=${value}`];
      return value === true ? [`--${key}`] : [];
    });
  return [
    ...(from ? ["--disablerepo=*", `--enablerepo=${from}`] : [
      ...all("disablerepo"),
      ...all("enablerepo"),
    ]),
    ...all("disableexcludes"),
    ...all("branch"),
    ...split.map((word) => `--setopt=${word.trim()}`),
    ...(extra ? others : []),
  ];
}

const headings = new Set([
  "installed packages",
  "available packages",
  "available upgrades",
  "updated packages",
  "upgraded packages",
]);

/** One line of `dnf list`. */
export interface Listed {
  name: string;
  arch: string;
  version: string;
  repoid: string;
}

/** Reads `dnf list`, also where long entries go over several lines. */
export function parseList(text: string, own: string): Listed[] {
  const words = text.split("\n").filter((line) => !headings.has(line.trim().toLowerCase()))
    .flatMap((line) => line.split(/\s+/)).filter(Boolean);
  const found: Listed[] = [];
  for (let at = 0; at + 2 < words.length; at += 3) {
    const [word, version, repoid] = [words[at]!, words[at + 1]!, words[at + 2]!];
    const dot = word.lastIndexOf(".");
    const arch = dot < 0 ? own : word.slice(dot + 1);
    const name = fullName(dot < 0 ? word : word.slice(0, dot), arch, own);
    found.push({
      name,
      arch,
      version: version.replace(/-$/, ""),
      repoid: repoid.replace(/^@/, ""),
    });
  }
  return found;
}

/** Whether a map of keyword arguments asks for something. */
export function asks(kwargs: DataMap, key: string): boolean {
  return kwargs[key] !== undefined && isTrue(kwargs[key]);
}
