/**
 * `file.*` against what real Salt answered and left behind for the same calls in the same folder:
 * `tests/cases/file_calls.json`, written by `scripts/compare_modules.ts --record`.
 */
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileCalls } from "../../../../scripts/compare_modules/file_calls.ts";
import { lineOf } from "../../../../scripts/compare_modules/calls.ts";
import { changesOf, fill, look, PLAY } from "../../../../scripts/compare_modules/playground.ts";
import { executeJob, parseCliArgs } from "../../../../src/loader/mod.ts";
import { pyRepr } from "../../../../src/text/py_repr.ts";
import { readCases } from "../../../support/cases.ts";
import { testContext, testJob } from "../../../support/exec_context.ts";

type Answer = [repr: string, retcode: number, ...changes: string[]];

const answers = readCases("file_calls.json") as Record<string, Answer>;

/** What the file system or the user who runs the test decides; the comparison with real Salt has them. */
const local = /lsattr|mknod|chown|lchown|chgrp|check_perms|\/dev\//;

/** Orders of keys and of names in folders do not count. */
function canonical(repr: string): string {
  return [...repr].sort().join("");
}

for (const call of fileCalls) {
  const line = lineOf(call);
  if (call.why || local.test(line)) continue;
  test(`${line} answers and leaves behind what Salt does`, async () => {
    const root = realpathSync(mkdtempSync(join(tmpdir(), "saltx-file-")));
    const play = join(root, "play");
    try {
      const ctx = await testContext({ opts: { root_dir: root }, job: testJob(call.fun) });
      fill(play);
      const arg = parseCliArgs(call.words.map((word) => word.replaceAll(PLAY, play)));
      const done = await executeJob(ctx, { fun: call.fun, arg });
      const repr = (call.normalise ?? String)(pyRepr(done.return)).replaceAll(play, PLAY);
      const [theirs, retcode, ...changes] = answers[line]!;
      if (canonical(repr) !== canonical(theirs)) assert.equal(repr, theirs);
      assert.equal(done.retcode, retcode);
      const left = look(play).map((entry) => entry.replaceAll(play, PLAY));
      assert.deepEqual(changesOf(left), changes);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
}
