import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import process from "node:process";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Address } from "../../../src/transport/raet/address.ts";
import { makeDiscover } from "../../../src/transport/raet/discover.ts";
import { Kind, parseFrames, writeHead } from "../../../src/transport/raet/frames.ts";
import { makeHello, sizedHello } from "../../../src/transport/raet/handshake.ts";
import { readJoin } from "../../../src/transport/raet/join.ts";
import { WireError } from "../../../src/transport/raet/wire.ts";
import { fuzz, Random } from "../../support/random.ts";
import { MASTER_AT, roadKeys, TestMaster, TestMinion } from "../../support/road.ts";
import { RoadNetwork } from "../../support/road_network.ts";

const HOME = { host: "192.0.2.7", port: 40_000 };
const EVIL: Address = { host: "203.0.113.66", port: 6666 };

function lab(seed = 3) {
  const random = new Random(seed);
  const network = new RoadNetwork(random);
  const keys = roadKeys(random);
  const master = new TestMaster(network, random, keys);
  const minion = new TestMinion(network, random, HOME);
  const wire: { packet: Uint8Array; from: Address; to: Address }[] = [];
  network.onSend = (packet, from, to) => wire.push({ packet: packet.slice(), from, to });
  const open = () => {
    minion.initiator.start(network.now);
    assert.ok(network.run(5000, () => minion.initiator.state === "open"));
  };
  const say = (byte: number) =>
    minion.initiator.sendMessage({
      kind: Kind.EVT,
      share: "event_fire",
      data: Uint8Array.of(byte),
      ttl: 60_000,
      priority: 2,
    }, network.now);
  return { random, network, keys, master, minion, wire, open, say };
}

test("Responder - takes nothing from packets that are played again, from anywhere", () => {
  const { network, master, wire, open, say, random } = lab();
  open();
  for (let i = 0; i < 20; i++) say(i);
  network.run(1000);
  assert.equal(master.messages.length, 20);
  const toMaster = wire.filter(({ to }) => to === MASTER_AT || to.port === MASTER_AT.port);
  const { handshakes } = master.responder.counters;
  for (const from of [HOME, EVIL]) {
    for (let i = 0; i < 500; i++) {
      wire.length = 0;
      const { packet } = random.pick(toMaster);
      master.responder.receive(packet, from, network.now);
      network.run(0);
      const back = wire.filter(({ to }) => to.host === EVIL.host);
      const bytes = back.reduce((sum, sent) => sum + sent.packet.length, 0);
      assert.ok(bytes <= packet.length, `${bytes} bytes for ${packet.length}`);
    }
  }
  network.run(1000);
  assert.equal(master.messages.length, 20);
  assert.equal(master.responder.counters["handshakes"], handshakes);
  assert.equal(master.responder.peers.length, 1);
});

test("Responder - sends an unverified address no more bytes than came from there", () => {
  const { random, network, keys, master, wire } = lab();
  let received = 0;
  for (let i = 0; i < 2000; i++) {
    const size = random.pick([548, 700, 1200]);
    const hello = makeHello({
      responderPub: keys.pub,
      short: roadKeys(random),
      cid: random.bytes(8),
      clock: 1,
      bootId: random.bytes(8),
      suites: 3,
    })!;
    const packet = random.pick([
      () => sizedHello(hello, null, size),
      () => makeDiscover(random.bytes(8), size),
      () => random.mutate(sizedHello(hello, null, size)),
      () => random.bytes(random.below(1300)),
    ])();
    received += packet.length;
    master.responder.receive(packet, EVIL, network.now);
    network.run(random.below(20));
    const sent = wire.filter(({ to }) => to.host === EVIL.host);
    assert.ok(sent.reduce((sum, one) => sum + one.packet.length, 0) <= received);
  }
  assert.equal(master.responder.peers.length, 0);
});

test("Responder - holds nothing for 100,000 spoofed hellos, and an honest minion still joins", () => {
  const { random, network, keys, master, minion } = lab();
  const hello = makeHello({
    responderPub: keys.pub,
    short: roadKeys(random),
    cid: random.bytes(8),
    clock: 1,
    bootId: random.bytes(8),
    suites: 3,
  })!;
  const packet = sizedHello(hello, null, 1200);
  const before = master.responder.stateSize;
  minion.initiator.start(network.now);
  // Nothing of what is measured is kept by the test.
  network.onSend = null;
  let memory = 0;
  for (let i = 0; i < 100_000; i++) {
    // The table of sources is full by then; from then on nothing more may be kept.
    if (i === 70_000) memory = usedMemory();
    const host = `198.${18 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
    master.responder.receive(packet, { host, port: 1024 + (i >> 2) }, network.now);
    if (i % 20 === 0) network.run(1);
  }
  assert.ok(network.run(60_000, () => minion.initiator.state === "open"));
  assert.ok(master.responder.stateSize - before <= 3, `${master.responder.stateSize}`);
  const grown = usedMemory() - memory;
  assert.ok(grown < 8 << 20, `${grown} bytes more after 30,000 hellos`);
});

/** Bytes that are in use after all garbage is gone. */
function usedMemory(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("road - survives forged COOKIE, RETRY, RESET, DATA and IDENTITY", () => {
  const { random, network, minion, master, wire, open, say } = lab();
  open();
  const samples = wire.map(({ packet }) => packet);
  for (let i = 0; i < 5000; i++) {
    const packet = random.mutate(random.pick(samples));
    minion.initiator.receive(packet, random.pick([MASTER_AT, EVIL]), network.now);
    master.responder.receive(random.mutate(random.pick(samples)), EVIL, network.now);
    // RESET with the right connection id and another token.
    const reset = new Uint8Array(40);
    reset.set(random.pick(samples).subarray(0, 24));
    reset[5] = 6;
    minion.initiator.receive(reset, MASTER_AT, network.now);
  }
  assert.equal(minion.initiator.state, "open");
  say(1);
  assert.ok(network.run(5000, () => master.messages.length === 1));
});

test("Remote - a spoofed move never redirects data", () => {
  const { network, master, wire, open, say } = lab();
  open();
  say(1);
  network.run(1000);
  wire.length = 0;
  say(2);
  const stolen = wire.find(({ from }) => from.host === HOME.host)!;
  // The attacker's copy comes first, from another address.
  master.responder.receive(stolen.packet, EVIL, network.now);
  network.run(5000);
  for (let i = 0; i < 10; i++) say(i);
  network.run(5000);
  const toEvil = wire.filter(({ to }) => to.host === EVIL.host);
  assert.ok(toEvil.reduce((sum, { packet }) => sum + packet.length, 0) <= stolen.packet.length);
  assert.equal(master.responder.peers[0]!.remote.session!.address.host, HOME.host);
});

test("Responder - who it is follows from the key, and another key gets nowhere near its session", () => {
  const { random, network, master, open } = lab();
  open();
  const first = master.responder.peers[0]!;
  master.judge = ({ pub }) => Buffer.from(pub).equals(first.pub) ? 0 : 3;
  const impostor = new TestMinion(network, random, EVIL, { id: first.id });
  impostor.initiator.start(network.now);
  network.run(5000);
  assert.equal(impostor.initiator.state, "refused");
  assert.equal(master.responder.peers[0], first);
  assert.ok(first.remote.accepted);
});

test("parsers - throw WireError or nothing for 100,000 mutated frames and records", () => {
  const seeds = [
    Uint8Array.of(2, 5, 0, 1, 2, 0, 1),
    Uint8Array.of(0x10, 0, 3, 5, 2, 10, 0, 0, 0, 1, 65, 0, 0, 0, 3, 1, 2, 3),
    Uint8Array.of(0x11, 0, 3, 0, 2, 1, 2, 1, 0x0c, 1, 2, 3, 0),
    Uint8Array.of(3, 1, 0, 0, 0, 0, 0, 2, 1, 1, 8, 0x40, 1, 5),
  ];
  fuzz(100_000, (random) => {
    const bytes = random.mutate(random.pick(seeds));
    for (const parse of [parseFrames, readJoin]) {
      try {
        parse(bytes);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
      }
    }
  });
});

test("Remote - frames of an accepted peer that break the rules end its session and nothing else", () => {
  fuzz(300, (random) => {
    const network = new RoadNetwork(random);
    const master = new TestMaster(network, random, roadKeys(random));
    const minion = new TestMinion(network, random, HOME);
    minion.initiator.start(network.now);
    network.run(5000, () => minion.initiator.state === "open");
    const { session } = minion.initiator.remote;
    for (let i = 0; i < 20; i++) {
      const w = session!.writer();
      w.raw(random.bytes(random.below(200)));
      // Mostly frames of messages, which go deepest.
      if (w.at > 0 && random.below(2) === 0) w.bytes[0] = random.pick([2, 8, 10, 12, 16, 17]);
      const packet = session!.seal(w, network.now, { items: [], eliciting: false });
      master.responder.receive(packet, HOME, network.now);
    }
    network.run(30_000, () => minion.initiator.state === "open");
    assert.ok(master.responder.peers.length <= 1);
  });
});

test("Responder - two hosts with one id and one key are told, and do not displace each other for ever", () => {
  const { random, network, master } = lab();
  const keys = roadKeys(random);
  const places = [HOME, { host: "192.0.2.8", port: 40_000 }];
  for (let i = 0; i < 12; i++) {
    const host = new TestMinion(network, random, places[i % 2]!, { keys, id: "clone" });
    host.initiator.start(network.now);
    network.run(2000);
  }
  assert.ok(master.duplicates.length > 0);
  assert.equal(master.responder.peers.length, 1);
});

test("Responder - half-open handshakes leave nothing but a bounded memory of used cookies", () => {
  const { random, network, keys, master } = lab();
  const before = master.responder.stateSize;
  const half: TestMinion[] = [];
  network.weather = { mute: MASTER_AT.host };
  for (let i = 0; i < 500; i++) {
    const at = { host: `198.51.${i >> 8}.${i & 255}`, port: 5000 };
    const minion = new TestMinion(network, random, at, { masterPub: keys.pub });
    minion.initiator.start(network.now);
    half.push(minion);
    network.run(50);
  }
  assert.equal(master.responder.stateSize, before, "hellos alone");
  network.weather = {};
  // Now they get their cookies and initiate, but go away before they hear the verdict.
  for (const minion of half) network.detach(minion.address);
  network.run(3_700_000);
  assert.ok(master.responder.stateSize <= before + 1, `${master.responder.stateSize}`);
  assert.equal(master.responder.peers.length, 0);
});

test("Inbox - messages over the limit, and heads that claim it, take no memory", () => {
  const { random, network, master, minion, open } = lab();
  open();
  const { remote } = minion.initiator;
  let failure = "";
  // A sender that does not keep the limit itself.
  const w = remote.session!.writer();
  const head = {
    id: 0,
    total: 2 ** 40,
    kind: Kind.EVT,
    priority: 2,
    ttl: 9000,
    corr: 0,
    order: null,
  };
  const names = ["", "event_fire", "", ""];
  const [dstYard, dstShare, srcYard, srcShare] = names as [string, string, string, string];
  const bytes = names.map((name) => new TextEncoder().encode(name));
  writeHead(w, { ...head, dstYard, dstShare, srcYard, srcShare }, bytes);
  w.u16(4);
  w.raw(random.bytes(4));
  remote.outbox.add({
    kind: Kind.EVT,
    share: "event_fire",
    data: new Uint8Array(4),
    ttl: 9000,
    priority: 2,
    settled: (error) => failure = error?.failure ?? "none",
  }, network.now);
  const before = process.memoryUsage().arrayBuffers;
  master.responder.receive(
    remote.session!.seal(w, network.now, { items: [], eliciting: true }),
    HOME,
    network.now,
  );
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20);
  remote.flush(network.now);
  network.run(10_000);
  assert.equal(failure, "too large", "the sender is told of the id that it used");
  assert.equal(master.messages.length, 0);
  assert.throws(
    () =>
      minion.initiator.sendMessage(
        { kind: Kind.EVT, share: "x", data: new Uint8Array(17 << 20), ttl: 1, priority: 2 },
        network.now,
      ),
    { failure: "too large" },
  );
});

test("Responder - a used cookie gets a new verdict at most, whoever plays it again", () => {
  const { network, master, wire, open } = lab();
  open();
  const initiate = wire.find(({ packet }) => packet[5] === 3)!.packet;
  const { handshakes } = master.responder.counters;
  for (let i = 0; i < 1000; i++) {
    wire.length = 0;
    master.responder.receive(initiate, EVIL, network.now);
    network.run(5);
    assert.equal(wire.filter(({ to }) => to.host === EVIL.host).length, 0);
  }
  assert.equal(master.responder.counters["handshakes"], handshakes);
  assert.equal(master.responder.peers.length, 1);
});
