import assert from "node:assert/strict";
import { test } from "node:test";
import { Askers } from "../../../../src/minion/syndic/askers.ts";
import { EventQueue } from "../../../../src/minion/syndic/event_queue.ts";
import type { DataMap } from "../../../../src/types/mod.ts";

function tags(load: DataMap | undefined): unknown[] {
  return (load?.["events"] as DataMap[]).map(({ tag }) => tag);
}

test("EventQueue sends events in order under the syndic's name", async () => {
  const sent: DataMap[] = [];
  const { promise, resolve } = Promise.withResolvers<null>();
  const queue = new EventQueue("syn", (load) => {
    sent.push(load);
    return sent.length === 1 ? promise : Promise.resolve(null);
  });
  queue.add("a", { x: 1 });
  queue.flush();
  queue.add("b", {});
  queue.flush();
  assert.equal(sent.length, 1);
  assert.deepEqual(sent[0], {
    cmd: "_minion_event",
    id: "syn",
    pretag: "syndic/syn",
    events: [{ tag: "a", data: { x: 1 } }],
  });
  resolve(null);
  await promise;
  await Promise.resolve();
  assert.deepEqual(sent.map(tags), [["a"], ["b"]]);
});

test("EventQueue keeps what could not be sent, up to its bound", async () => {
  let there = false;
  const sent: DataMap[] = [];
  const queue = new EventQueue("syn", (load) => {
    if (!there) return Promise.reject(new Error("away"));
    sent.push(load);
    return Promise.resolve(null);
  });
  for (let i = 0; i < 10_005; i += 1) queue.add(String(i), {});
  queue.flush();
  await new Promise((done) => setImmediate(done));
  there = true;
  queue.flush();
  await new Promise((done) => setImmediate(done));
  const all = sent.flatMap(tags);
  assert.deepEqual([all[0], all.at(-1), all.length], ["5", "10004", 10_000]);
});

test("Askers forgets the oldest beyond its bound", () => {
  const askers = new Askers();
  for (let i = 0; i <= 10_000; i += 1) askers.note(String(i), "top");
  assert.equal(askers.of("0"), undefined);
  assert.equal(askers.of("10000"), "top");
});
