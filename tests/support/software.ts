/**
 * The programs that tests put together: saltx as it is built, and real Salt.
 * @module
 */
import { join, resolve } from "node:path";
import { type SaltVersion, venvBin } from "../../scripts/venvs.ts";

/** Whose program to run. */
export type Software = "saltx" | SaltVersion;

/** What Salt calls `salt-master`, `salt` … */
export type Tool = "master" | "minion" | "syndic" | "salt" | "key" | "run" | "call" | "cp";

/** The clone that the tests belong to. */
export const projectRoot = resolve(import.meta.dirname ?? ".", "../..");

/**
 * argv that starts saltx: the built file, or what `SALTX_COMMAND` names (for example
 * `node mod.ts`), to test the source as it is.
 */
export function saltxCommand(): string[] {
  const command = process.env["SALTX_COMMAND"];
  if (command) return command.split(" ");
  return [join(projectRoot, "dist", "saltx")];
}

/** argv that starts a tool. */
export function commandOf(software: Software, tool: Tool): string[] {
  if (software === "saltx") return [...saltxCommand(), tool];
  return [join(venvBin(software), tool === "salt" ? "salt" : `salt-${tool}`)];
}
