import assert from "node:assert/strict";
import { test } from "node:test";
import { HybridClock, isVersion, versionOf } from "../../../../src/master/cluster/clock.ts";

test("HybridClock.tick() rises, also while the wall clock stands still or goes back", () => {
  let now = 1000;
  const clock = new HybridClock(() => now);
  const made = [clock.tick(), clock.tick()];
  now = 500;
  made.push(clock.tick());
  now = 1001;
  made.push(clock.tick());
  assert.deepEqual(made, [
    versionOf(1000),
    versionOf(1000, 1),
    versionOf(1000, 2),
    versionOf(1001),
  ]);
  assert.deepEqual(made, made.toSorted());
});

test("HybridClock.hear() never falls behind another master, but follows none into the far future", () => {
  const clock = new HybridClock(() => 1000);
  clock.hear(versionOf(5000, 7));
  assert.equal(clock.tick(), versionOf(5000, 8));
  clock.hear(versionOf(4000));
  assert.equal(clock.tick(), versionOf(5000, 9));
  clock.hear(versionOf(1000 + 86_400_001));
  assert.equal(clock.tick(), versionOf(5000, 10));
  clock.hear("no version");
  assert.equal(clock.tick(), versionOf(5000, 11));
});

test("isVersion() takes what versionOf() makes", () => {
  assert.ok(isVersion(versionOf(Date.now(), 3)));
  for (const wrong of ["", "1-2", `${versionOf(1)} `, "0000000000001-0000001"]) {
    assert.ok(!isVersion(wrong), wrong);
  }
});
