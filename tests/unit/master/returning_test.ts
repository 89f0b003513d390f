import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedSet, sharedTable } from "../../../src/channel/shared_set.ts";
import { LostTopics, Returning } from "../../../src/master/returning.ts";
import { minionTopic } from "../../../src/transport/zeromq/mod.ts";

/** Topics of minions, a clock and timers that the test moves. */
function lab(window: number) {
  const lost = new SharedSet(sharedTable(64));
  const timers: { ms: number; work: () => void }[] = [];
  const topics = new LostTopics(lost, window, (ms, work) => void timers.push({ ms, work }));
  const time = { now: 1000 };
  const returning = new Returning({ lost, startedAt: 1000, window, now: () => time.now });
  const note = (id: string, there: boolean) => topics.note(minionTopic(id), there);
  return { topics, note, timers, time, returning };
}

test("Returning expects all absent minions back for a while after the master's start", () => {
  const { time, returning } = lab(20);
  assert.deepEqual(returning.among(["a", "b"]), ["a", "b"]);
  time.now = 21_000;
  assert.deepEqual(returning.among(["a", "b"]), []);
});

test("Returning expects those back whose link broke within the window", () => {
  const { note, timers, time, returning } = lab(20);
  time.now = 50_000;
  note("a", false);
  assert.deepEqual(returning.among(["a", "b"]), ["a"]);
  note("a", true);
  assert.deepEqual(returning.among(["a"]), []);
  note("a", false);
  assert.deepEqual(timers.map(({ ms }) => ms), [20_000, 20_000]);
  // The timer of the first loss says nothing of the second.
  timers[0]!.work();
  assert.deepEqual(returning.among(["a"]), ["a"]);
  timers[1]!.work();
  assert.deepEqual(returning.among(["a"]), []);
});

test("Returning expects whose key was just accepted", () => {
  const { topics, note, timers, time, returning } = lab(20);
  time.now = 50_000;
  topics.expect(minionTopic("new"));
  assert.deepEqual(returning.among(["new", "b"]), ["new"]);
  note("new", true);
  assert.deepEqual(returning.among(["new"]), []);
  topics.expect(minionTopic("late"));
  timers.at(-1)!.work();
  assert.deepEqual(returning.among(["late"]), []);
});

test("Returning expects nobody back with a window of 0", () => {
  const { note, returning } = lab(0);
  note("a", false);
  assert.deepEqual(returning.among(["a"]), []);
});
