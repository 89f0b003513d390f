/**
 * Puts a cluster of three masters under commands while masters, Redis and minions are killed, paused
 * and cut off at random, then prints the ledger: what became of every job on every minion.
 *
 *     deno task build && deno run -A scripts/chaos.ts [--minutes 15] [--minions 12] [--rate 10] [--seed N]
 *
 * Cutting off takes root and iproute2; without them masters are paused instead. Exits 1 when a return
 * was lost, a job ran twice, or a minion was without a master for longer than the bound.
 * @module
 */
import { parseArgs } from "node:util";
import { Lab } from "../tests/support/lab.ts";
import { Archipelago } from "../tests/support/chaos/network.ts";
import { failuresOf, printLedger } from "../tests/support/chaos/report.ts";
import { runStorm } from "../tests/support/chaos/storm.ts";
import { testSeed } from "../tests/support/random.ts";
import { ensureServices } from "./services.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "15" },
    minions: { type: "string", default: "12" },
    rate: { type: "string", default: "10" },
    seed: { type: "string" },
  },
});
await ensureServices(["iproute", "redis"]);
const seed = Number(values.seed ?? testSeed());
await using lab = await Lab.open();
await using network = await Archipelago.open(3);
const report = await runStorm(lab, network, {
  seed,
  duration: Number(values.minutes) * 60_000,
  minions: Number(values.minions),
  rate: Number(values.rate),
  say: (line) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`),
});
printLedger(report, seed, console.log);
const failures = failuresOf(report);
for (const failure of failures) console.error(failure);
if (failures.length > 0) {
  console.error(lab.logs());
  process.exitCode = 1;
}
