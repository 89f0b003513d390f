import assert from "node:assert/strict";
import { test } from "node:test";
import { abbreviation } from "../../../src/host/timezone.ts";

function zone(rule: string): Uint8Array {
  return new TextEncoder().encode(`TZif2 data\n${rule}\n`);
}

test("abbreviation() picks winter's or summer's name by the offset", () => {
  const paris = zone("CET-1CEST,M3.5.0,M10.5.0/3");
  assert.equal(abbreviation(paris, 1), "CET");
  assert.equal(abbreviation(paris, 2), "CEST");
  const newYork = zone("EST5EDT,M3.2.0,M11.1.0");
  assert.equal(abbreviation(newYork, -5), "EST");
  assert.equal(abbreviation(newYork, -4), "EDT");
});

test("abbreviation() knows zones without summer time, and bracketed names", () => {
  assert.equal(abbreviation(zone("UTC0"), 0), "UTC");
  assert.equal(abbreviation(zone("<+0545>-5:45"), 5.75), "+0545");
  assert.equal(abbreviation(new TextEncoder().encode("nonsense"), 0), null);
});
