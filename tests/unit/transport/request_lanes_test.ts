import assert from "node:assert/strict";
import { test } from "node:test";
import { packWire } from "../../../src/serializers/msgpack.ts";
import { laneOf, RequestLanes } from "../../../src/transport/zeromq/request_lanes.ts";

test("laneOf() tells sign-ins and clear commands from the rest", () => {
  const clear = (cmd: string) => packWire({ enc: "clear", load: { cmd, id: "a" }, version: 3 });
  assert.equal(laneOf(clear("_auth")), "sign-in");
  assert.equal(laneOf(clear("publish")), "clear");
  assert.equal(laneOf(packWire({ enc: "aes", load: new Uint8Array(64), version: 3 })), "encrypted");
  assert.equal(laneOf(new Uint8Array()), "encrypted");
});

test("a peer that floods makes others wait for one of its requests, not for all", () => {
  const lanes = new RequestLanes<string, number>();
  for (let i = 0; i < 1000; i++) lanes.add("encrypted", "flood", i);
  lanes.add("encrypted", "quiet", -1);
  const order = [lanes.take(), lanes.take(), lanes.take()].map((next) => next?.peer);
  assert.deepEqual(order, ["flood", "quiet", "flood"]);
  assert.equal(lanes.length, 998);
});

test("no lane waits for more than a round, whatever the others have", () => {
  const lanes = new RequestLanes<number, number>();
  for (const lane of ["clear", "encrypted", "heavy", "sign-in"] as const) {
    for (let i = 0; i < 200; i++) lanes.add(lane, i, i);
  }
  const taken = Array.from({ length: 150 }, () => lanes.take()!.lane);
  const count = (lane: string) => taken.filter((one) => one === lane).length;
  assert.deepEqual(
    [count("clear"), count("encrypted"), count("heavy"), count("sign-in")],
    [40, 80, 10, 20],
  );
  const gaps = taken.flatMap((lane, i) => lane === "heavy" ? [i] : []);
  gaps.slice(1).forEach((at, i) => assert.ok(at - gaps[i]! <= 15));
});

test("a lane alone gets all turns, and one that has to wait gets none", () => {
  const lanes = new RequestLanes<string, number>();
  for (let i = 0; i < 5; i++) lanes.add("sign-in", `m${i}`, i);
  assert.equal(lanes.take(new Set(["sign-in"])), undefined);
  assert.deepEqual(Array.from({ length: 5 }, () => lanes.take()!.request), [0, 1, 2, 3, 4]);
  assert.equal(lanes.take(), undefined);
});

test("forget() drops what a peer has asked, and others keep their turns", () => {
  const lanes = new RequestLanes<string, number>();
  lanes.add("encrypted", "gone", 1);
  lanes.add("sign-in", "gone", 2);
  lanes.add("encrypted", "here", 3);
  assert.deepEqual(lanes.forget("gone"), [1, 2]);
  assert.equal(lanes.length, 1);
  lanes.add("encrypted", "gone", 4);
  assert.deepEqual([lanes.take()?.request, lanes.take()?.request], [3, 4]);
  assert.equal(lanes.length, 0);
});
