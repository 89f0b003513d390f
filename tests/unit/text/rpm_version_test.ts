import assert from "node:assert/strict";
import { test } from "node:test";
import { compareRpmVersions, parseRpmVersion } from "../../../src/text/rpm_version.ts";

test("parseRpmVersion() takes a version apart", () => {
  assert.deepEqual(parseRpmVersion("2:1.0-3.el9"), { epoch: 2, version: "1.0", release: "3.el9" });
  assert.deepEqual(parseRpmVersion("1.0"), { epoch: 0, version: "1.0", release: "" });
  assert.deepEqual(parseRpmVersion("x:1"), { epoch: 0, version: "1", release: "" });
});

/** From rpm's own tests (`tests/rpmvercmp.at`), and some with epochs and releases. */
const cases: [a: string, b: string, order: number][] = [
  ["1.0", "1.0", 0],
  ["1.0", "2.0", -1],
  ["2.0.1a", "2.0.1", 1],
  ["5.5p1", "5.5p2", -1],
  ["5.5p10", "5.5p1", 1],
  ["10xyz", "10.1xyz", -1],
  ["xyz10", "xyz10.1", -1],
  ["xyz.4", "8", -1],
  ["xyz.4", "2", -1],
  ["5.5p2", "5.6p1", -1],
  ["6.0.rc1", "6.0", 1],
  ["10b2", "10a1", 1],
  ["1.0aa", "1.0a", 1],
  ["10.0001", "10.1", 0],
  ["10.0001", "10.0039", -1],
  ["4.999.9", "5.0", -1],
  ["20101121", "20101122", -1],
  ["2_0", "2.0", 0],
  ["a+", "a_", 0],
  ["1.0~rc1", "1.0", -1],
  ["1.0~rc1", "1.0~rc2", -1],
  ["1.0~rc1~git123", "1.0~rc1", -1],
  ["1.0^", "1.0", 1],
  ["1.0^git1", "1.01", -1],
  ["1.0^20160101", "1.0.1", -1],
  ["1.0~rc1^git1", "1.0~rc1", 1],
  ["1.0^git1~pre", "1.0^git1", -1],
  ["1:1.0-1", "2.0-1", 1],
  ["1.0-2", "1.0-10", -1],
  ["1.0-2", "1.0", 0],
];

test("compareRpmVersions() orders as rpm does, both ways", () => {
  for (const [a, b, order] of cases) {
    assert.equal(compareRpmVersions(a, b), order, `${a} and ${b}`);
    assert.equal(compareRpmVersions(b, a), order === 0 ? 0 : -order, `${b} and ${a}`);
  }
});
