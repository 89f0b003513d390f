import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Kind } from "../../../src/transport/raet/frames.ts";
import { VerdictStatus } from "../../../src/transport/raet/initiator.ts";
import { fuzz, Random } from "../../support/random.ts";
import { roadKeys, TestMaster, TestMinion } from "../../support/road.ts";
import { RoadNetwork, type RoadWeather } from "../../support/road_network.ts";

const HOME = { host: "192.0.2.7", port: 40_000 };

interface Fate {
  settled: string | null | undefined;
}

function lab(weather: RoadWeather = {}, seed = 1, random = new Random(seed)) {
  const network = new RoadNetwork(random, weather);
  const keys = roadKeys(random);
  const master = new TestMaster(network, random, keys);
  const minion = new TestMinion(network, random, HOME);
  const start = () => minion.initiator.start(network.now);
  /** Sends numbered messages of random sizes; their fates come later. */
  const sendMany = (count: number, size: () => number, ttl = 600_000): Fate[] => {
    return Array.from({ length: count }, (_, i) => {
      const fate: Fate = { settled: undefined };
      const data = new Uint8Array(Math.max(4, size()));
      new DataView(data.buffer).setUint32(0, i);
      data.fill(i & 255, 4);
      minion.initiator.sendMessage({
        kind: Kind.EVT,
        share: "event_fire",
        data,
        ttl,
        priority: 2,
        stream: 1,
        settled: (error) => fate.settled = error?.failure ?? null,
      }, network.now);
      return fate;
    });
  };
  return { network, master, minion, start, sendMany, random, keys };
}

/** The numbers of what arrived, after a look at every byte. */
function numbersOf(master: TestMaster): number[] {
  return master.messages.map(({ message: { data } }) => {
    const number = new DataView(data.buffer, data.byteOffset).getUint32(0);
    assert.ok(data.subarray(4).every((byte) => byte === (number & 255)), "bytes differ");
    return number;
  });
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("Initiator - joins and sends messages of all sizes in order", () => {
  const { network, master, minion, start, sendMany, random } = lab();
  start();
  assert.ok(network.run(5000, () => minion.initiator.state === "open"));
  const fates = sendMany(50, () => random.pick([4, 100, 5000, 70_000, 300_000]));
  assert.ok(network.run(60_000, () => fates.every(({ settled }) => settled === null)));
  assert.deepEqual(numbersOf(master), upTo(50));
  assert.equal(minion.initiator.remote.outbox.length, 0);
});

test("Responder - pushes messages to a minion once and in order", () => {
  const { network, master, minion, start } = lab({ loss: 20, jitter: 30 });
  start();
  network.run(20_000, () => minion.initiator.state === "open");
  const peer = master.responder.peers[0]!;
  for (let i = 0; i < 100; i++) {
    master.responder.sendTo(peer, {
      kind: Kind.PUB,
      share: "fun",
      data: Uint8Array.of(i),
      ttl: 60_000,
      priority: 1,
      stream: 3,
    }, network.now);
  }
  assert.ok(network.run(60_000, () => minion.messages.length === 100));
  assert.deepEqual(minion.messages.map(({ data }) => data[0]), upTo(100));
});

/** Rounds of the property test; SALTX_ROAD_ROUNDS sets more for a night. */
const ROUNDS = Number(process.env["SALTX_ROAD_ROUNDS"] ?? 60);

test("road - delivers each message once and in order in any weather", () => {
  fuzz(ROUNDS, (random) => {
    const weather = {
      loss: random.below(31),
      duplicate: random.below(30),
      corrupt: random.below(10),
      delay: 1 + random.below(random.pick([5, 100, 1000])),
      jitter: random.below(200),
    };
    const { network, master, start, sendMany } = lab(weather, 0, random);
    start();
    const count = 1 + random.below(40);
    const largest = weather.delay > 100 ? 3000 : 100_000;
    const fates = sendMany(count, () => random.below(random.pick([20, largest])), 3_600_000);
    assert.ok(
      network.run(3_000_000, () => fates.every(({ settled }) => settled !== undefined)),
      `not settled in ${JSON.stringify(weather)}`,
    );
    assert.ok(fates.every(({ settled }) => settled === null));
    assert.deepEqual(numbersOf(master), upTo(count));
  });
});

test("Outbox - tells the caller in time when the master is gone", () => {
  const { network, minion, start, sendMany, master } = lab();
  start();
  network.run(5000, () => minion.initiator.state === "open");
  network.weather = { cut: true };
  const fates = sendMany(10, () => 100, 30_000);
  const begun = network.now;
  assert.ok(network.run(60_000, () => fates.every(({ settled }) => settled === "expired")));
  assert.ok(network.now - begun <= 30_100, `${network.now - begun} ms`);
  network.weather = {};
  const later = sendMany(5, () => 100, 60_000);
  assert.ok(network.run(60_000, () => later.every(({ settled }) => settled === null)));
  assert.equal(master.messages.length, 5);
});

test("road - a link that is cut for 60 s loses nothing", () => {
  const { network, master, minion, start, sendMany } = lab();
  start();
  network.run(5000, () => minion.initiator.state === "open");
  const fates = sendMany(200, () => 5000);
  network.run(15);
  network.weather = { cut: true };
  network.run(60_000);
  network.weather = {};
  assert.ok(network.run(60_000, () => fates.every(({ settled }) => settled === null)));
  assert.deepEqual(numbersOf(master), upTo(200));
});

test("Session - finds a path that swallows large packets, also in mid-transfer", () => {
  for (const when of ["before", "during"]) {
    const { network, master, minion, start, sendMany } = lab(when === "before" ? { mtu: 600 } : {});
    start();
    assert.ok(network.run(30_000, () => minion.initiator.state === "open"), when);
    const fates = sendMany(1, () => 256 * 1024);
    if (when === "during") {
      network.run(40);
      network.weather = { mtu: 1100 };
    }
    const begun = network.now;
    assert.ok(network.run(60_000, () => fates[0]!.settled === null), when);
    assert.ok(network.now - begun < 15_000, `${when}: ${network.now - begun} ms`);
    assert.deepEqual(numbersOf(master), [0]);
  }
});

test("Initiator - goes on after the master was restarted, each message at least once", () => {
  const { network, master, minion, start, sendMany, random, keys } = lab();
  start();
  network.run(5000, () => minion.initiator.state === "open");
  const fates = sendMany(100, () => 20_000);
  network.run(60);
  const second = new TestMaster(network, random, keys);
  assert.ok(network.run(120_000, () => fates.every(({ settled }) => settled === null)));
  assert.equal(minion.restarts, 1);
  const got = new Set([...numbersOf(master), ...numbersOf(second)]);
  assert.deepEqual([...got].sort((a, b) => a - b), upTo(100));
});

test("Responder - takes a restarted minion as such and drops what it had sent half", () => {
  const { network, master, minion, start, sendMany, random } = lab();
  const keys = roadKeys(random);
  start();
  network.run(5000, () => minion.initiator.state === "open");
  sendMany(3, () => 200_000);
  network.run(30);
  const id = "minion-192.0.2.7-40000";
  const again = new TestMinion(network, random, HOME, { keys, id });
  again.initiator.start(network.now);
  network.run(5000, () => again.initiator.state === "open");
  assert.equal(master.responder.peers.length, 1);
  again.initiator.sendMessage(
    { kind: Kind.EVT, share: "event_fire", data: new Uint8Array(8), ttl: 9000, priority: 2 },
    network.now,
  );
  assert.ok(network.run(5000, () => master.messages.length > 0));
});

test("Initiator - waits while pending and goes on at the moment of acceptance", () => {
  const { network, master, minion, start, sendMany } = lab();
  master.judge = () => VerdictStatus.PENDING;
  start();
  const fates = sendMany(1, () => 10);
  network.run(30_000);
  assert.equal(minion.initiator.state, "pending");
  assert.equal(master.messages.length, 0);
  master.responder.accept("minion-192.0.2.7-40000_minion", network.now);
  assert.ok(network.run(100, () => fates[0]!.settled === null));
});

test("Responder - closes the session of a revoked key at once", () => {
  const { network, master, minion, start } = lab();
  start();
  network.run(5000, () => minion.initiator.state === "open");
  master.judge = () => VerdictStatus.REJECTED;
  master.responder.revoke("minion-192.0.2.7-40000_minion", network.now);
  assert.equal(master.responder.peers.length, 0);
  assert.ok(network.run(1000, () => minion.initiator.state === "refused"));
  assert.match(minion.states.at(-1)![1], /rejected/);
});

test("Remote - follows a minion to another address in mid-transfer", () => {
  const { network, master, minion, start, sendMany } = lab();
  start();
  network.run(5000, () => minion.initiator.state === "open");
  const fates = sendMany(1, () => 500_000);
  network.run(50);
  minion.move(network, { host: "198.51.100.9", port: 999 });
  assert.ok(network.run(20_000, () => fates[0]!.settled === null));
  const { remote } = master.responder.peers[0]!;
  assert.equal(remote.stats.pathChanges, 1);
  assert.equal(remote.session!.address.host, "198.51.100.9");
});

test("Initiator - renews keys under load without loss", () => {
  const random = new Random(5);
  const network = new RoadNetwork(random, { loss: 5, jitter: 10 });
  const master = new TestMaster(network, random, roadKeys(random));
  const minion = new TestMinion(network, random, HOME, { rekey: 12_000 });
  minion.initiator.start(network.now);
  let settled = 0;
  for (let i = 0; i < 600; i++) {
    minion.initiator.sendMessage({
      kind: Kind.EVT,
      share: "event_fire",
      data: Uint8Array.of(0, 0, i >> 8, i & 255, i & 255),
      ttl: 600_000,
      priority: 2,
      stream: 1,
      settled: (error) => settled += error === null ? 1 : 0,
    }, network.now);
    network.run(100);
  }
  assert.ok(network.run(60_000, () => settled === 600));
  assert.deepEqual(numbersOf(master), upTo(600));
  assert.ok(minion.initiator.counters.handshakes >= 4);
});

test("Outbox - says that a message is too large or its queue is full", () => {
  const { minion, sendMany } = lab();
  assert.throws(() => sendMany(1, () => 17 * 1024 * 1024), /raet_max_message/);
  sendMany(1000, () => 4);
  assert.throws(() => sendMany(1, () => 4), /raet_txq_msgs/);
  assert.equal(minion.initiator.remote.outbox.length, 1000);
});

test("Inbox - refuses what the receiver does not allow, and the sender learns why", () => {
  const { network, master, minion, start, sendMany } = lab();
  master.refuse = () => ({ code: 1, text: "not allowed" });
  start();
  network.run(5000, () => minion.initiator.state === "open");
  const fates = sendMany(2, () => 10);
  assert.ok(network.run(5000, () => fates.every(({ settled }) => settled === "rejected")));
  assert.equal(master.messages.length, 0);
});
