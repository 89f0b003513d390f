/** Packages that stay as they are: `pkg.hold`, `pkg.list_holds` … @module */
import { SaltInvocationError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { DataMap } from "../../../types/mod.ts";
import {
  holdTargets,
  kwargsArg,
  nameArg,
  packageWord,
  pkgsArg,
  sourcesArg,
} from "../_package_manager.ts";
import { runProgram } from "../_program.ts";
import { readSystemFile } from "../_system_file.ts";
import { listPackages } from "../_rpm_list.ts";
import { isDnf, yum, yumName } from "./yum.ts";

const namePattern = String.raw`[\w+]+(?:[.-][^-]+)*`;

/** The package that brings the command `versionlock`. */
function lockPackage(ctx: ExecContext): string {
  const name = yumName(ctx);
  if (name === "tdnf") throw new SaltInvocationError("Cannot proceed, no versionlock for tdnf");
  if (name === "yum") return "yum-plugin-versionlock";
  const grain = (key: string) => pyStr(ctx.grains[key] ?? "");
  const isOld = grain("os").toLowerCase() === "fedora"
    ? Number.parseInt(grain("osrelease")) < 26
    : Number.parseInt(grain("osmajorrelease")) < 8;
  if (!isOld) return "python3-dnf-plugin-versionlock";
  return grain("os").toLowerCase() === "fedora"
    ? "python3-dnf-plugins-extras-versionlock"
    : "python2-dnf-plugin-versionlock";
}

async function checkLocks(ctx: ExecContext): Promise<void> {
  // dnf5 has it built in.
  if (yumName(ctx) === "dnf5") return;
  const name = lockPackage(ctx);
  if (Object.hasOwn(await listPackages(ctx), name)) return;
  throw new SaltInvocationError(`Cannot proceed, ${name} is not installed.`);
}

/** The lock that a line of `versionlock list` names: with its version, or the name alone. */
export function parseHold(
  line: string,
  pattern: string,
  full: boolean,
  dnf: boolean,
): string | null {
  const lock = dnf
    ? `(${pattern}-\\S+)`
    : full
    ? `(\\d+:${pattern}-\\S+)`
    : `\\d+:(${pattern}-\\S+)`;
  const found = new RegExp(lock).exec(line)?.[1];
  if (found === undefined || full) return found ?? null;
  const bare = found.includes(".") ? found.slice(0, found.lastIndexOf(".")) : found;
  return bare.split("-").slice(0, -2).join("-");
}

/** Reads dnf5's file of locks: names, or names with versions. */
export function parseLockFile(text: string, full: boolean): string[] {
  const found: string[] = [];
  for (const block of text.split(/^\s*\[\[packages\]\]\s*$/m).slice(1)) {
    const value = (key: string) =>
      new RegExp(`^\\s*${key}\\s*=\\s*["'](.*)["']`, "m").exec(block)?.[1];
    const name = value("name");
    if (name === undefined) continue;
    if (!full) {
      if (!found.includes(name)) found.push(name);
      continue;
    }
    const equals = /key\s*=\s*["']evr["'][^]*?comparator\s*=\s*["']=["']/.test(block);
    const evr = equals ? value("value") : undefined;
    if (evr !== undefined) found.push(`${name}-${evr.includes(":") ? evr : `0:${evr}`}.*`);
  }
  return found;
}

/** Packages that are held. @throws SaltInvocationError where there is no command for it. */
export async function listHolds(
  ctx: ExecContext,
  full: boolean,
  pattern = namePattern,
): Promise<string[]> {
  await checkLocks(ctx);
  if (yumName(ctx) === "dnf5") {
    return parseLockFile(readSystemFile("/etc/dnf/versionlock.toml") ?? "", full);
  }
  const { stdout } = await runProgram(ctx, [yumName(ctx), "versionlock", "list"]);
  return stdout.split("\n").map((line) => parseHold(line, pattern, full, isDnf(ctx)))
    .filter((one) => one !== null);
}

/** Holds packages, or frees them. Returns what became of each. */
export async function setHolds(
  ctx: ExecContext,
  names: readonly string[],
  hold: boolean,
): Promise<Record<string, DataMap & { result: boolean | null }>> {
  const byName = hold || isDnf(ctx);
  const locks = await listHolds(ctx, !byName);
  const dnf = isDnf(ctx);
  const results: Record<string, DataMap & { result: boolean | null }> = {};
  for (const name of names) {
    const say = (result: boolean | null, comment: string, changes: DataMap = {}) => {
      results[name] = { name, changes, result, comment: `Package ${name} ${comment}` };
    };
    const own = byName
      ? locks.filter((lock) => lock === name)
      : locks.filter((lock) => parseHold(lock, namePattern, false, dnf) === name);
    if (own.length > 0 === hold) {
      say(true, hold ? "is already set to be held." : "is not being held.");
    } else if (ctx.opts["test"] === true) {
      say(null, hold ? "is set to be held." : "is set to be unheld.");
    } else {
      const words = hold ? ["add", packageWord(name)] : ["delete", ...own];
      const done = await yum(ctx, ["versionlock", ...words]);
      if (done.retcode !== 0) say(false, `was unable to be ${hold ? "held" : "unheld"}.`);
      else if (hold) say(true, "is now being held.", { new: "hold", old: "" });
      else say(true, "is no longer held.", { new: "", old: "hold" });
    }
  }
  return results;
}

/** Functions about what is held. */
export const holdFunctions = {
  hold: fn({
    doc: "Has packages stay as they are.",
    args: {
      name: nameArg,
      pkgs: pkgsArg,
      sources: sourcesArg,
      normalize: { type: "bool", default: true, doc: "Has no effect." },
      kwargs: kwargsArg,
    },
    example: `salt '*' pkg.hold <package name>\nsalt '*' pkg.hold pkgs='["foo", "bar"]'`,
    async run(ctx, args) {
      await checkLocks(ctx);
      return await setHolds(ctx, holdTargets(args.name, args.pkgs, args.sources), true);
    },
  }),
  unhold: fn({
    doc: "Has packages be changed again.",
    args: { name: nameArg, pkgs: pkgsArg, sources: sourcesArg, kwargs: kwargsArg },
    example: `salt '*' pkg.unhold <package name>\nsalt '*' pkg.unhold pkgs='["foo", "bar"]'`,
    async run(ctx, args) {
      await checkLocks(ctx);
      return await setHolds(ctx, holdTargets(args.name, args.pkgs, args.sources), false);
    },
  }),
  list_holds: fn({
    doc: "Lists the packages that stay as they are.",
    args: {
      pattern: { type: "string", default: namePattern, doc: "Regular expression for names." },
      full: { type: "bool", default: true, doc: "With their versions." },
    },
    example: "salt '*' pkg.list_holds\nsalt '*' pkg.list_holds full=False",
    run: (ctx, args) => listHolds(ctx, args.full, args.pattern),
  }),
};
