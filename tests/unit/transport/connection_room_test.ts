import assert from "node:assert/strict";
import { test } from "node:test";
import { roomWithin } from "../../../src/master/open_files.ts";
import { ConnectionRoom } from "../../../src/transport/zeromq/connection_room.ts";

const minion = { remoteAddress: "192.0.2.7", localAddress: "192.0.2.1" };

test("ConnectionRoom has more room for programs of this host", () => {
  const room = new ConnectionRoom(2, 1);
  assert.deepEqual([room.enter(minion), room.enter(minion), room.enter(minion)], [
    true,
    true,
    false,
  ]);
  const own = { remoteAddress: "::ffff:192.0.2.1", localAddress: "192.0.2.1" };
  assert.deepEqual([room.enter(own), room.enter(own), room.taken], [true, false, 3]);
  room.leave();
  assert.equal(room.enter(minion), false);
  assert.equal(room.enter({ remoteAddress: "127.0.0.1", localAddress: "127.0.0.9" }), true);
  for (let i = 0; i < 2; i++) room.leave();
  assert.equal(room.enter(minion), true);
});

test("roomWithin() leaves the master its own files", () => {
  const filled = (limit: number) => {
    const room = roomWithin(limit);
    while (room.enter(minion));
    return room.taken;
  };
  assert.deepEqual([1024, 20_000, 200].map(filled), [874, 19_850, 100]);
});
