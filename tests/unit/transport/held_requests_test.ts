import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldRequests } from "../../../src/transport/zeromq/held_requests.ts";
import type { Request } from "../../../src/transport/zeromq/worker_slot.ts";

const hold = { topic: "w1", ms: 60_000 };
const never = () => assert.fail("not to be answered");

function request(asker: string, bytes = 10): Request {
  return {
    seq: 1,
    asker,
    route: [],
    payload: new Uint8Array(bytes),
    verifiedId: null,
    lane: "sign-in",
    since: performance.now(),
    tries: 1,
    worker: null,
    deferred: false,
    aside: false,
    answer: null,
  };
}

test("HeldRequests keeps no more requests and bytes than it may", () => {
  const held = new HeldRequests(2, 100);
  const large = request("a", 90);
  assert.equal(held.keep(large, hold, never), "kept");
  assert.equal(held.keep(request("b", 11), hold, never), "no room");
  assert.equal(held.keep(request("b", 10), hold, never), "kept");
  assert.equal(held.keep(request("c", 0), hold, never), "no room");
  assert.deepEqual(held.takeAsker("a"), [large]);
  assert.equal(held.keep(request("c", 90), hold, never), "kept");
  held.clear();
  assert.equal(held.size, 0);
});

test("HeldRequests gives out a topic's requests, and knows that there was word", () => {
  const held = new HeldRequests();
  const [early, other] = [request("a"), request("b")];
  held.keep(early, hold, never);
  held.keep(other, { ...hold, topic: "w2" }, never);
  const before = request("c");
  assert.deepEqual(held.takeTopic("w1"), [early]);
  assert.equal(held.keep(before, hold, never), "word came");
  assert.deepEqual(held.takeTopic("w1"), []);
  const after = { ...before, since: performance.now() + 1 };
  assert.equal(held.keep(after, hold, never), "kept");
  held.clear();
});
