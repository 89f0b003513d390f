import assert from "node:assert/strict";
import { test } from "node:test";
import { SaltConfigurationError } from "../../../src/errors.ts";
import { isValidMinionId, parseMinionId } from "../../../src/text/minion_id.ts";

const bad = [
  "",
  "a/b",
  "a\\b",
  "..",
  ".hidden",
  "a\0b",
  "a\nb",
  "x".repeat(254),
  "é".repeat(127),
  "\ud800",
  5,
  null,
  undefined,
];

test("isValidMinionId() takes ids that can be file names", () => {
  for (const id of ["m1", "web-1.example.com", "x".repeat(253), "höst", "a..b", "M_1"]) {
    assert.equal(isValidMinionId(id), true, id);
    assert.equal(parseMinionId(id), id);
  }
});

test("isValidMinionId() refuses the rest, parseMinionId() throws", () => {
  for (const id of bad) {
    assert.equal(isValidMinionId(id), false, String(id));
    assert.throws(() => parseMinionId(id), SaltConfigurationError);
  }
});
