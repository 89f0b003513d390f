import assert from "node:assert/strict";
import { test } from "node:test";
import { currentJid, isValidJid, jidToDate, jidToTime, makeJid } from "../../../src/text/jid.ts";
import { loadVectors } from "../../support/vectors.ts";

const vectors = loadVectors("jid.json");

/** Where Python reads as a number what saltx does not take for digits. */
const STRICTER = new Set(["-0230405060708000009", " 0230405060708000009"]);

test("makeJid() writes the time as Salt does", () => {
  for (const c of vectors.gen) {
    const micros = c.utc.slice(-3);
    const jid = makeJid(new Date(`${c.utc.slice(0, -3)}Z`));
    assert.equal(jid.slice(0, 17) + micros, c.jid);
    assert.equal(jid.slice(17), "000");
  }
});

test("makeJid() rises by a microsecond when the clock stands still or goes back", () => {
  const now = new Date("2023-04-05T06:07:08.000Z");
  const [first, second, third] = vectors.gen_unique.calls_at_same_instant.map((j: string) =>
    j.slice(0, 20)
  );
  assert.equal(makeJid(now, first), second);
  assert.equal(makeJid(new Date(0), second), third);
  assert.equal(makeJid(now, "20231231235959999999_77"), "20240101000000000000");
  assert.equal(makeJid(now, "20230405060707999999"), "20230405060708000000");
  let last = makeJid(now);
  for (let i = 0; i < 3000; i++) {
    const next = makeJid(now, last);
    assert.ok(next > last);
    last = next;
  }
});

test("isValidJid() takes what Salt makes", () => {
  for (const c of vectors.is_jid) {
    assert.equal(isValidJid(c.value), c.result && !STRICTER.has(c.value), String(c.value));
  }
  assert.equal(isValidJid("20230405060708000009_/../../x"), false);
});

test("jidToTime() reads as in Salt", () => {
  for (const c of vectors.jid_to_time) assert.equal(jidToTime(c.jid), c.result);
});

test("jidToDate() gives the moment, null for what is none", () => {
  assert.equal(jidToDate("20230405060708901234")?.toISOString(), "2023-04-05T06:07:08.901Z");
  assert.equal(jidToDate("99999999999999999999"), null);
  assert.equal(jidToDate("req"), null);
});

test("currentJid() never repeats, and follows the last one when the clock stands", () => {
  let last = currentJid();
  for (let i = 0; i < 10_000; i++) {
    const next = currentJid(last);
    assert.ok(isValidJid(next) && next > last);
    last = next;
  }
  const future = "29991231235959999999";
  assert.equal(currentJid(future), "30000101000000000000");
});
