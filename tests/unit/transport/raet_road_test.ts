import assert from "node:assert/strict";
import { test } from "node:test";
import { Kind } from "../../../src/transport/raet/frames.ts";
import { VerdictStatus } from "../../../src/transport/raet/verdict.ts";
import { Random } from "../../support/random.ts";
import { MASTER_AT, roadKeys, TestMaster, TestMinion } from "../../support/road.ts";
import { RoadNetwork, type RoadWeather } from "../../support/road_network.ts";

const HOME = { host: "192.0.2.7", port: 40_000 };

interface Fate {
  settled: string | null | undefined;
}

function lab(weather: RoadWeather = {}) {
  const random = new Random(1);
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

test("Responder - knows the round trip of a new session, so that losses are noticed in its time", () => {
  const { network, master, minion, start } = lab({ delay: 15 });
  start();
  assert.ok(network.run(5000, () => master.responder.peers.length === 1));
  assert.equal(minion.initiator.state, "connecting");
  assert.equal(Math.round(master.responder.peers[0]!.remote.session!.recovery.srtt), 30);
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

test("Session - takes datagrams as large as both sides and the path have room for", () => {
  const cases = [
    { master: 9000, minion: 9000, path: 9000, size: 9000 },
    { master: 9000, minion: 1400, path: 9000, size: 1400 },
    { master: 9000, minion: 9000, path: 1500, size: 1200 },
  ];
  for (const { master: most, minion: other, path, size } of cases) {
    const random = new Random(size);
    const network = new RoadNetwork(random, { mtu: path });
    const master = new TestMaster(network, random, roadKeys(random), { mtu: most });
    const minion = new TestMinion(network, random, HOME, { mtu: other });
    minion.initiator.start(network.now);
    network.run(3000);
    const { remote } = master.responder.peers[0]!;
    assert.equal(remote.session!.pathSize, size);
    assert.equal(minion.initiator.remote.session!.pathSize, size);
    // A path that becomes narrow in mid-transfer is found out.
    const data = random.bytes(256 * 1024);
    const message = { kind: Kind.PUB, share: "fun", data, ttl: 60_000, priority: 3 };
    master.responder.sendTo(master.responder.peers[0]!, message, network.now);
    network.run(12);
    network.weather = { mtu: 1250 };
    assert.ok(network.run(15_000, () => minion.messages.length === 1), `${most} ${other} ${path}`);
    assert.deepEqual(minion.messages[0]!.data, data);
    assert.equal(remote.session!.pathSize, 1200);
  }
});

test("Initiator - takes a path for narrow only when large packets get nowhere", () => {
  const { network, random, keys } = lab({ mtu: 1 });
  const options = { grains: new Uint8Array(500), masterPub: keys.pub };
  const minion = new TestMinion(network, random, HOME, options);
  minion.initiator.start(network.now);
  // The next hello is a small one, and finds a master that was away until now.
  network.run(2500);
  network.weather = {};
  assert.ok(network.run(20_000, () => minion.initiator.state === "open"));
  assert.ok(minion.states.every(([state]) => state !== "refused"));

  const { network: narrow, random: again } = lab({ mtu: 600 });
  const other = new TestMinion(narrow, again, HOME, { grains: new Uint8Array(500) });
  other.initiator.start(narrow.now);
  assert.ok(narrow.run(120_000, () => other.initiator.state === "refused"));
  assert.match(String(other.states.at(-1)), /path takes 548 bytes only/);
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

test("Initiator - sends nothing by keys that could not be renewed for twice their time", () => {
  const { network, random, keys } = lab();
  const master = new TestMaster(network, random, keys);
  const minion = new TestMinion(network, random, HOME, { rekey: 10_000, alive: 1000 });
  minion.initiator.start(network.now);
  assert.ok(network.run(5000, () => minion.initiator.state === "open"));
  const before = minion.initiator.remote.session;
  // From now on the master does not hear hellos.
  const { responder } = master;
  const deaf = {
    receive: (packet: Uint8Array, from: typeof HOME, now: number) => {
      if (packet[5] !== 1) responder.receive(packet, from, now);
    },
    timer: () => responder.timer(),
    onTimer: (now: number) => responder.onTimer(now),
  };
  network.attach(MASTER_AT, deaf);
  network.run(19_000);
  assert.equal(minion.initiator.remote.session, before);
  network.run(3000);
  assert.equal(minion.initiator.state, "connecting");
  assert.equal(minion.initiator.remote.session, null);
  network.attach(MASTER_AT, responder);
  assert.ok(network.run(30_000, () => minion.initiator.state === "open"));
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
  assert.ok(network.run(5000, () => fates.every(({ settled }) => settled === "refused")));
  assert.equal(master.messages.length, 0);
});

test("Responder.wake() - a master that was killed has its minions back before they send anything", () => {
  const { network, master, minion, start, random, keys } = lab();
  start();
  network.run(5000, () => minion.initiator.state === "open");
  network.run(1000);
  const { sessions } = master.responder;
  const second = new TestMaster(network, random, keys);
  const begun = network.now;
  second.responder.wake(sessions);
  assert.ok(network.run(5000, () => second.responder.peers.length === 1));
  assert.ok(network.now - begun < 200, `${network.now - begun} ms`);
  assert.equal(minion.initiator.counters.resets, 1);
});
