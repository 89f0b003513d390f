import assert from "node:assert/strict";
import { test } from "node:test";
import { JobTracker } from "../../../src/client/job_tracker.ts";

const RULES = { timeout: 5, gather: 10, hold: 0 };

test("JobTracker.next() ends at once when nobody is waited for", () => {
  assert.deepEqual(new JobTracker(RULES, 0).next(0), { kind: "end" });
});

test("JobTracker.next() holds for syndics even when all have returned", () => {
  const tracker = new JobTracker({ ...RULES, hold: 7 }, 0);
  tracker.expect(["a"], 0);
  tracker.returned("a");
  assert.deepEqual(tracker.next(1), { kind: "wait", until: 7 });
  tracker.expect(["b"], 6);
  assert.deepEqual(tracker.next(7), { kind: "ask", ids: ["b"] });
});

test("JobTracker.next() waits for the answers to the first question, then ends", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["a", "b"], 0);
  assert.deepEqual(tracker.next(0), { kind: "wait", until: 5 });
  assert.deepEqual(tracker.next(5), { kind: "ask", ids: ["a", "b"] });
  assert.deepEqual(tracker.next(6), { kind: "wait", until: 15 });
  assert.deepEqual(tracker.next(15), { kind: "end" });
});

test("JobTracker.next() ends soon when every minion says that it does not work on the job", () => {
  const tracker = new JobTracker({ timeout: 5000, gather: 10_000, hold: 0 }, 0);
  tracker.expect(["a", "b"], 0);
  tracker.next(5000);
  tracker.answered("a", false, 5100);
  assert.deepEqual(tracker.next(5100), { kind: "wait", until: 15_000 });
  tracker.answered("b", false, 5200);
  assert.deepEqual(tracker.next(5200), { kind: "wait", until: 7200 });
  assert.deepEqual(tracker.next(7200), { kind: "end" });
});

test("JobTracker.next() asks again while one says that it works, for those who are silent too", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["a", "b"], 0);
  tracker.next(5);
  tracker.answered("a", true, 6);
  assert.deepEqual(tracker.next(6), { kind: "wait", until: 15 });
  assert.deepEqual(tracker.next(15), { kind: "ask", ids: ["a", "b"] });
});

test("JobTracker.answered() adds a minion that works though nobody expected it", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["a"], 0);
  tracker.next(5);
  tracker.answered("other", true, 6);
  assert.deepEqual(tracker.waiting, ["a", "other"]);
  tracker.answered("third", false, 6);
  assert.deepEqual(tracker.waiting, ["a", "other"]);
});

test("JobTracker.unreturned() has a word for each minion, sorted by id", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["d", "c", "b", "a"], 0);
  tracker.miss(["ghost", "a"]);
  tracker.notReached(["c", "unexpected"], "not connected");
  tracker.next(5);
  tracker.answered("d", true, 6);
  tracker.returned("a");
  assert.deepEqual(tracker.unreturned(), [
    ["b", "timed out"],
    ["c", "not connected"],
    ["d", "still running"],
    ["ghost", "not known"],
  ]);
  assert.equal(tracker.expected, 4);
});

test("JobTracker.returned() is false for what came before", () => {
  const tracker = new JobTracker(RULES, 0);
  assert.equal(tracker.returned("a"), true);
  assert.equal(tracker.returned("a"), false);
});

test("JobTracker.next() ends soon too when the last silent minion returns instead of answering", () => {
  const tracker = new JobTracker({ timeout: 5000, gather: 10_000, hold: 0 }, 0);
  tracker.expect(["a", "b"], 0);
  tracker.next(5000);
  tracker.returned("b");
  tracker.answered("a", false, 5100);
  tracker.answered("a", false, 5150);
  assert.deepEqual(tracker.next(5200), { kind: "wait", until: 7150 });
});

test("JobTracker keeps pace with 20,000 minions that are asked and answer", () => {
  const ids = Array.from({ length: 20_000 }, (_, at) => `w${at}`);
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(ids, 0);
  tracker.next(5);
  let steps = 0;
  for (const id of ids) {
    tracker.answered(id, false, 6);
    if (tracker.next(6).kind === "wait") steps++;
  }
  assert.equal(steps, ids.length);
});

test("JobTracker does not wait for whom the job is queued, also when an event names them later", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["a", "b"], 0);
  tracker.notReached(["b"], "queued");
  tracker.expect(["a", "b"], 1);
  tracker.returned("a");
  assert.deepEqual(tracker.next(1), { kind: "end" });
  assert.deepEqual(tracker.unreturned(), [["b", "queued"]]);
  assert.equal(tracker.returned("b"), true);
  assert.deepEqual(tracker.unreturned(), []);
});

test("JobTracker waits for who should be back for its timeout, and asks only the others", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["a", "b"], 0);
  tracker.returning(["b"]);
  assert.deepEqual(tracker.next(5), { kind: "ask", ids: ["a"] });
  tracker.returned("a");
  assert.deepEqual(tracker.next(15), { kind: "end" });
  assert.deepEqual(tracker.unreturned(), [["b", "not connected"]]);
});

test("JobTracker asks nobody when all that is waited for is gone", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["a"], 0);
  tracker.returning(["a"]);
  assert.deepEqual(tracker.next(1), { kind: "wait", until: 5 });
  assert.deepEqual(tracker.next(5), { kind: "end" });
});

test("JobTracker gives a minion that is back its whole time", () => {
  const tracker = new JobTracker(RULES, 0);
  tracker.expect(["a"], 0);
  tracker.returning(["a"]);
  tracker.sent(["a", "other"], 4);
  assert.deepEqual(tracker.next(5), { kind: "wait", until: 9 });
  assert.deepEqual(tracker.next(9), { kind: "ask", ids: ["a"] });
  assert.deepEqual(tracker.unreturned(), [["a", "timed out"]]);
});

test("JobTracker does not hold for syndics once all that are there have told", () => {
  const tracker = new JobTracker({ ...RULES, hold: 7 }, 0);
  tracker.awaitSyndics(["s1", "s2"]);
  tracker.syndicTold("s1");
  assert.deepEqual(tracker.next(1), { kind: "wait", until: 7 });
  tracker.syndicTold("s2");
  assert.deepEqual(tracker.next(1), { kind: "end" });
});
