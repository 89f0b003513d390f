import assert from "node:assert/strict";
import { test } from "node:test";
import { compareDebVersions } from "../../../src/text/deb_version.ts";

/** From oldest to newest, as `dpkg --compare-versions` has them. */
const order = [
  "0",
  "1.0~~",
  "1.0~~a",
  "1.0~",
  "1.0~rc1-1",
  "1.0",
  "1.0-1~bpo1",
  "1.0-1",
  "1.0-1+b1",
  "1.0-1.1",
  "1.0-2",
  "1.0a",
  "1.0+dfsg-1",
  "1.0.1",
  "1.9",
  "1.10",
  "2.0-beta-1",
  "10",
  "20230101-1",
  "1:0.5",
  "1:1",
  "2:0~1",
];

test("compareDebVersions orders versions as dpkg does", () => {
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) {
      assert.equal(compareDebVersions(a, b), Math.sign(i - j), `${a} and ${b}`);
    }
  }
});

test("compareDebVersions takes leading zeros and an epoch of 0 for nothing", () => {
  assert.equal(compareDebVersions("1.001", "1.1"), 0);
  assert.equal(compareDebVersions("0:1.2", "1.2"), 0);
  assert.equal(compareDebVersions("1.0-0", "1.0"), 0);
});
