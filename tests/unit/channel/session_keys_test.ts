import { test } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { SessionKeys } from "../../../src/channel/session_keys.ts";

const secret = new Uint8Array(32).fill(7);
const day = 86_400;

test("SessionKeys derives a Salt key string, the same in every worker", () => {
  const key = new SessionKeys(secret, day, () => 0).current("web1", "PEM");
  assert.equal(key.length, 76);
  assert.equal(Buffer.from(key, "base64").length, 56);
  assert.equal(new SessionKeys(secret, day, () => 0).current("web1", "PEM"), key);
});

test("SessionKeys differ by minion, by key and by secret, and not by white space of the PEM", () => {
  const keys = new SessionKeys(secret, day, () => 0);
  const key = keys.current("web1", "PEM\nA");
  assert.notEqual(keys.current("web2", "PEM\nA"), key);
  assert.notEqual(keys.current("web1", "PEM\nB"), key);
  assert.notEqual(new SessionKeys(new Uint8Array(32), day, () => 0).current("web1", "PEM\nA"), key);
  assert.equal(keys.current("web1", "PEM\r\nA\n"), key);
});

test("SessionKeys accepts the key of the period before, and none older", () => {
  let now = 0;
  const keys = new SessionKeys(secret, day, () => now);
  const first = keys.current("web1", "PEM");
  now += day * 1000;
  assert.equal(keys.previous("web1", "PEM"), first);
  assert.notEqual(keys.current("web1", "PEM"), first);
  now += day * 1000;
  assert.notEqual(keys.previous("web1", "PEM"), first);
});

test("SessionKeys of different minions turn at different times", () => {
  let now = 0;
  const keys = new SessionKeys(secret, day, () => now);
  const ids = Array.from({ length: 50 }, (_, i) => `web${i}`);
  const before = ids.map((id) => keys.epoch(keys.offset(id)));
  now = day * 500;
  const turned = ids.filter((id, i) => keys.epoch(keys.offset(id)) !== before[i]).length;
  assert.ok(turned > 5 && turned < 45, `${turned} of 50 turned in half a period`);
});
