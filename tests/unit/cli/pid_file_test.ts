import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { isZombie } from "../../../src/cli/pid_file.ts";

test("isZombie() knows processes that have ended, whatever their name", () => {
  assert.equal(isZombie("123 (saltx) Z 1 1 1"), true);
  assert.equal(isZombie("123 (a) R (b) S 1 1 1"), false);
  assert.equal(isZombie("123 (a) Z (b) S 1 1 1"), false);
  assert.equal(isZombie(readFileSync("/proc/self/stat", "utf8")), false);
});
