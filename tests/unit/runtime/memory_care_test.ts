import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryCare } from "../../../src/runtime/memory_care.ts";

const MIB = 1 << 20;

function thread(): { held: number; busy: number; after: number; releases: boolean[] } {
  return { held: 40 * MIB, busy: 0, after: 40 * MIB, releases: [] };
}

function careOf(state: ReturnType<typeof thread>): MemoryCare {
  return new MemoryCare({
    held: () => state.held,
    busy: () => state.busy,
    release: (quiet) => {
      state.releases.push(quiet);
      state.held = state.after;
    },
  });
}

test("MemoryCare - leaves a thread alone that holds what it held", () => {
  const state = thread();
  const care = careOf(state);
  for (let now = 0; now < 600_000; now += 2000) assert.equal(care.look(now), false);
  state.held += MIB;
  assert.equal(care.look(600_000), false, "not worth it");
});

test("MemoryCare - releases what a flood has left once it is over", () => {
  const state = thread();
  const care = careOf(state);
  state.held = 90 * MIB;
  assert.equal(care.look(2000), true);
  assert.equal(care.look(4000), false);
  state.held = 90 * MIB;
  assert.equal(care.look(6000), false, "so soon after the last time");
  assert.equal(care.look(12_000), true);
  assert.deepEqual(state.releases, [true, true]);
});

test("MemoryCare - waits for a quiet moment, but not for ever", () => {
  const state = thread();
  const care = careOf(state);
  state.held = 90 * MIB;
  assert.equal(care.look(0), true);
  state.held = 90 * MIB;
  state.busy = 0.9;
  for (let now = 2000; now < 60_000; now += 2000) assert.equal(care.look(now), false);
  assert.equal(care.look(60_000), true);
  assert.deepEqual(state.releases, [true, false]);
});

test("MemoryCare - takes what others gave back for its new measure", () => {
  const state = thread();
  const care = careOf(state);
  state.held = 10 * MIB;
  assert.equal(care.look(0), false);
  state.held = 20 * MIB;
  assert.equal(care.look(2000), true);
});

test("MemoryCare - releases in quiet what it left to a busy thread, though nothing grew since", () => {
  const state = thread();
  const care = careOf(state);
  state.held = 90 * MIB;
  state.busy = 0.9;
  assert.equal(care.look(0), true);
  state.busy = 0;
  assert.equal(care.look(2000), true);
  for (let now = 4000; now < 600_000; now += 2000) assert.equal(care.look(now), false);
  assert.deepEqual(state.releases, [false, true]);
});

test("MemoryCare - after work, takes back what a thread that was quiet all the time may keep", () => {
  const state = thread();
  const care = careOf(state);
  state.held = 42 * MIB;
  assert.equal(care.look(0), false);
  state.busy = 0.5;
  assert.equal(care.look(2000), false);
  state.busy = 0;
  assert.equal(care.look(4000), true);
});

test("MemoryCare - does not count the time that a release took as work", () => {
  const state = thread();
  let looked = 0;
  const care = new MemoryCare({
    held: () => state.held,
    busy: () => looked++ && 0,
    release: () => {},
  });
  state.held = 90 * MIB;
  assert.equal(care.look(0), true);
  assert.equal(looked, 2);
});
