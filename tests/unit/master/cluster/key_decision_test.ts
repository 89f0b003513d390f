import assert from "node:assert/strict";
import { test } from "node:test";
import { versionOf } from "../../../../src/master/cluster/clock.ts";
import { holds } from "../../../../src/master/cluster/key_decision.ts";
import type { SharedKeyState } from "../../../../src/master/cluster/memory.ts";

const at = (state: SharedKeyState, ms: number) => ({ state, version: versionOf(ms) });

test("holds() prefers the later decision", () => {
  assert.ok(holds(at("accepted", 2), at("rejected", 1)));
  assert.ok(!holds(at("accepted", 1), at("rejected", 2)));
  assert.ok(holds(at("deleted", 2), at("accepted", 1)));
  assert.ok(holds(at("pending", 2), at("deleted", 1)));
});

test("holds() prefers a rejection at the same instant, then a deletion", () => {
  assert.ok(holds(at("rejected", 1), at("accepted", 1)));
  assert.ok(!holds(at("accepted", 1), at("rejected", 1)));
  assert.ok(holds(at("rejected", 1), at("deleted", 1)));
  assert.ok(holds(at("deleted", 1), at("accepted", 1)));
});

test("holds() lets no offer of a minion undo an operator's word", () => {
  for (const decided of ["accepted", "rejected"] as const) {
    assert.ok(!holds(at("pending", 9), at(decided, 1)));
    assert.ok(holds(at(decided, 1), at("pending", 9)));
  }
});

test("holds() leaves two masters with the same decision, whoever hears of the other's first", () => {
  const states = ["accepted", "rejected", "pending", "denied", "deleted"] as const;
  for (const a of states.flatMap((state) => [at(state, 1), at(state, 2)])) {
    assert.ok(!holds(a, a));
    for (const b of states.flatMap((state) => [at(state, 1), at(state, 2)])) {
      if (a.version === b.version && (a.state === b.state || [a, b].every(isSame))) continue;
      assert.notEqual(holds(a, b), holds(b, a), `${a.state} ${b.state}`);
    }
  }
});

/** A denied key has a record of its own, beside the others: the two are never compared. */
function isSame({ state }: { state: SharedKeyState }): boolean {
  return state === "denied" || state === "rejected";
}
