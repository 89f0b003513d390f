/**
 * Salt's two msgpack extension types. (`salt/payload.py:dumps`, `loads`)
 * @module
 */
import { SaltDeserializationError } from "../errors.ts";

/** Extension type of a datetime: ASCII `YYYYmmddTHH:MM:SS.ffffff`. */
export const EXT_DATETIME = 78;
/** Extension type of a named constant: msgpack of `[name, value]`. */
export const EXT_CONSTANT = 79;

/** A Date that keeps the microseconds a Salt datetime has beyond the millisecond. */
export class SaltDateTime extends Date {
  /** 0..999. */
  readonly microseconds: number;
  constructor(time: number, microseconds: number) {
    super(time);
    this.microseconds = microseconds;
  }
}

/** A date as Salt packs it. Salt's datetimes name no zone; saltx takes them as UTC. */
export function formatDateTime(date: Date): string {
  const iso = date.toISOString();
  const digits = iso.slice(0, 10).replaceAll("-", "") + iso.slice(10, 23);
  const micros = date instanceof SaltDateTime ? date.microseconds : 0;
  return digits + String(micros).padStart(3, "0");
}

/** Reads what {@linkcode formatDateTime} writes. Throws SaltDeserializationError for anything else. */
export function parseDateTime(text: string): SaltDateTime {
  const m = /^(\d{4})(\d\d)(\d\d)(T\d\d:\d\d:\d\d\.\d{3})(\d{3})$/.exec(text);
  const time = m ? Date.parse(`${m[1]}-${m[2]}-${m[3]}${m[4]}Z`) : NaN;
  if (!m || Number.isNaN(time)) throw new SaltDeserializationError("Bad msgpack: not a datetime");
  return new SaltDateTime(time, Number(m[5]));
}
