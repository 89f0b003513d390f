/** Python's `strftime`. @module */
import { formatTime, type TimeFields, timeFields } from "../../text/strftime.ts";
import { isNumber, str, type Value } from "./value.ts";
import { fail } from "./errors.ts";

/** The time that a value means: seconds, text, or now. In the zone of this host. */
export function timeOf(value: Value): Date {
  if (value === null || value === "") return new Date();
  if (isNumber(value)) return new Date(Number(value) * 1000);
  const text = str(value);
  if (/^\d+(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  const parts = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?/.exec(
    text,
  );
  const date = parts
    ? new Date(
      Number(parts[1]),
      Number(parts[2]) - 1,
      Number(parts[3]),
      Number(parts[4] ?? 0),
      Number(parts[5] ?? 0),
      Number(parts[6] ?? 0),
    )
    : new Date(text);
  return Number.isNaN(date.getTime()) ? fail(`${text} is no time`) : date;
}

/** Python's fields for a time without a zone. */
const fields: TimeFields = {
  ...timeFields,
  f: (date) => `${String(date.getMilliseconds()).padStart(3, "0")}000`,
  w: (date) => String(date.getDay()),
  u: (date) => String(date.getDay() || 7),
  n: () => "\n",
  t: () => "\t",
  R: (date) => formatTime("%H:%M", date),
  x: (date) => formatTime("%m/%d/%y", date),
  X: (date) => formatTime("%H:%M:%S", date),
  z: () => "",
  Z: () => "",
};

/** A time by a format. */
export function strftime(date: Date, format: string): string {
  return formatTime(format, date, fields);
}
