/**
 * Calls of zypper, and what they print. (`salt/modules/zypperpkg.py`)
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { CommandExecutionError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { elementsOf, parseXml, textOf, type XmlElement } from "../../../text/xml.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { type ProgramResult, runProgram } from "../_program.ts";
import { scopeCommand } from "../systemd_service/systemctl.ts";

/** Exit codes with which all is well. */
const fine = new Set([0, 100, 101, 102, 103]);
/** Those with which something is to be told, but all was done. */
const warnings = new Set([6, 7, 106, 107]);
const locked = 7;
const lockTries = 60;

/** How zypper is called. */
export interface ZypperOptions {
  root?: string | null;
  /** Do not take the lock: nothing is changed. */
  readonly?: boolean;
  /** May fetch what repositories have. */
  refresh?: boolean;
  /** Leave the minion's own group of processes: an upgrade may restart the minion. */
  scope?: boolean;
  /** Do not throw. */
  soft?: boolean;
}

/** Whether zypper did what it should, by its exit code. */
export function isFine(retcode: number): boolean {
  return fine.has(retcode);
}

/** What zypper complains of, in plain or XML output. */
function complaint(done: ProgramResult, xml: boolean): string {
  if (!xml) return [done.stderr, done.stdout].map((text) => text.trim()).filter(Boolean).join("\n");
  try {
    const errors = elementsOf(parseXml(done.stdout), "message")
      .filter(({ attributes }) => attributes["type"] === "error").map(textOf);
    if (errors.length > 0) return errors.join("\n");
  } catch {
    // What is no XML cannot be told apart from what zypper says besides.
  }
  return done.stderr.trim();
}

async function run(
  ctx: ExecContext,
  words: readonly string[],
  options: ZypperOptions,
  xml: boolean,
): Promise<ProgramResult> {
  const argv = [
    ...(options.scope ? await scopeCommand(ctx) : []),
    "zypper",
    "--non-interactive",
    ...(xml ? ["--xmlout"] : []),
    ...(options.refresh ? [] : ["--no-refresh"]),
    ...(options.root ? ["--root", options.root] : []),
    ...words,
  ];
  const env: Record<string, string> = options.readonly && !options.refresh
    ? { ZYPP_READONLY_HACK: "1" }
    : {};
  const call = () => runProgram(ctx, argv, { env, ignoreRetcode: true });
  let done = await call();
  for (let tries = 1; tries <= lockTries && done.retcode === locked; tries++) {
    ctx.log.warning(`Waiting for zypper's lock: ${tries}/${lockTries}`);
    await delay(5000, undefined, { signal: ctx.signal });
    done = await call();
  }
  if (fine.has(done.retcode) || warnings.has(done.retcode) || options.soft) return done;
  const why = complaint(done, xml) || "Check Zypper's logs.";
  throw new CommandExecutionError(`Zypper command failure: ${why}`);
}

/** Runs zypper; waits while another one works. @throws CommandExecutionError when it fails. */
export async function zypper(
  ctx: ExecContext,
  words: readonly string[],
  options: ZypperOptions = {},
): Promise<ProgramResult> {
  return await run(ctx, words, options, false);
}

/** Runs zypper for an answer in XML. @throws CommandExecutionError when it fails, or writes none. */
export async function zypperXml(
  ctx: ExecContext,
  words: readonly string[],
  options: ZypperOptions = {},
): Promise<XmlElement> {
  const { stdout } = await run(ctx, words, options, true);
  try {
    return parseXml(stdout);
  } catch (error) {
    throw new CommandExecutionError("zypper's answer cannot be read", { cause: error });
  }
}

/** What became of each repository, of `zypper refresh`: fetched, or the same as before. */
export function parseRefresh(text: string): Record<string, boolean> {
  const found: Record<string, boolean> = {};
  for (const line of text.split("\n").map((one) => one.trim())) {
    const name = line.split("'")[1]?.trim();
    if (name === undefined) continue;
    if (line.startsWith("Repository") && line.includes("is up to date")) found[name] = false;
    else if (line.startsWith("Building") && line.includes("done")) found[name] = true;
  }
  return found;
}

/** Reads `zypper info`: fields by package. */
export function parseInfo(text: string): Record<string, DataMap> {
  const found: Record<string, DataMap> = {};
  for (const block of text.split(/^Information for package.*$/m).slice(1)) {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const [, key, value] = /^([^:]+?)\s*:\s*(.*?)\s*$/.exec(line.trim()) ?? [];
      if (key !== undefined && value !== "" && !line.startsWith("-----")) {
        fields.set(key.toLowerCase(), value!);
      }
    }
    const name = fields.get("name");
    if (name === undefined) continue;
    fields.delete("name");
    const entry: DataMap = Object.fromEntries(fields);
    const installed = fields.get("installed");
    if (installed !== undefined) entry["installed"] = installed.toLowerCase().startsWith("yes");
    found[name] = entry;
  }
  return found;
}

/** Reads `/etc/zypp/locks`: the fields of each lock by the name that it is for. */
export function parseLocks(text: string): Record<string, Record<string, string>> {
  const locks: Record<string, Record<string, string>> = {};
  for (const block of text.split("\n\n")) {
    const fields = block.split("\n").map((line) => /^\s*([^:]+?)\s*:\s*(.*?)\s*$/.exec(line))
      .filter((found) => found !== null).map(([, key, value]): [string, string] => [key!, value!]);
    const { solvable_name: name, ...lock } = Object.fromEntries(fields);
    if (name) locks[name] = lock;
  }
  return locks;
}

/** The attributes of what `zypper search` found. */
export function solvables(answer: XmlElement): Record<string, string>[] {
  return elementsOf(answer, "solvable").map(({ attributes }) => attributes);
}

/** The folder of a system that a call names. */
export function rootOf(kwargs: DataMap): string | null {
  return kwargs["root"] ? pyStr(kwargs["root"]) : null;
}

/** Values of a list, or one of them. */
export function wordList(value: Data | undefined): string[] {
  if (value === undefined || value === null || value === "") return [];
  return Array.isArray(value) ? value.map(pyStr) : [pyStr(value)];
}

/** A setting below `zypper` in the pillar. */
export function pillarSetting(ctx: ExecContext, key: string): Data | undefined {
  const settings = ctx.pillar["zypper"] ?? null;
  return isMap(settings) ? settings[key] : undefined;
}
