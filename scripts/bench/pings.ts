/**
 * Pings one minion over a saltx master, one job after the other, until its input ends; then prints the ms
 * that each took, as JSON.
 *
 *     node pings.ts CONFIG_DIR TARGET
 * @module
 */
import process from "node:process";
import { openLocalClient } from "../../src/client/open.ts";
import type { ClientOpts } from "../../src/client/types.ts";
import { loadMasterConfig } from "../../src/config/mod.ts";

const [configDir = "", tgt = ""] = process.argv.slice(2);
const opts = loadMasterConfig({ configDir, overrides: {}, env: process.env });
const client = await openLocalClient(opts as unknown as ClientOpts);
const target = { tgt, tgt_type: "list" } as const;
const took: number[] = [];
let over = false;
process.stdin.on("end", () => over = true).resume();
console.log("ready");
while (!over) {
  const start = performance.now();
  const results = await client.collect({ target, fun: "test.ping", timeout: 120 });
  if (results.get(tgt)?.ret !== true) throw new Error(`${tgt} did not answer`);
  took.push(performance.now() - start);
}
console.log(JSON.stringify(took));
process.exit(0);
