/**
 * What each role runs. Only the role that is called is loaded.
 * @module
 */
import { SaltException } from "../errors.ts";
import type { RunTool } from "./invocation.ts";

const TOOLS: Readonly<Record<string, () => Promise<{ run: RunTool }>>> = {
  master: () => import("./master.ts"),
  minion: () => import("./minion.ts"),
  salt: () => import("./salt.ts"),
  call: () => import("./call.ts"),
  run: () => import("./run.ts"),
  cp: () => import("./cp.ts"),
  completion: () => import("./completion.ts"),
  key: () => import("./key.ts"),
  syndic: () => import("./syndic.ts"),
};

/** The program of a role. */
export async function loadTool(role: string): Promise<RunTool> {
  const load = TOOLS[role];
  if (!load) throw new SaltException(`saltx ${role} is not part of this version.`);
  return (await load()).run;
}
