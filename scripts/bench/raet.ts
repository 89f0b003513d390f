/**
 * Measures RAET against ZeroMQ, both of saltx, in one run and with the same work, over a link of our
 * own that delays packets and loses some. Prints a table and writes it to `.cache/bench/raet.json`.
 *
 *     deno task bench:raet [--minions N] [--times N] [--size MIB] [--lossy-size MIB] [--delay MS]
 *                          [--loss PERCENT,PERCENT] [--tcp NAME,NAME] [--only PART,PART]
 *                          [--transport zeromq|raet] [--quick]
 *
 * `--minions`  simulated minions (500)
 * `--times`    how often jobs are timed (20)
 * `--size`     of the file that is sent to a minion, in MiB (100)
 * `--lossy-size` of the file where packets are lost (100)
 * `--delay`    of the link, each way, in ms (5)
 * `--loss`     of packets, each way (0,1,5)
 * `--tcp`      congestion controls of TCP that ZeroMQ is measured with (reno,bbr); RAET's is New Reno
 * `--only`     parts of it: `ping` (jobs to one minion), `fleet` (handshakes, sign-ins, jobs to all),
 *              `file`
 * `--transport` one of the two alone
 * `--quick`    a small run, to see that it works
 *
 * Each part has a limit (`LIMITS` in raet/column.ts); what takes longer is a figure too, `more than N s`
 * or how many answered within it. What fails is told and left out of the table; the others are measured
 * all the same, and the exit code is 1. All of it takes six to ten minutes.
 *
 * Linux only, as root: each side is a network namespace, and the link two TUN devices with a process
 * between them (lossy_link.py), since not every kernel has netem.
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import type { Transport } from "../../tests/support/lab.ts";
import { type Figures, measureColumn, type Part, PARTS } from "./raet/column.ts";
import { machine } from "./report.ts";

const root = resolve(import.meta.dirname ?? ".", "../..");
const { values } = parseArgs({
  options: {
    minions: { type: "string", default: "500" },
    times: { type: "string", default: "20" },
    size: { type: "string", default: "100" },
    "lossy-size": { type: "string", default: "100" },
    delay: { type: "string", default: "5" },
    loss: { type: "string", default: "0,1,5" },
    tcp: { type: "string", default: "reno,bbr" },
    only: { type: "string", default: PARTS.join() },
    transport: { type: "string", default: "zeromq,raet" },
    quick: { type: "boolean", default: false },
  },
});
const sizes = values.quick
  ? { minions: 20, times: 3, size: 5, lossySize: 2, delay: 5, losses: [0, 5] }
  : {
    minions: Number(values.minions),
    times: Number(values.times),
    size: Number(values.size),
    lossySize: Number(values["lossy-size"]),
    delay: Number(values.delay),
    losses: values.loss.split(",").map(Number),
  };
const rounds = Math.max(3, Math.floor(sizes.times / 4));
const parts = values.only.split(",") as Part[];
const unknown = parts.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) throw new Error(`--only ${unknown.join()}: the parts are ${PARTS.join()}`);
const transports = values.transport.split(",") as Transport[];
const tcps = values.tcp.split(",");

const columns: { title: string; figures: Figures }[] = [];
let failed = false;

async function column(
  title: string,
  transport: Transport,
  loss: number,
  tcp: string,
): Promise<void> {
  console.error(`${title} …`);
  const figures: Figures = {};
  columns.push({ title, figures });
  const { minions, times, delay } = sizes;
  const size = loss > 0 ? sizes.lossySize : sizes.size;
  const options = { transport, loss, tcp, minions, times, rounds, delay, size, parts };
  try {
    await measureColumn(figures, options);
  } catch (error) {
    failed = true;
    console.error(`${title} failed: ${error instanceof Error ? error.stack : error}`);
  }
}

for (const loss of sizes.losses) {
  for (const tcp of transports.includes("zeromq") ? tcps : []) {
    await column(`ZeroMQ, ${tcp}, ${loss} %`, "zeromq", loss, tcp);
  }
  if (transports.includes("raet")) await column(`RAET, ${loss} %`, "raet", loss, tcps[0]!);
}
const host = await machine();
const names = [...new Set(columns.flatMap(({ figures }) => Object.keys(figures)))];
const lossy = sizes.lossySize === sizes.size ? "" : `, ${sizes.lossySize} where packets are lost`;
console.log([
  `Measured ${host.date} on ${host.cpu}, ${host.cores} cores, ${host.memory}; ${host.system}. ` +
  `Round trip of the link ${2 * sizes.delay} ms, packets lost each way as the column says; ` +
  `the file has ${sizes.size} MiB${lossy}; ${sizes.times} jobs to one minion, ${rounds} to all.`,
  "",
  `| | ${columns.map(({ title }) => title).join(" | ")} |`,
  `| --- | ${columns.map(() => "---").join(" | ")} |`,
  ...names.map((name) =>
    `| ${name} | ${columns.map(({ figures }) => figures[name] ?? "–").join(" | ")} |`
  ),
].join("\n"));
const file = join(root, ".cache", "bench", "raet.json");
await mkdir(dirname(file), { recursive: true });
await writeFile(file, `${JSON.stringify({ host, sizes, columns }, null, 2)}\n`);
process.exit(failed ? 1 : 0);
