import { test } from "node:test";
import assert from "node:assert/strict";
import { refuseEvent } from "../../../src/master/event_policy.ts";

const allowed = [
  "minion_start",
  "salt/minion/web1/start",
  "salt/beacon/web1/load/",
  "salt/job/20260101000000000000/prog/web1/0",
  "salt/state_result/20260101000000000000/web1/pkg",
  "minion/refresh/web1",
  "my/own/event",
  "salt/custom",
];

const refused = [
  "salt/auth",
  "salt/key",
  "key",
  "salt/job/20260101000000000000/ret/web1",
  "salt/job/20260101000000000000/ret/web2",
  "salt/job/20260101000000000000/new",
  "salt/run/20260101000000000000/ret",
  "salt/wheel/20260101000000000000/new",
  "salt/presence/present",
  "salt/minion/web2/start",
  "salt/beacon/web2/load/",
  "salt/state_result/20260101000000000000/web2/pkg",
  "syndic/other/salt/job",
  "20260101000000000000",
  "saltx/sync/1",
  "",
  "two\nlines",
  "x".repeat(600),
];

for (const tag of allowed) {
  test(`refuseEvent() lets web1 fire ${tag}`, () => assert.equal(refuseEvent("web1", tag), null));
}
for (const tag of refused) {
  test(`refuseEvent() refuses web1 ${JSON.stringify(tag.slice(0, 50))}`, () =>
    assert.notEqual(refuseEvent("web1", tag), null));
}
