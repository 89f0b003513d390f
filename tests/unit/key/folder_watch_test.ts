import assert from "node:assert/strict";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FolderWatch } from "../../../src/key/folder_watch.ts";

test("FolderWatch.changed() tells of a change once, unless it was a moment ago", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "saltx-watch-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const setAge = (seconds: number) => {
    const at = Date.now() / 1000 - seconds;
    utimesSync(dir, at, at);
  };
  setAge(60);
  const watch = new FolderWatch(dir);
  assert.deepEqual([watch.changed(), watch.changed()], [true, false]);
  writeFileSync(join(dir, "a"), "");
  setAge(30);
  assert.deepEqual([watch.changed(), watch.changed()], [true, false]);
  // Within a tick of the clock, the next file would leave the folder's time as it is.
  setAge(-60);
  assert.deepEqual([watch.changed(), watch.changed()], [true, true]);
  setAge(10);
  assert.deepEqual([watch.changed(), watch.changed()], [true, false]);
});
