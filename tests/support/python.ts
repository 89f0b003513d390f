/**
 * Small Python programs with pyzmq, beside this file.
 * @module
 */
import { join } from "node:path";
import { saltVersions, venvBin } from "../../scripts/venvs.ts";
import { runCommand } from "./commands.ts";

/** argv of a program of this folder. */
export function pythonCommand(script: string, ...args: string[]): string[] {
  const folder = import.meta.dirname ?? ".";
  return [join(venvBin(saltVersions.lts), "python"), join(folder, script), ...args];
}

/**
 * Runs a program to its end and gives what it printed.
 * @throws Error when it fails.
 */
export async function runPython(script: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(pythonCommand(script, ...args));
  if (code !== 0) throw new Error(`${script} failed (${code}): ${stderr}`);
  return stdout;
}
