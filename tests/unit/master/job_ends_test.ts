import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openJobCache } from "../../../src/cache/mod.ts";
import { hearJobEnds } from "../../../src/master/job_ends.ts";
import type { DataMap, Jid, ReturnLoad, SaltEvent } from "../../../src/types/mod.ts";
import { testJob } from "../../support/exec_context.ts";

const JID = "20260102030405000001" as Jid;

test("hearJobEnds() names as timed out those that were waited for, and nobody else", () => {
  const cachedir = mkdtempSync(join(tmpdir(), "saltx-ends-"));
  const jobs = openJobCache({ cachedir });
  try {
    let hear: (event: SaltEvent) => void = () => {};
    hearJobEnds({
      onEvent: (prefix, listener) => {
        assert.equal(prefix, "saltx/job/");
        hear = listener;
        return () => {};
      },
    }, jobs);
    const tell = (data: DataMap, jid: string = JID) =>
      hear({ tag: `saltx/job/${jid}/ended`, data });
    jobs.saveLoad({ ...testJob("test.ping"), jid: JID }, ["a", "b", "c"]);
    jobs.setEnd(JID, ["c"], "queued");
    const ret = (id: string, more: DataMap = {}) =>
      jobs.saveReturn({
        ...{ cmd: "_return", id, jid: JID, fun: "test.ping", fun_args: [], return: true },
        ...{ retcode: 0, success: true, ...more },
      } as unknown as ReturnLoad);
    ret("a");
    const ends = () => jobs.returns(JID).map(({ id, end, reason }) => [id, end, reason ?? ""]);

    for (const wrong of [{}, { minions: "b" }, { minions: { b: 1 } }, { minions: [["b"], 5] }]) {
      tell(wrong as DataMap);
    }
    tell({ minions: ["b"] }, "../../x");
    assert.deepEqual(ends(), [["a", "returned", ""], ["b", "waiting", ""], ["c", "queued", ""]]);
    tell({ minions: ["a", "b", "c", "nobody"], reason: "x".repeat(9999) });
    assert.deepEqual(ends(), [
      ["a", "returned", ""],
      ["b", "timed out", "x".repeat(200)],
      ["c", "queued", ""],
    ]);
    // A minion that says it was stopped has said its last word, as any return has.
    ret("b", { retcode: 1, success: false, interrupted: true });
    assert.deepEqual(ends()[1], ["b", "interrupted", ""]);
    assert.equal(ret("b"), "duplicate");
    jobs.setEnd(JID, ["b"], "expired");
    assert.deepEqual(ends()[1], ["b", "interrupted", ""]);
  } finally {
    jobs.close();
    rmSync(cachedir, { recursive: true });
  }
});
