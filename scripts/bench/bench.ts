/**
 * Measures saltx against real Salt in one run, prints a table with ratios, and writes all figures to
 * `.cache/bench/bench.json`; time and memory against the number of minions as `fleet.svg` beside it. Over
 * RAET both names end in `-raet`.
 *
 *     deno task bench [--salt VERSION] [--times N] [--swarm N] [--fleet N,N] [--only PART,PART] [--seconds N] [--size MIB]
 *                     [--transport raet] [--real-most N] [--real-limit SECONDS] [--quick]
 *
 * `--salt`     which real Salt (3006.0, 3006.30, 3008.5); the newest 3006 when absent
 * `--times`    how often short things are timed (10)
 * `--swarm`    simulated minions that flood a master (1000)
 * `--fleet`    numbers of minions for the curve of time and memory (1,100,1000,5000,10000)
 * `--only`     parts: start, cli, idle, light, stores, files, floods, lanes, load, jobs, fleet
 * `--seconds`  how long each flood lasts (8)
 * `--size`     of the file that is sent to a minion, in MiB (1024)
 * `--transport` of the fleet: `zeromq`, or `raet` for saltx alone
 * `--real-most`  minions that real Salt is tried with at most (5000)
 * `--real-limit` s that real Salt gets for each number of minions, and for the part `jobs` (240)
 * `--quick`    a small run, to see that the suite works
 *
 * Linux only: memory and CPU are read from /proc.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../../src/errors.ts";
import type { Software } from "../../tests/support/software.ts";
import { saltVersions } from "../venvs.ts";
import { fileFigures } from "./files.ts";
import { cliFigures, floodFigures, idleFigures, startFigures } from "./figures.ts";
import { lightFigures } from "./light_figures.ts";
import { laneFigures } from "./lane_figures.ts";
import { jobFigures } from "./job_figures.ts";
import { loadFigures } from "./load_figures.ts";
import { toSvg } from "./plot.ts";
import { addRows, machine, type Row, toMarkdown } from "./report.ts";
import { OWN_LIMIT, scaleSuite } from "./scale_suite.ts";
import { storeFigures } from "./store_figures.ts";

const { values } = parseArgs({
  options: {
    salt: { type: "string", default: saltVersions.lts },
    times: { type: "string", default: "10" },
    swarm: { type: "string", default: "1000" },
    fleet: { type: "string", default: "1,100,1000,5000,10000" },
    only: { type: "string", default: "" },
    seconds: { type: "string", default: "8" },
    size: { type: "string", default: "1024" },
    transport: { type: "string", default: "zeromq" },
    "real-most": { type: "string", default: "5000" },
    "real-limit": { type: "string", default: "240" },
    quick: { type: "boolean", default: false },
  },
});

const real = Object.values(saltVersions).find((version) => version === values.salt);
if (real === undefined) {
  throw new Error(`No Salt ${values.salt}; there are ${Object.values(saltVersions).join(", ")}`);
}
const sizes = values.quick
  ? {
    times: 2,
    swarm: 10,
    seconds: 2,
    size: 16,
    fleet: [10, 20],
    stores: { keys: 1000, jobs: 20, returns: 50 },
  }
  : {
    times: Number(values.times),
    swarm: Number(values.swarm),
    seconds: Number(values.seconds),
    size: Number(values.size),
    fleet: values.fleet.split(",").map(Number),
    stores: { keys: 100_000, jobs: 1000, returns: 1000 },
  };

/** Jobs under way together, whatever the swarm, and minions that they are for. */
const IN_FLIGHT = values.quick ? { jobs: 100, minions: 10 } : { jobs: 1000, minions: 100 };

/** Minions that flood while another one is pinged. */
const LANE_SWARM = values.quick ? 10 : 100;

const root = resolve(import.meta.dirname ?? ".", "../..");
const transport = values.transport === "raet" ? "raet" : "zeromq";
// No Salt of today speaks RAET.
const subjects: Software[] = transport === "raet" ? ["saltx"] : [real, "saltx"];
const missing: string[] = [];

/** Measures one thing on one after the other: side by side they would take each other's cores. */
async function measure(
  what: string,
  figures: (software: Software) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const software of subjects) {
    console.error(`${what}: ${software} …`);
    try {
      addRows(rows, await figures(software));
    } catch (error) {
      missing.push(`${what} on ${software}: ${messageOf(error).split("\n", 1)[0]}`);
    }
  }
  return rows;
}

/** Real Salt has a limit in time; what it did until then counts. */
async function inFlight(software: Software): Promise<Row[]> {
  const limit = software === "saltx" ? OWN_LIMIT : Number(values["real-limit"]);
  const { rows, missing: why } = await jobFigures(software, { ...IN_FLIGHT, limit });
  if (why !== null) missing.push(`jobs under way together on ${software}, all or the rest: ${why}`);
  return rows;
}

/** By the name that `--only` takes. */
const parts: Record<string, () => Promise<Row[]>> = {
  start: () => measure("start", (software) => startFigures(software, sizes.times)),
  cli: () => measure("command line", (software) => cliFigures(software, sizes.times)),
  idle: () => measure("at rest", (software) => idleFigures(software)),
  light: () => measure("many jobs at once", (software) => lightFigures(software, sizes.times)),
  stores: () =>
    measure("large stores", (software) => storeFigures(software, sizes.times, sizes.stores)),
  files: () => measure("files", (software) => fileFigures(software, sizes.size, 1)),
  floods: () => measure("floods", (software) => floodFigures(software, sizes.swarm, sizes.seconds)),
  lanes: () => measure("lanes", (software) => laneFigures(software, LANE_SWARM, sizes.seconds)),
  load: () => measure("load", (software) => loadFigures(software, sizes.swarm, sizes.seconds)),
  jobs: () => measure("jobs under way together", inFlight),
};
const wanted = values.only === "" ? [...Object.keys(parts), "fleet"] : values.only.split(",");
const rows: Row[] = [];
for (const name of wanted.filter((name) => name !== "fleet")) {
  const part = parts[name];
  if (part === undefined) throw new Error(`There is no part ${name}`);
  const start = performance.now();
  rows.push(...await part());
  console.error(`${name}: ${Math.round((performance.now() - start) / 1000)} s`);
}
const fleet = wanted.includes("fleet")
  ? await scaleSuite(subjects, sizes.fleet, transport, {
    most: Number(values["real-most"]),
    seconds: Number(values["real-limit"]),
  })
  : { rows: [], points: [], missing: [] };
rows.push(...fleet.rows);
missing.push(...fleet.missing);
const host = await machine();
const how =
  `Median (min..max) of ${sizes.times}, of the fleet of 3; floods: ${sizes.swarm} simulated minions, ` +
  `${sizes.seconds} s each, on the same cores as the master.`;
console.log(toMarkdown(rows, real, "saltx", host, how));
for (const what of missing) console.log(`- not measured: ${what}`);
const suffix = transport === "raet" ? "-raet" : "";
const file = join(root, ".cache", "bench", `bench${suffix}.json`);
await mkdir(dirname(file), { recursive: true });
const fleetData = { points: fleet.points };
await writeFile(
  file,
  `${JSON.stringify({ host, real, sizes, rows, missing, ...fleetData }, null, 2)}\n`,
);
if (fleet.points.length > 0) {
  const caption = `${host.date}, ${host.cpu}, ${host.cores} cores, swarm on the same cores`;
  await writeFile(join(dirname(file), `fleet${suffix}.svg`), toSvg(fleet.points, caption));
}
console.error(`All figures: ${file}`);
process.exit(0);
