/**
 * Reads times by a format, as Python's `datetime.strptime` does.
 * @module
 */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** What each field looks like. */
const FIELDS: Readonly<Record<string, string>> = {
  Y: "\\d{4}",
  y: "\\d{2}",
  m: "\\d{1,2}",
  d: "\\d{1,2}",
  H: "\\d{1,2}",
  I: "\\d{1,2}",
  M: "\\d{1,2}",
  S: "\\d{1,2}",
  f: "\\d{1,6}",
  p: "[AaPp][Mm]",
  b: "[A-Za-z]{3}",
  B: "[A-Za-z]+",
  a: "[A-Za-z]{3}",
  A: "[A-Za-z]+",
};

/** Formats that stand for several fields. */
const LONG: Readonly<Record<string, string>> = {
  T: "%H:%M:%S",
  D: "%m/%d/%y",
  F: "%Y-%m-%d",
  R: "%H:%M",
  c: "%a %b %d %H:%M:%S %Y",
  x: "%m/%d/%y",
  X: "%H:%M:%S",
};

/** The time in ms since 1970, of this host's time zone; null: the text does not fit. */
export function strptime(text: string, format: string): number | null {
  const whole = format.replace(/%([TDFRcxX])/g, (_, letter: string) => LONG[letter]!);
  const names: string[] = [];
  const pattern = whole.replace(/%(.)|([.*+?^${}()|[\]\\])|\s+/g, (all, letter, special) => {
    if (special !== undefined) return `\\${special}`;
    if (letter === undefined) return "\\s+";
    if (letter === "%") return "%";
    const field = FIELDS[letter as string];
    if (field === undefined) return all;
    names.push(letter as string);
    return `(${field})`;
  });
  const found = new RegExp(`^${pattern}$`).exec(text);
  if (!found) return null;
  const parts = Object.fromEntries(names.map((name, i) => [name, found[i + 1]!]));
  return timeOf(parts);
}

function timeOf(parts: Record<string, string>): number | null {
  const number = (name: string, otherwise: number) =>
    parts[name] === undefined ? otherwise : Number(parts[name]);
  const short = number("y", 0);
  const year = parts["Y"] !== undefined
    ? number("Y", 0)
    : parts["y"] !== undefined
    ? short + (short < 69 ? 2000 : 1900)
    : 1900;
  const word = (parts["b"] ?? parts["B"])?.toLowerCase().slice(0, 3);
  const month = word === undefined ? number("m", 1) - 1 : MONTHS.indexOf(word);
  let hour = number("H", 0);
  if (parts["I"] !== undefined) {
    hour = number("I", 12) % 12 + (parts["p"]?.toLowerCase() === "pm" ? 12 : 0);
  }
  const micros = Number((parts["f"] ?? "0").padEnd(6, "0"));
  const [day, minute, second] = [number("d", 1), number("M", 0), number("S", 0)];
  const date = new Date(year, month, day, hour, minute, second, Math.floor(micros / 1000));
  const real = date.getMonth() === month && date.getDate() === day && hour < 24 && minute < 60 &&
    second < 62;
  return real ? date.getTime() : null;
}
