/**
 * Calls execution functions by real Salt and by saltx on this host and shows where they differ.
 *
 *     deno run -A scripts/compare_modules.ts [--record FILE] [GLOB]...
 *     deno run -A scripts/compare_modules.ts --programs [GLOB]...
 *
 * The second form runs the built `dist/saltx call --local` for each call, beside what real Salt's
 * `salt-call --local` prints; the first calls the functions themselves, which takes a tenth of the time.
 *
 * Needs the environment of `scripts/venvs.ts`. Calls stand in `compare_modules/*calls.ts`; functions
 * that change files are called in a folder that is filled anew each time, others change nothing. Ends
 * with 1 when a difference has no reason given there. `--record` writes what real Salt answered to calls
 * that change files, for tests that run without it.
 * @module
 */
import { globMatch } from "../src/text/glob.ts";
import { allCalls } from "./compare_modules/all_calls.ts";
import { compareCalls } from "./compare_modules/compare.ts";
import { compareExecutables } from "./compare_modules/executable.ts";

const globs = process.argv.slice(2);
const recordTo = globs[0] === "--record" ? globs.splice(0, 2)[1] : undefined;
const programs = globs[0] === "--programs" && globs.shift() !== undefined;
const wanted = allCalls.filter(({ fun }) =>
  globs.length === 0 || globs.some((glob) => globMatch(glob, fun))
);
const differing = programs
  ? await compareExecutables(wanted)
  : await compareCalls(wanted, { recordTo });
for (const { call, salt, saltx, why } of differing) {
  console.log(
    why ? `~ ${call}: ${why}` : `! ${call}\n    salt:  ${salt}\n    saltx: ${saltx}`,
  );
}
const unexplained = differing.filter(({ why }) => !why).length;
const functions = new Set(wanted.map(({ fun }) => fun)).size;
console.log(`${wanted.length} calls of ${functions} functions, ${unexplained} differ`);
process.exitCode = unexplained > 0 ? 1 : 0;
