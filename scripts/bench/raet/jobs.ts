/**
 * Runs `test.ping` some times over, after one time that does not count, and prints as JSON what
 * {@linkcode JobFigure} says of each. To be run where the master is.
 *
 *     node jobs.ts CONFIG_DIR TARGET RETURNS TIMES LIMIT_S
 *
 * A job is waited for until all have answered or the limit is over; after one that took as long there
 * is no other.
 * @module
 */
import process from "node:process";
import { openLocalClient } from "../../../src/client/open.ts";
import { loadMasterConfig } from "../../../src/config/mod.ts";
import type { ClientOpts } from "../../../src/client/types.ts";

/** One job. */
export interface JobFigure {
  ms: number;
  /** Minions that answered. */
  answered: number;
}

const [configDir = "", tgt = "*", returns = "1", times = "1", limit = "60"] = process.argv.slice(2);
const opts = loadMasterConfig({ configDir, overrides: {}, env: process.env });
const client = await openLocalClient(opts as unknown as ClientOpts);
const request = {
  target: { tgt, tgt_type: "glob" as const },
  fun: "test.ping",
  timeout: Number(limit),
};
const figures: JobFigure[] = [];
for (let i = -1; i < Number(times); i++) {
  const start = performance.now();
  const results = await client.collect(request, AbortSignal.timeout(Number(limit) * 1000));
  const answered = [...results.values()].filter(({ ret }) => ret === true).length;
  const all = answered === Number(returns);
  if (i >= 0 || !all) figures.push({ ms: performance.now() - start, answered });
  if (!all) break;
}
console.log(JSON.stringify(figures));
process.exit(0);
