/**
 * Compiles the bundle and writes V8's result, so that starting saltx need not do it again. Run by the
 * Node that the executable is made of:
 *
 *     node write_code_cache.ts BUNDLE OUTPUT
 *
 * The program is run for the shortest command lines first: what they used is then compiled as well.
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Script } from "node:vm";

const COMMAND_LINES = [["--version"], ["salt", "--help"]];

const [bundle, output] = process.argv.slice(2);
if (!bundle || !output) throw new Error("Call it as: write_code_cache.ts BUNDLE OUTPUT");

const script = new Script(readFileSync(bundle, "latin1"), { filename: bundle });
const program = script.runInThisContext() as (require: NodeJS.Require) => void;
for (const words of COMMAND_LINES) await runOnce(words);
writeFileSync(output, script.createCachedData());

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
