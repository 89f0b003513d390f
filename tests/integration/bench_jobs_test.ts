/** The part of the bench that has many jobs under way at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jobFigures } from "../../scripts/bench/job_figures.ts";

test("the bench of jobs under way together measures them, or says at what the time was up", async () => {
  const whole = await jobFigures("saltx", { jobs: 20, minions: 4, limit: 120 });
  assert.equal(whole.missing, null);
  assert.deepEqual(whole.rows.map(({ name }) => name), [
    "20 jobs published to 4 minions, none answered",
    "... then all of them answered",
    "... CPU of the master for all of it",
  ]);
  for (const { name, values } of whole.rows) assert.ok(values["saltx"]!.median >= 0, name);

  const cut = await jobFigures("saltx", { jobs: 20, minions: 4, limit: 0 });
  assert.deepEqual(cut.rows, []);
  assert.equal(cut.missing, "publishing: the time was up");
});
