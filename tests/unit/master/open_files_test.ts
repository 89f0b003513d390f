import { test } from "node:test";
import assert from "node:assert/strict";
import { openFilesLimit, openFilesWarning } from "../../../src/master/open_files.ts";

test("openFilesLimit() reads the soft limit", () => {
  const line = (soft: string) =>
    `Limit Soft\nMax open files            ${soft}   1048576   files\n`;
  assert.equal(openFilesLimit(line("1024")), 1024);
  assert.equal(openFilesLimit(line("unlimited")), null);
  assert.equal(openFilesLimit(""), null);
});

test("openFilesWarning() warns when the fleet needs more, or max_open_files wants more", () => {
  assert.match(openFilesWarning(1024, 1000, 500)!, /500 accepted minions need 1100/);
  assert.match(openFilesWarning(1024, 100_000, 5)!, /max_open_files is 100000/);
  assert.equal(openFilesWarning(200_000, 100_000, 500), null);
});
