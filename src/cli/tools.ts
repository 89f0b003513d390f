/**
 * What each role runs. Only the role that is called is loaded.
 * @module
 */
import type { RunTool } from "./invocation.ts";

const TOOLS: Readonly<Record<string, () => Promise<{ run: RunTool }>>> = {
  master: () => import("./master.ts"),
  minion: () => import("./minion.ts"),
  salt: () => import("./salt.ts"),
  call: () => import("./call.ts"),
  completion: () => import("./completion.ts"),
  key: () => import("./key.ts"),
};

/** The program of a role. */
export async function loadTool(role: string): Promise<RunTool> {
  const load = TOOLS[role];
  if (!load) throw new Error(`no program for role ${role}`);
  return (await load()).run;
}
