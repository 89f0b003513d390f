import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions } from "../../../src/text/version.ts";

test("compareVersions() puts releases of Salt in order", () => {
  const order = [
    "none",
    "0.17.5",
    "2014.7.0",
    "2019.2.8",
    "3006.0rc2",
    "3006",
    "3006.9",
    "3006.30",
  ];
  const more = ["v3007.0", "3008.0b1", "3008.0rc1", "3008.0rc2", "3008.0", "3008.5"];
  const all = [...order, ...more];
  for (const [i, older] of all.entries()) {
    for (const newer of all.slice(i + 1)) {
      assert.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`);
      assert.ok(compareVersions(newer, older) > 0, `${newer} > ${older}`);
    }
    assert.equal(compareVersions(older, older), 0);
  }
});

test("compareVersions() takes spellings of one release for equal", () => {
  for (const text of ["3006.0", "v3006", "3006+12.gabcdef", " 3006.0 "]) {
    assert.equal(compareVersions(text, "3006"), 0, text);
  }
});
