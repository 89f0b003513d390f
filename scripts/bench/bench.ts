/**
 * Measures saltx against real Salt in one run, prints a table with ratios, and writes all figures to
 * `.cache/bench/bench.json`.
 *
 *     deno task bench [--salt VERSION] [--times N] [--swarm N] [--seconds N] [--quick]
 *
 * `--salt`     which real Salt (3006.0, 3006.30, 3008.5); the newest 3006 when absent
 * `--times`    how often short things are timed (10)
 * `--swarm`    simulated minions that flood a master (100)
 * `--seconds`  how long each flood lasts (8)
 * `--quick`    a small run, to see that the suite works
 *
 * Linux only: memory and CPU are read from /proc.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Software } from "../../tests/support/software.ts";
import { saltVersions } from "../venvs.ts";
import { cliFigures, floodFigures, idleFigures, startFigures } from "./figures.ts";
import { machine, type Row, toMarkdown } from "./report.ts";

const { values } = parseArgs({
  options: {
    salt: { type: "string", default: saltVersions.lts },
    times: { type: "string", default: "10" },
    swarm: { type: "string", default: "100" },
    seconds: { type: "string", default: "8" },
    quick: { type: "boolean", default: false },
  },
});

const real = Object.values(saltVersions).find((version) => version === values.salt);
if (real === undefined) {
  throw new Error(`No Salt ${values.salt}; there are ${Object.values(saltVersions).join(", ")}`);
}
const sizes = values.quick
  ? { times: 2, swarm: 10, seconds: 2 }
  : { times: Number(values.times), swarm: Number(values.swarm), seconds: Number(values.seconds) };

const root = resolve(import.meta.dirname ?? ".", "../..");
const subjects: Software[] = [real, "saltx"];

/** Measures one thing on one after the other: side by side they would take each other's cores. */
async function measure(
  what: string,
  figures: (software: Software) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const software of subjects) {
    console.error(`${what}: ${software} …`);
    for (const row of await figures(software)) {
      const same = rows.find(({ name }) => name === row.name);
      if (same) Object.assign(same.values, row.values);
      else rows.push(row);
    }
  }
  return rows;
}

const rows = [
  ...await measure("start", (software) => startFigures(software, sizes.times)),
  ...await measure("command line", (software) => cliFigures(software, sizes.times)),
  ...await measure("at rest", (software) => idleFigures(software)),
  ...await measure("floods", (software) => floodFigures(software, sizes.swarm, sizes.seconds)),
];
const host = await machine();
console.log(toMarkdown(rows, real, "saltx", host, sizes));
const file = join(root, ".cache", "bench", "bench.json");
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify({ host, real, sizes, rows }, null, 2)}\n`);
console.error(`All figures: ${file}`);
process.exit(0);
