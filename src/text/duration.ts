/**
 * Lengths of time as people write them.
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/** Seconds of `90`, `90s`, `30m`, `12h`, `7d` or `2w`; null for what is none of these, or not above 0. */
export function parseDuration(value: unknown): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)([smhdw]?)$/.exec(String(value).trim().toLowerCase());
  if (!match) return null;
  const seconds = Number(match[1]) * UNITS[match[2]!]!;
  return seconds > 0 ? seconds : null;
}
