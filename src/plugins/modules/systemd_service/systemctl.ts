/**
 * Calls of systemctl. (`salt/modules/systemd_service.py`, `salt/utils/systemd.py`)
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { CommandExecutionError } from "../../../errors.ts";
import { isReadable } from "../../../fs/mod.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { operand, type ProgramOptions, type ProgramResult, runProgram } from "../_program.ts";
import { localFolder, unitName } from "./units.ts";

/** How systemctl is called. */
export interface SystemctlOptions {
  noBlock?: boolean;
  /** Leave the minion's own group of processes, so that the unit outlives it. */
  scope?: boolean;
  root?: string | null;
}

/** Whether this machine was started by systemd. */
export function isBooted(): boolean {
  return existsSync("/run/systemd/system");
}

/** Whether units can only be prepared, as in a container or an image. */
export function isOffline(): boolean {
  return !isBooted() && which("systemctl") !== null;
}

/** The version that `systemctl --version` names; null when it cannot be read. */
export function parseVersion(text: string): number | null {
  const found = /\w+ (\d+)/.exec(text.split("\n")[0]!);
  return found ? Number(found[1]) : null;
}

async function version(ctx: ExecContext): Promise<number | null> {
  const known = ctx.context["systemd.version"];
  if (typeof known === "number") return known;
  const { stdout } = await runProgram(ctx, ["systemctl", "--version"], { ignoreRetcode: true });
  const found = parseVersion(stdout);
  ctx.context["systemd.version"] = found;
  return found;
}

/** What goes in front of systemctl so that the unit does not belong to the minion's group. */
export async function scopeCommand(ctx: ExecContext): Promise<string[]> {
  if (!isBooted() || (await version(ctx) ?? 0) < 205) return [];
  if (await ctx.salt("config.get", ["systemd.scope", true]) === false) return [];
  if (which("systemd-run") === null) {
    throw new CommandExecutionError(
      "systemd-run is required to start systemctl in a scope of its own, but it was not found. " +
        "Install it, or set the option systemd.scope to False",
    );
  }
  return ["systemd-run", "--scope"];
}

/** Runs systemctl with some words and, if any, a unit. */
export async function systemctl(
  ctx: ExecContext,
  words: readonly string[],
  name: string | null,
  options: SystemctlOptions & ProgramOptions = {},
): Promise<ProgramResult> {
  const { noBlock, scope, root, ...rest } = options;
  const argv = [
    ...(scope ? await scopeCommand(ctx) : []),
    "systemctl",
    ...(noBlock ? ["--no-block"] : []),
    ...(root ? ["--root", root] : []),
    ...words,
    ...(name === null ? [] : [operand(unitName(name), "a unit")]),
  ];
  return await runProgram(ctx, argv, rest);
}

/** What systemctl complained of, without the line about its scope. */
export function complaint(stderr: string): string {
  return stderr.split("\n").filter((line) => !line.endsWith(".scope")).join("\n").trim();
}

async function status(ctx: ExecContext, name: string): Promise<ProgramResult> {
  return await systemctl(ctx, ["status", "-n", "0"], name, { ignoreRetcode: true });
}

/** Whether systemd knows a unit, by the answer to `status`. */
async function isKnown(ctx: ExecContext, name: string, answer: ProgramResult): Promise<boolean> {
  if ((await version(ctx) ?? 0) >= 231) return answer.retcode >= 0 && answer.retcode < 4;
  const text = `${answer.stdout}\n${answer.stderr}`.toLowerCase();
  if (text.includes("could not be found")) return false;
  const loaded = /^\s+loaded:\s+(\S+)/m.exec(text);
  if (loaded) return loaded[1] !== "not-found";
  throw new CommandExecutionError(`Failed to get information on unit '${name}'`);
}

/**
 * Whether systemd knows a unit.
 * @throws CommandExecutionError where systemd does not run.
 */
export async function isAvailable(ctx: ExecContext, name: string): Promise<boolean> {
  if (isOffline()) {
    throw new CommandExecutionError(
      `Cannot run in offline mode. Failed to get information on unit '${name}'`,
    );
  }
  return await isKnown(ctx, name, await status(ctx, name));
}

/** Has systemd read its units anew. @throws CommandExecutionError when it does not. */
export async function reloadUnits(ctx: ExecContext): Promise<true> {
  const done = await systemctl(ctx, ["--system", "daemon-reload"], null);
  if (done.retcode === 0) return true;
  const why = `${done.stdout}\n${done.stderr}`.trim();
  throw new CommandExecutionError(`Problem performing systemctl daemon-reload: ${why}`);
}

/** Has systemd read its units anew when it does not know this one as it is on the disk. */
export async function noticeChanges(ctx: ExecContext, name: string): Promise<void> {
  if (isOffline()) return;
  const answer = await status(ctx, name);
  const changed = `${answer.stdout}\n${answer.stderr}`.toLowerCase()
    .includes("'systemctl daemon-reload'");
  const isNew = () => isReadable(join(localFolder, unitName(name)));
  if (changed || (isNew() && !await isKnown(ctx, name, answer))) await reloadUnits(ctx);
}
