import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltInvocationError } from "../../../../src/errors.ts";
import { queueSeconds } from "../../../../src/master/queue/rules.ts";
import type { Data } from "../../../../src/types/mod.ts";

const OFF = { queue_offline: false, queue_expires: 600 };
const ON = { ...OFF, queue_offline: true };

test("queueSeconds() - keeps a job when asked to, or when the master always does", () => {
  assert.equal(queueSeconds({}, ["test.ping"], OFF), null);
  assert.equal(queueSeconds({ queue: true }, ["test.ping"], OFF), 600);
  assert.equal(queueSeconds({ queue: true, expires: "2h" }, ["test.ping"], OFF), 7200);
  assert.equal(queueSeconds({}, ["state.apply"], ON), 600);
  assert.equal(queueSeconds({ expires: "1d" }, ["state.apply"], ON), 86_400);
  assert.equal(queueSeconds({ queue: false }, ["state.apply"], ON), null);
});

test("queueSeconds() - keeps no question about the present unless asked to", () => {
  assert.equal(queueSeconds({}, ["saltutil.find_job"], ON), null);
  assert.equal(queueSeconds({}, ["state.apply", "test.ping"], ON), null);
});

test("queueSeconds() - refuses what is no length of time", () => {
  for (const expires of ["soon", "-1", 0, "400d", {}, [], "9".repeat(100)] as Data[]) {
    assert.throws(() => queueSeconds({ queue: true, expires }, ["a.b"], OFF), SaltInvocationError);
  }
});
