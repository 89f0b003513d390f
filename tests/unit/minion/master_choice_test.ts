import assert from "node:assert/strict";
import { test } from "node:test";
import { MasterChoice } from "../../../src/minion/master_choice.ts";

function choice(...names: string[]): MasterChoice {
  return new MasterChoice(names.map((name) => ({
    name,
    host: name,
    port: 4506,
    masterKeyName: `${name}.pub`,
    finger: "",
  })));
}

test("MasterChoice goes round, and tells when all have been tried", () => {
  const masters = choice("a", "b", "c");
  assert.equal(masters.failed(), false);
  assert.equal(masters.current.name, "b");
  masters.worked();
  assert.deepEqual([masters.failed(), masters.failed(), masters.failed()], [false, false, true]);
  assert.equal(masters.current.name, "b");
});

test("MasterChoice goes back to the first, and then to who was next", () => {
  const masters = choice("a", "b", "c");
  masters.failed();
  masters.failed();
  assert.equal(masters.current.name, "c");
  masters.failBack();
  assert.equal(masters.current.name, "a");
  masters.failed();
  assert.equal(masters.current.name, "c");
});

test("MasterChoice gives up when each has refused, and no sooner", () => {
  const masters = choice("a", "b");
  const refusal = new Error("no");
  masters.failed(refusal);
  masters.failed();
  assert.equal(masters.refusal, undefined);
  masters.failed(refusal);
  masters.failed(new Error("nor I"));
  assert.equal(masters.refusal, refusal);
  masters.worked();
  assert.equal(masters.refusal, undefined);
});

test("MasterChoice of one has no others", () => {
  const masters = choice("a");
  assert.equal(masters.hasOthers, false);
  assert.equal(masters.failed(), true);
  assert.equal(masters.current, masters.first);
});
