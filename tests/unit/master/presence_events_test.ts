import assert from "node:assert/strict";
import { test } from "node:test";
import { PresenceEvents } from "../../../src/master/presence_events.ts";
import type { Presence } from "../../../src/master/presence.ts";

function lab() {
  const there = new Set<string>();
  const fired: unknown[] = [];
  const timers: (() => void)[] = [];
  const events = new PresenceEvents({
    ids: () => ["c", "a", "b"],
    presence: { of: (ids) => ids.map((id): Presence => there.has(id) ? "present" : "unknown") },
    fire: (tag, data) => void fired.push([tag, data]),
    later: (_ms, work) => {
      timers.push(work);
      return () => void timers.splice(timers.indexOf(work), 1);
    },
  });
  return { there, fired, timers, events };
}

test("PresenceEvents.check() tells who is there, and first who came and who went", () => {
  const { there, fired, events } = lab();
  events.check();
  assert.deepEqual(fired.splice(0), [["salt/presence/present", { present: [] }]]);
  there.add("b").add("a");
  events.check();
  assert.deepEqual(fired.splice(0), [
    ["salt/presence/change", { new: ["a", "b"], lost: [] }],
    ["salt/presence/present", { present: ["a", "b"] }],
  ]);
  there.delete("a");
  there.add("c");
  events.check();
  assert.deepEqual(fired.splice(0), [
    ["salt/presence/change", { new: ["c"], lost: ["a"] }],
    ["salt/presence/present", { present: ["b", "c"] }],
  ]);
});

test("PresenceEvents.changed() tells many changes together, and none that was undone", () => {
  const { there, fired, timers, events } = lab();
  there.add("a");
  events.changed();
  there.add("b");
  events.changed();
  assert.equal(timers.length, 1);
  timers.pop()!();
  assert.deepEqual(fired.splice(0), [["salt/presence/change", { new: ["a", "b"], lost: [] }]]);
  events.changed();
  timers.pop()!();
  assert.deepEqual(fired, []);
  events.changed();
  events.close();
  assert.deepEqual(timers, []);
});
