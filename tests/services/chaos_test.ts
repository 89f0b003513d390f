/** A cluster of masters in which anything is killed, paused and cut off loses and doubles nothing. */
import assert from "node:assert/strict";
import { failuresOf, printLedger } from "../support/chaos/report.ts";
import { Archipelago } from "../support/chaos/network.ts";
import { runStorm } from "../support/chaos/storm.ts";
import { testSeed } from "../support/random.ts";
import { scenario } from "../support/scenario.ts";

scenario("two minutes of chaos among three masters", async (lab) => {
  const seed = testSeed();
  await using network = await Archipelago.open(3);
  const lines: string[] = [];
  const rules = { seed, duration: 120_000, minions: 9, rate: 10 };
  const report = await runStorm(lab, network, { ...rules, say: (line) => void lines.push(line) });
  printLedger(report, seed, console.log);
  const failures = failuresOf(report);
  assert.deepEqual(failures, [], `SALTX_TEST_SEED=${seed}\n${lines.join("\n")}`);
});
