/**
 * Python's `time.strftime`, as far as log dates need it.
 * @module
 */
import { formatTime, type TimeFields, timeFields, two } from "../text/strftime.ts";

function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${two(size % 60)}`;
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

const FIELDS: TimeFields = { ...timeFields, z: offset, Z: zoneName };

/** `date` in the form of `format`. Fields that are not known stay as they are written. */
export function strftime(format: string, date: Date): string {
  return formatTime(format, date, FIELDS);
}
