import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dropFilePath, requestRotation } from "../../../src/key/mod.ts";

test("requestRotation() leaves one file that only its owner can read, however often", () => {
  const root = mkdtempSync(join(tmpdir(), "drop-"));
  try {
    const cachedir = join(root, "cache");
    for (let i = 0; i < 2; i++) requestRotation(cachedir);
    const { mode, size } = statSync(dropFilePath(cachedir));
    assert.deepEqual([mode & 0o7777, size], [0o400, 0]);
    writeFileSync(join(root, "file"), "");
    assert.throws(() => requestRotation(join(root, "file")), /Cannot .*"\/.*file/);
  } finally {
    rmSync(root, { recursive: true });
  }
});
