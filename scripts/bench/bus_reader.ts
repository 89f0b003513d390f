/**
 * Counts the events of a saltx master's bus whose tags begin with `bench/`, until its input ends.
 *
 *     node bus_reader.ts SOCK_DIR
 * @module
 */
import { openEventClient } from "../../src/event/mod.ts";

const bus = await openEventClient({ node: "master", sockDir: process.argv[2] ?? "" });
const events = bus.subscribe("bench/");
await events.ready;
console.log("ready");
let count = 0;
process.stdin.on("end", () => {
  // What is on its way still counts.
  setTimeout(() => {
    console.log(count);
    process.exit(0);
  }, 300);
}).resume();
for await (const _ of events) count += 1;
