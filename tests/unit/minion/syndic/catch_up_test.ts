import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openJobCache } from "../../../../src/cache/mod.ts";
import { Mark, missedReturns } from "../../../../src/minion/syndic/catch_up.ts";
import type { PublishLoad, ReturnLoad } from "../../../../src/types/mod.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "saltx-mark-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("Mark keeps the time over restarts, and knows nothing of a broken file", (t) => {
  const cachedir = folder(t);
  assert.equal(new Mark(cachedir).read(), null);
  new Mark(cachedir).set(new Date(1_700_000_000_500));
  assert.equal(new Mark(cachedir).read(), 1_700_000_000.5);
  writeFileSync(join(cachedir, "syndic_seen"), "x");
  assert.equal(new Mark(cachedir).read(), null);
});

test("missedReturns() gives the returns since the mark, and whose jobs they are of", (t) => {
  const time = { now: Date.UTC(2026, 10, 21, 8) };
  const jobs = openJobCache({ cachedir: folder(t), now: () => time.now });
  t.after(() => jobs.close());
  const job = (jid: string, fun: string, more: object = {}) => {
    const load = { jid, fun, arg: [], tgt: "*", tgt_type: "glob", ret: "", ...more };
    jobs.saveLoad(load as unknown as PublishLoad, ["a", "b"]);
  };
  const ret = (jid: string, id: string) =>
    jobs.saveReturn({ jid, id, fun: "x.y", return: id, retcode: 0 } as unknown as ReturnLoad);
  job("20261121080000000001", "test.ping", { auth_list: [] });
  job("20261121080001000001", "test.arg");
  job("20261121080002000001", "runner.jobs.active");
  ret("20261121080000000001", "a");
  const mark = time.now / 1000 + 100;
  time.now += 120_000;
  ret("20261121080000000001", "b");
  ret("20261121080001000001", "a");
  ret("20261121080002000001", "a");
  const missed = missedReturns(jobs, mark);
  assert.deepEqual(missed.map(({ jid, fromAbove }) => [jid, fromAbove]), [
    ["20261121080000000001", true],
    ["20261121080001000001", false],
  ]);
  assert.deepEqual([missed[0]?.ret["id"], missed[0]?.ret["return"]], ["b", "b"]);
});
