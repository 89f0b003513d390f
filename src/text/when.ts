/**
 * Times as people write them, in this host's time zone: `2026-11-20 13:00`, `November 20 2026 1pm`,
 * `Monday 5:00am`, `5:30pm`. (`dateutil.parser.parse`, as Salt's schedule uses it)
 * @module
 */

/** What a text means. */
export interface When {
  /** The time, in ms since 1970. A text without a date means today, one with a weekday the next such day, today counted. */
  time: number;
  /** Days after which the text means another time; null: it is a single one. */
  everyDays: 1 | 7 | null;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const TIME =
  /\b(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*([ap])\.?m\.?(?![a-z])|(?:\b|T)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?/i;
const ZONE = /(?:\b(?:UTC|GMT)|Z)\s*$|([+-])(\d{2}):?(\d{2})\s*$/i;

interface Clock {
  hour: number;
  minute: number;
  second: number;
}

/** Reads a text; null: it is no time. */
export function parseWhen(text: string, now: Date): When | null {
  let rest = text.trim();
  if (rest === "") return null;
  const zone = takeZone(rest);
  rest = zone.rest;
  const clock = takeClock(rest);
  if (clock === null) return null;
  rest = clock.rest.replace(/\bat\b|,/gi, " ").trim();
  const date = rest === "" ? { kind: "today" as const } : readDate(rest);
  if (date === null || (rest === "" && !clock.found)) return null;
  const base = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  let everyDays: When["everyDays"] = null;
  if (date.kind === "day") {
    base.setFullYear(date.year, date.month, date.day);
    if (base.getMonth() !== date.month) return null;
  } else if (date.kind === "weekday") {
    base.setDate(base.getDate() + (date.weekday - base.getDay() + 7) % 7);
    everyDays = 7;
  } else everyDays = 1;
  const { hour, minute, second } = clock.clock;
  base.setHours(hour, minute, second, 0);
  if (zone.minutes === null) return { time: base.getTime(), everyDays };
  const utc = Date.UTC(base.getFullYear(), base.getMonth(), base.getDate(), hour, minute, second);
  return { time: utc - zone.minutes * 60_000, everyDays };
}

/** The first time at or after `from` that a text means; null: there is none any more. */
export function nextWhen(text: string, from: Date): number | null {
  const when = parseWhen(text, from);
  if (!when) return null;
  if (when.time >= from.getTime()) return when.time;
  if (when.everyDays === null) return null;
  const next = new Date(when.time);
  next.setDate(next.getDate() + when.everyDays);
  return next.getTime();
}

function takeZone(text: string): { rest: string; minutes: number | null } {
  if (!/\d:\d|\d\s*[ap]m/i.test(text)) return { rest: text, minutes: null };
  const found = ZONE.exec(text);
  if (!found) return { rest: text, minutes: null };
  const [all, sign, hours = "0", minutes = "0"] = found;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return { rest: text.slice(0, text.length - all.length).trim(), minutes: offset };
}

function takeClock(text: string): { rest: string; clock: Clock; found: boolean } | null {
  const found = TIME.exec(text);
  if (!found) return { rest: text, clock: { hour: 0, minute: 0, second: 0 }, found: false };
  const half = found[4]?.toLowerCase();
  let hour = Number(found[1] ?? found[5]);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return null;
    hour = hour % 12 + (half === "p" ? 12 : 0);
  }
  const clock = {
    hour,
    minute: Number(found[2] ?? found[6] ?? 0),
    second: Number(found[3] ?? found[7] ?? 0),
  };
  if (clock.hour > 23 || clock.minute > 59 || clock.second > 59) return null;
  const rest = `${text.slice(0, found.index)} ${text.slice(found.index + found[0].length)}`;
  return { rest: rest.replace(/T\s*$/, " ").trim(), clock, found: true };
}

type ReadDate =
  | { kind: "today" }
  | { kind: "day"; year: number; month: number; day: number }
  | { kind: "weekday"; weekday: number };

function readDate(text: string): ReadDate | null {
  const iso = /^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})T?$/.exec(text);
  if (iso) return day(iso[1]!, Number(iso[2]) - 1, iso[3]!);
  const american = /^(\d{1,2})[-/](\d{1,2})[-/](\d{4})$/.exec(text);
  if (american) return day(american[3]!, Number(american[1]) - 1, american[2]!);
  const words = text.toLowerCase().split(/\s+/);
  const weekday = DAYS.findIndex((name) => words[0]!.startsWith(name));
  if (weekday >= 0) {
    if (words.length === 1) return { kind: "weekday", weekday };
    words.shift();
  }
  const month = words.findIndex((word) => MONTHS.some((name) => word.startsWith(name)));
  if (month < 0 || words.length !== 3) return weekday >= 0 ? readDate(words.join(" ")) : null;
  const index = MONTHS.findIndex((name) => words[month]!.startsWith(name));
  const numbers = words.filter((_, i) => i !== month).map((word) =>
    word.replace(/(st|nd|rd|th)$/, "")
  );
  const year = numbers.find((number) => /^\d{4}$/.test(number));
  const date = numbers.find((number) => /^\d{1,2}$/.test(number));
  return year === undefined || date === undefined ? null : day(year, index, date);
}

function day(year: string, month: number, date: string): ReadDate | null {
  if (month < 0 || month > 11 || Number(date) < 1 || Number(date) > 31) return null;
  return { kind: "day", year: Number(year), month, day: Number(date) };
}
