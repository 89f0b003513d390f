import assert from "node:assert/strict";
import { test } from "node:test";
import { EventGatherer } from "../../../src/master/event_return.ts";
import type { DataMap } from "../../../src/types/mod.ts";

function gatherer(queue: number, white: string[] = [], black: string[] = []) {
  const stored: DataMap[][] = [];
  const made = new EventGatherer({
    event_return_queue: queue,
    event_return_whitelist: white,
    event_return_blacklist: black,
  }, (events) => stored.push(events));
  const add = (...tags: string[]) => tags.forEach((tag) => made.add({ tag, data: {} }));
  const tags = () => stored.map((events) => events.map(({ tag }) => tag));
  return { made, add, tags };
}

test("EventGatherer stores each event at once without a queue", () => {
  const { add, tags } = gatherer(0);
  add("a", "b");
  assert.deepEqual(tags(), [["a"], ["b"]]);
});

test("EventGatherer stores as many together as the queue says, and the rest at its end", () => {
  const { made, add, tags } = gatherer(2);
  add("a", "b", "c");
  assert.deepEqual(tags(), [["a", "b"]]);
  made.flush();
  assert.deepEqual(tags(), [["a", "b"], ["c"]]);
});

test("EventGatherer stores what the white list has and the black list has not", () => {
  const { add, tags } = gatherer(0, ["salt/job/*"], ["*/new"]);
  add("salt/job/1/new", "salt/job/1/ret/m1", "salt/auth");
  assert.deepEqual(tags(), [["salt/job/1/ret/m1"]]);
});
