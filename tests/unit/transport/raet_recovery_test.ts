/** How much comes through paths that lose packets, by a clock that is exact. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Delivery } from "../../../src/transport/raet/delivery.ts";
import { Kind } from "../../../src/transport/raet/frames.ts";
import { Random } from "../../support/random.ts";
import { roadKeys, TestMaster, TestMinion } from "../../support/road.ts";
import { RoadNetwork, type RoadWeather } from "../../support/road_network.ts";

const HOME = { host: "192.0.2.7", port: 40_000 };
const MIB = 1024 * 1024;

/** ms that a message of 1 MiB takes to a minion. */
function transfer(seed: number, weather: RoadWeather): number {
  const random = new Random(seed);
  const network = new RoadNetwork(random);
  const master = new TestMaster(network, random, roadKeys(random));
  const minion = new TestMinion(network, random, HOME);
  minion.initiator.start(network.now);
  assert.ok(network.run(10_000, () => minion.initiator.state === "open"));
  network.weather = weather;
  const peer = master.responder.peers[0]!;
  const data = random.bytes(MIB);
  const begun = network.now;
  master.responder.sendTo(
    peer,
    { kind: Kind.PUB, share: "fun", data, ttl: 600_000, priority: 3 },
    network.now,
  );
  assert.ok(network.run(600_000, () => minion.messages.length === 1), `seed ${seed}`);
  assert.deepEqual(minion.messages[0]!.data, data);
  return network.now - begun;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

// The bounds are those of docs/raet.md, section 19, row 6, or below them.
for (const [loss, bound] of [[0, 400], [1, 1000], [10, 8000], [30, 35_000]] as const) {
  test(`Recovery - 1 MiB takes less than ${bound} ms at a loss of ${loss} % and 20 ms there and back`, () => {
    const times = Array.from({ length: 9 }, (_, seed) => transfer(seed + 1, { loss, delay: 10 }));
    const took = median(times);
    assert.ok(took < bound, `${took} ms`);
  });
}

test("Delivery - learns the rate of a path and forgets it with the path", () => {
  const delivery = new Delivery();
  assert.equal(delivery.rate, 0);
  for (let now = 0; now <= 2000; now += 10) delivery.note([{ size: 1000 }, { size: 200 }], now, 20);
  assert.ok(Math.abs(delivery.rate - 120) < 5, `${delivery.rate}`);
  delivery.clear();
  assert.equal(delivery.rate, 0);
});

test("Delivery - keeps the window at random loss, the path's share when a queue overflows", () => {
  const path = (loss: number) => {
    const delivery = new Delivery();
    // 120 bytes a ms.
    for (let i = 0; i < 1000; i++) {
      if (i % 100 < loss) delivery.noteLost(1);
      else delivery.note([{ size: 1200 }], i * 10, 20);
    }
    return delivery;
  };
  assert.equal(path(1).keptOf(50_000, 20, 20), 50_000, "1 %, no queue");
  const queued = path(1).keptOf(50_000, 60, 20);
  assert.equal(queued, 25_000, "half is more than what the path holds");
  const long = path(1).keptOf(50_000, 500, 300);
  assert.ok(long > 30_000 && long < 40_000, `the path holds 300 ms of 120 bytes: ${long}`);
  assert.equal(path(5).keptOf(50_000, 20, 20), 25_000, "5 %");
  assert.equal(new Delivery().keptOf(50_000, 500, Infinity), 25_000, "nothing is known");
});
