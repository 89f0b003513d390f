/**
 * Compiles the bundle and writes V8's result, so that starting saltx need not do it again. Run by the
 * Node that the executable is made of:
 *
 *     node write_code_cache.ts BUNDLE OUTPUT
 *
 * The program is run for the usual short command lines first, in a folder of its own: what they used is
 * then compiled as well.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";

/** `salt` finds no master and ends; what it needs to talk to one is compiled when it does. */
const commandLines = (configDir: string) => [
  ["--version"],
  ["salt", "--help"],
  ["key", "-c", configDir, "-L"],
  ["salt", "-c", configDir, "*", "test.ping"],
  ["run", "-c", configDir, "jobs.list_jobs"],
  ["call", "-c", configDir, "--local", "test.ping"],
];

const [bundle, output] = process.argv.slice(2);
if (!bundle || !output) throw new Error("Call it as: write_code_cache.ts BUNDLE OUTPUT");

const script = new Script(readFileSync(bundle, "latin1"), { filename: bundle });
const program = script.runInThisContext() as (require: NodeJS.Require) => void;
const root = mkdtempSync(join(tmpdir(), "saltx-cache-"));
try {
  writeFileSync(join(root, "master"), `root_dir: ${root}\n`);
  writeFileSync(join(root, "minion"), `root_dir: ${root}\nid: cache\nfile_client: local\n`);
  for (const words of commandLines(root)) await runOnce(words);
  writeFileSync(output, script.createCachedData());
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Runs the program until it wants to exit. */
function runOnce(words: string[]): Promise<void> {
  const { exit } = process;
  return new Promise((resolve) => {
    process.argv = [process.execPath, "saltx", ...words];
    process.exit = (() => {
      process.exit = exit;
      resolve();
    }) as typeof process.exit;
    program(createRequire(import.meta.url));
  });
}
