/**
 * Holds a master at constant load for as long as wanted and notes its memory: after it has warmed up
 * it should not grow.
 *
 *     deno run -A scripts/bench/soak.ts [--minutes N] [--swarm N] [--returns N] [--events N]
 *                                       [--broadcast SECONDS] [--keep SECONDS] [--out FILE]
 *
 * `--minutes`    how long (120)
 * `--swarm`      simulated minions (100)
 * `--returns`    and `--events` a second (20 and 20), by one minion after the other
 * `--broadcast`  s between two publications of `test.ping` to all (10); each minute the command line
 *                publishes one and a minion signs in anew
 * `--keep`       for how long jobs are kept, in s (600)
 * `--out`        where the curve goes (`.cache/bench/soak.json`), written anew at each look
 *
 * Growth is printed at the end: from the median of the second quarter to that of the last.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ask } from "../../tests/support/raw_request.ts";
import { cpuOf, memoryOf, percentile } from "./measure.ts";
import { checked, startSwarm, SWARM_PROCESSES } from "./scale_figures.ts";
import { Subject } from "./subject.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "120" },
    swarm: { type: "string", default: "100" },
    returns: { type: "string", default: "20" },
    events: { type: "string", default: "20" },
    broadcast: { type: "string", default: "10" },
    keep: { type: "string", default: "600" },
    out: {
      type: "string",
      default: join(resolve(import.meta.dirname ?? ".", "../.."), ".cache", "bench", "soak.json"),
    },
  },
});
const load = {
  minutes: Number(values.minutes),
  minions: Number(values.swarm),
  returns: Number(values.returns),
  events: Number(values.events),
  broadcast: Number(values.broadcast),
  keep: Number(values.keep),
};

/** s between two jobs of the command line, and between two sign-ins. */
const SELDOM = 60;

interface Sample {
  /** s since the load began. */
  at: number;
  /** MiB of the master. */
  pss: number;
  rss: number;
  /** CPU seconds of the master so far. */
  cpu: number;
  returns: number;
  events: number;
  errors: number;
}

await using subject = await Subject.start("saltx", {
  keep_jobs_seconds: load.keep,
  loop_interval: 30,
});
await using swarm = await startSwarm(subject, load.minions);
checked(await swarm.order({ do: "sign-in" }), "sign-in");
checked(await swarm.order({ do: "listen" }), "listen");
await mkdir(dirname(values.out), { recursive: true });
const request = await subject.publication("test.ping");
const start = performance.now();
const samples: Sample[] = [];
const share = 1 / SWARM_PROCESSES;
const counted = { returns: 0, events: 0, errors: 0 };
let seldom = 0;

/** Adds what a report counted. */
function count({ tally }: Awaited<ReturnType<typeof swarm.order>>): void {
  counted.returns += tally.returns;
  counted.events += tally.events;
  counted.errors += tally.errors;
}

while (performance.now() - start < load.minutes * 60_000) {
  count(
    await swarm.order({
      do: "trickle",
      returns: load.returns * share,
      events: load.events * share,
      ms: load.broadcast * 1000,
    }),
  );
  await ask(subject.master.endpoint, request, 60_000);
  count(await swarm.order({ do: "await", jobs: 1, ms: 60_000 }));
  const at = Math.round((performance.now() - start) / 1000);
  if (at >= seldom + SELDOM) {
    seldom = at;
    await subject.master.salt("--out=txt", "-t", "30", "*", "test.ping");
    count(await swarm.order({ do: "await", jobs: 1, ms: 60_000 }));
    count(await swarm.order({ do: "flood", what: "sign-in", ms: 1, share: 0.01 }));
  }
  const { pid } = subject.master.daemon;
  const { pss, rss } = await memoryOf(pid);
  const sample = { at, pss, rss, cpu: await cpuOf(pid), ...counted };
  samples.push(sample);
  console.log(
    `${at} s: ${pss.toFixed(1)} MiB, ${sample.cpu.toFixed(1)} CPU s, ${JSON.stringify(counted)}`,
  );
  await writeFile(values.out, `${JSON.stringify({ load, samples })}\n`);
}
const quarter = Math.floor(samples.length / 4);
const median = (some: Sample[]) => percentile(some.map(({ pss }) => pss), 0.5);
const early = median(samples.slice(quarter, 2 * quarter));
const late = median(samples.slice(3 * quarter));
console.log(
  `From the second quarter to the last: ${early.toFixed(1)} to ${late.toFixed(1)} MiB, ` +
    `${((late / early - 1) * 100).toFixed(1)} % more`,
);
