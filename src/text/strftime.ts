/**
 * Python's `time.strftime`: local time, English names.
 * @module
 */

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** What stands for each letter behind a `%`. */
export type TimeFields = Readonly<Record<string, (date: Date) => string>>;

/** A number in two digits at least. */
export function two(value: number): string {
  return String(value).padStart(2, "0");
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  const today = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((today - start) / 86_400_000) + 1;
}

/** The fields that need no time zone. */
export const timeFields: TimeFields = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, " "),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  j: (date) => String(dayOfYear(date)).padStart(3, "0"),
  a: (date) => (DAYS[date.getDay()] ?? "").slice(0, 3),
  A: (date) => DAYS[date.getDay()] ?? "",
  b: (date) => (MONTHS[date.getMonth()] ?? "").slice(0, 3),
  B: (date) => MONTHS[date.getMonth()] ?? "",
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  T: (date) => formatTime("%H:%M:%S", date),
  D: (date) => formatTime("%m/%d/%y", date),
  F: (date) => formatTime("%Y-%m-%d", date),
  c: (date) => formatTime("%a %b %e %H:%M:%S %Y", date),
  "%": () => "%",
};

/** `date` in the form of `format`. Fields that are not known stay as they are written. */
export function formatTime(format: string, date: Date, fields: TimeFields = timeFields): string {
  return format.replace(
    /%(.)/g,
    (whole, field: string) => Object.hasOwn(fields, field) ? fields[field]!(date) : whole,
  );
}
