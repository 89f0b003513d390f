/**
 * Sends mutated and random datagrams to both sides of a RAET session for as long as wanted.
 *
 *     deno run -A scripts/fuzz_raet.ts [datagrams, 1000000 when absent] [seed]
 *
 * Fails when one throws, when state grows, or when the session does not survive. Prints the seed.
 * @module
 */
import process from "node:process";
import { Random } from "../tests/support/random.ts";
import { MASTER_AT, roadKeys, TestMaster, TestMinion } from "../tests/support/road.ts";
import { RoadNetwork } from "../tests/support/road_network.ts";

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 32));
console.log(`${count} datagrams, seed ${seed}`);

const random = new Random(seed);
const network = new RoadNetwork(random);
const home = { host: "192.0.2.7", port: 40_000 };
const master = new TestMaster(network, random, roadKeys(random));
const minion = new TestMinion(network, random, home);
const samples: Uint8Array[] = [];
network.onSend = (packet) => void (samples.length < 200 && samples.push(packet.slice()));
minion.initiator.start(network.now);
network.run(10_000, () => minion.initiator.state === "open");
const before = master.responder.stateSize;
for (let i = 0; i < count; i++) {
  const packet = random.below(4) === 0
    ? random.bytes(random.below(1300))
    : random.mutate(random.pick(samples));
  const host = `198.18.${random.below(256)}.${random.below(256)}`;
  master.responder.receive(packet, { host, port: 1 + random.below(65_535) }, network.now);
  minion.initiator.receive(packet, MASTER_AT, network.now);
  if (i % 100 === 0) network.run(10);
}
network.run(60_000, () => minion.initiator.state === "open");
const grown = master.responder.stateSize - before;
if (minion.initiator.state !== "open" || master.messages.length > 0 || grown > 10) {
  console.error(`State ${minion.initiator.state}, ${master.messages.length} messages, +${grown}`);
  process.exit(1);
}
console.log("Nothing was accepted, and the session stands");
