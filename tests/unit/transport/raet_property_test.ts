/**
 * Messages both ways through networks of all kinds: each arrives once and in order, or its sender
 * gets an error within the message's time.
 *
 * SALTX_ROAD_ROUNDS sets how many networks there are: 10,000 on Node, which runs them in a quarter of
 * the time, and some on Deno. A failure names the seed by which SALTX_TEST_SEED repeats it.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Kind, RejectCode } from "../../../src/transport/raet/frames.ts";
import type { Incoming } from "../../../src/transport/raet/inbox.ts";
import type { Outgoing } from "../../../src/transport/raet/out_message.ts";
import { type Random, rounds } from "../../support/random.ts";
import { MASTER_AT, roadKeys, TestMaster, TestMinion } from "../../support/road.ts";
import { RoadNetwork, type RoadWeather } from "../../support/road_network.ts";

const HOME = { host: "192.0.2.7", port: 40_000 };
const ROUNDS = Number(process.env["SALTX_ROAD_ROUNDS"] ?? ("Deno" in globalThis ? 500 : 10_000));
/** ms by which an error may come after a message's time, in a simulation whose clock is exact. */
const LATE_MS = 1;

/** A kind of network. `later`: how it changes while messages are under way. */
interface Climate {
  name: string;
  at(random: Random): RoadWeather;
  later?(random: Random): RoadWeather;
  /** ms that messages have; where it is short, they may fail. */
  ttl?: number;
  largest?: number;
  /** Of a hundred messages, so many are refused by who gets them. */
  refused?: number;
}

const CLIMATES: readonly Climate[] = [
  {
    name: "all at once",
    at: (random) => ({
      loss: random.below(31),
      duplicate: random.below(30),
      corrupt: random.below(10),
      delay: 1 + random.below(random.pick([5, 100, 1000])),
      jitter: random.below(200),
    }),
    largest: 20_000,
  },
  { name: "loss of 30 %", at: () => ({ loss: 30 }), largest: 20_000 },
  { name: "reordering", at: (random) => ({ delay: 1, jitter: 20 + random.below(400) }) },
  { name: "duplication", at: (random) => ({ duplicate: 20 + random.below(80), jitter: 30 }) },
  { name: "corruption", at: (random) => ({ corrupt: 5 + random.below(25) }) },
  { name: "delays of 1 s", at: (random) => ({ delay: 1000, jitter: random.below(100), loss: 5 }) },
  {
    name: "a black hole for large packets",
    at: () => ({}),
    later: (random) => ({ mtu: 600 + random.below(590) }),
    largest: 30_000,
  },
  {
    name: "a peer that stops acknowledging",
    at: (random) => ({ loss: random.below(10) }),
    later: (random) => ({ mute: random.pick([MASTER_AT.host, HOME.host]) }),
    ttl: 20_000,
  },
  {
    name: "a peer that refuses some",
    at: (random) => ({ loss: random.below(30), jitter: random.below(100) }),
    refused: 40,
  },
  {
    name: "a peer that is gone for a while",
    at: (random) => ({ loss: random.below(20), jitter: random.below(50) }),
    later: () => ({ cut: true }),
    ttl: 30_000,
  },
];

interface Fate {
  at: number;
  failure: string | null;
}

/** Messages of one direction: what was sent, what became of it, what arrived. */
class Direction {
  readonly fates: (Fate | undefined)[] = [];
  readonly arrived: number[] = [];
  /** Ids on the wire that were refused. */
  refused = 0;
  readonly #network: RoadNetwork;
  readonly #ttl: number;
  readonly #begun: number;

  constructor(network: RoadNetwork, ttl: number) {
    this.#network = network;
    this.#ttl = ttl;
    this.#begun = network.now;
  }

  get isSettled(): boolean {
    return this.fates.every((fate) => fate !== undefined);
  }

  message(kind: number, share: string, size: number): Outgoing {
    const number = this.fates.push(undefined) - 1;
    const data = new Uint8Array(Math.max(4, size)).fill(number & 255);
    new DataView(data.buffer).setUint32(0, number);
    return {
      kind,
      share,
      data,
      ttl: this.#ttl,
      priority: 2,
      stream: 1,
      settled: (error) => {
        assert.equal(this.fates[number], undefined, "a fate was told twice");
        this.fates[number] = { at: this.#network.now, failure: error?.failure ?? null };
      },
    };
  }

  take({ data }: Incoming): void {
    const number = new DataView(data.buffer, data.byteOffset).getUint32(0);
    assert.ok(data.subarray(4).every((byte) => byte === (number & 255)), "bytes differ");
    this.arrived.push(number);
  }

  /** Once, in order, and with a word to the sender in time. */
  check(mayFail: boolean): void {
    for (const [i, number] of this.arrived.entries()) {
      assert.ok(i === 0 || number > this.arrived[i - 1]!, `order: ${this.arrived.join(" ")}`);
    }
    const arrived = new Set(this.arrived);
    for (const [number, fate] of this.fates.entries()) {
      assert.ok(fate, `message ${number} has no fate`);
      if (fate.failure === null) assert.ok(arrived.has(number), `message ${number} never came`);
      else {
        assert.ok(!arrived.has(number) || fate.failure === "expired", `${number} came and failed`);
        if (fate.failure === "overloaded") continue;
        assert.ok(mayFail, `message ${number} failed: ${fate.failure}`);
        assert.equal(fate.failure, "expired");
        assert.ok(fate.at <= this.#begun + this.#ttl + LATE_MS, `late by ${fate.at - this.#begun}`);
      }
    }
  }
}

function tryOne(random: Random, climate: Climate): void {
  const network = new RoadNetwork(random, climate.at(random));
  // Each suite, and each size of datagrams, beside the other.
  const options = () => ({
    suites: random.pick([1, 3]),
    mtu: random.pick([1200, 1200, 1400, 9000]),
  });
  const master = new TestMaster(network, random, roadKeys(random), options());
  const minion = new TestMinion(network, random, HOME, options());
  minion.initiator.start(network.now);
  assert.ok(network.run(600_000, () => minion.initiator.state === "open"), "no session");
  const ttl = climate.ttl ?? 3_600_000;
  const [up, down] = [new Direction(network, ttl), new Direction(network, ttl)];
  master.onMessage = (_peer, message) => up.take(message);
  minion.onMessage = (message) => down.take(message);
  const { refused = 0 } = climate;
  const refuse = (direction: Direction) => () => {
    if (random.below(100) >= refused) return null;
    direction.refused += 1;
    return { code: RejectCode.BUSY, text: "not now" };
  };
  master.refuse = refuse(up);
  minion.refuse = refuse(down);
  const size = () => random.below(random.pick([20, 1000, climate.largest ?? 3000]));
  const peer = master.responder.peers[0]!;
  for (let i = random.below(12); i >= 0; i--) {
    minion.initiator.sendMessage(up.message(Kind.EVT, "event_fire", size()), network.now);
  }
  for (let i = random.below(12); i >= 0; i--) {
    master.responder.sendTo(peer, down.message(Kind.PUB, "fun", size()), network.now);
  }
  if (climate.later) {
    network.run(random.below(100));
    network.weather = { ...network.weather, ...climate.later(random) };
  }
  const done = network.run(3_000_000, () => up.isSettled && down.isSettled);
  assert.ok(done, `not settled in ${JSON.stringify(network.weather)}`);
  // What waits for an earlier one that will not come is handed on when its own time is over.
  if (climate.ttl !== undefined) network.run(climate.ttl);
  up.check(climate.ttl !== undefined);
  down.check(climate.ttl !== undefined);
  for (const { fates, refused } of [up, down]) {
    const told = fates.filter((fate) => fate?.failure === "overloaded").length;
    assert.ok(climate.ttl !== undefined || told === refused, `${refused} refused, ${told} told`);
  }
}

for (const [i, climate] of CLIMATES.entries()) {
  const share = Math.floor(ROUNDS / CLIMATES.length) + (i < ROUNDS % CLIMATES.length ? 1 : 0);
  test(`road - ${climate.name}: each message once and in order, or an error in time`, () => {
    rounds(share, (random) => tryOne(random, climate));
  });
}
