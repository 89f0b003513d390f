import assert from "node:assert/strict";
import { test } from "node:test";
import { strptime } from "../../../src/text/strptime.ts";
import { nextWhen, parseWhen } from "../../../src/text/when.ts";

/** A Monday. */
const now = new Date(2026, 2, 2, 12, 0, 0);
const at = (month: number, day: number, hour = 0, minute = 0, second = 0, year = 2026) =>
  new Date(year, month - 1, day, hour, minute, second).getTime();

test("parseWhen() reads times as people write them", () => {
  const table: [string, number][] = [
    ["5:00pm", at(3, 2, 17)],
    ["5pm", at(3, 2, 17)],
    ["12am", at(3, 2, 0)],
    ["12:30 PM", at(3, 2, 12, 30)],
    ["23:59:58", at(3, 2, 23, 59, 58)],
    ["Monday 5:00am", at(3, 2, 5)],
    ["Tuesday 3:00pm", at(3, 3, 15)],
    ["sun 1pm", at(3, 8, 13)],
    ["2026-11-20 13:00:00", at(11, 20, 13)],
    ["2026-11-20T13:00:05", at(11, 20, 13, 0, 5)],
    ["2026/11/20 1pm", at(11, 20, 13)],
    ["11/20/2026 1:00pm", at(11, 20, 13)],
    ["November 20 2026 5pm", at(11, 20, 17)],
    ["Nov 20, 2026 17:00", at(11, 20, 17)],
    ["20 November 2026 17:00", at(11, 20, 17)],
    ["Fri Nov 20 2026 17:00", at(11, 20, 17)],
    ["2026-11-20", at(11, 20)],
    ["20261120", at(11, 20)],
    ["2026-11-20 13:00:00 UTC", Date.UTC(2026, 10, 20, 13)],
    ["2026-11-20 13:00:00+02:00", Date.UTC(2026, 10, 20, 11)],
  ];
  for (const [text, time] of table) assert.equal(parseWhen(text, now)?.time, time, text);
});

test("parseWhen() knows what is no time", () => {
  for (const text of ["", "soon", "25:00", "13pm", "2026-13-01", "February 30 2026", "job1"]) {
    assert.equal(parseWhen(text, now), null, text);
  }
});

test("nextWhen() goes on to the next day or week where there is no date", () => {
  assert.equal(nextWhen("11:00", now), at(3, 3, 11));
  assert.equal(nextWhen("12:00", now), at(3, 2, 12));
  assert.equal(nextWhen("Monday 11:00", now), at(3, 9, 11));
  assert.equal(nextWhen("2026-03-01 11:00", now), null);
});

test("strptime() reads by a format, all of the text", () => {
  const format = "%Y-%m-%dT%H:%M:%S";
  assert.equal(strptime("2026-03-02T12:00:00", format), now.getTime());
  assert.equal(strptime("02.03.2026 12:00 PM", "%d.%m.%Y %I:%M %p"), now.getTime());
  assert.equal(strptime("Mar 2 26", "%b %d %y"), at(3, 2));
  assert.equal(strptime("100%", "100%%"), at(1, 1, 0, 0, 0, 1900));
  for (const text of ["2026-03-02", "2026-02-30T12:00:00", "2026-03-02T24:00:00", "x"]) {
    assert.equal(strptime(text, format), null, text);
  }
});
