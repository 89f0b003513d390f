/**
 * Running other programs.
 * @module
 */
import { spawn } from "node:child_process";

/** Runs a program to its end and returns its standard output. Rejects with what it said when it failed. */
export function run(command: string, args: string[], cwd?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const out: Uint8Array[] = [];
    const err: Uint8Array[] = [];
    child.stdout.on("data", (chunk) => out.push(chunk));
    child.stderr.on("data", (chunk) => err.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) return resolve(Buffer.concat(out).toString());
      const said = Buffer.concat([...out, ...err]).toString().trim();
      reject(new Error(`${command} ${args.join(" ")} ended with ${code}\n${said}`));
    });
  });
}
