/** The same calls by `salt-call --local` of real Salt and by `saltx call --local`, on this host. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allCalls, callsAround } from "../../scripts/compare_modules/all_calls.ts";
import { lineOf } from "../../scripts/compare_modules/calls.ts";
import { callsOfPrograms, compareExecutables } from "../../scripts/compare_modules/executable.ts";

const wanted = callsOfPrograms(allCalls);

test("saltx call --local prints and ends as salt-call --local does, apart from what has a reason", async (t) => {
  const functions = new Set(wanted.map(({ fun }) => fun));
  assert.ok(functions.size >= 300, `only ${functions.size} functions are compared`);
  const first = await compareExecutables(wanted);
  for (const { call, why } of first) t.diagnostic(`${call}: ${why ?? "is asked again"}`);
  const suspects = first.filter(({ why }) => !why).map(({ call }) => call);
  // The host may have changed between the two answers: an interface came, a process went.
  const again = suspects.length === 0
    ? []
    : await compareExecutables(callsAround(wanted, (call) => suspects.includes(lineOf(call))));
  assert.deepEqual(again.filter(({ call, why }) => !why && suspects.includes(call)), []);
});
