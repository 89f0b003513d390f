/**
 * Job ids. (`salt/utils/jid.py`)
 * @module
 */
import type { Jid } from "../types/mod.ts";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * A job id for the time `now`: UTC, `YYYYmmddHHMMSSffffff`. Given the last id made, the result is
 * greater by at least a microsecond, also when the clock stood still or went back, so that ids made
 * by one process never repeat. (`salt/utils/jid.py:gen_jid`)
 */
export function makeJid(now: Date, last?: string): Jid {
  const jid = digitsOf(now.getTime(), 0);
  if (last === undefined || jid > last.slice(0, 20)) return jid as Jid;
  const time = timeOf(last);
  if (time === null) return jid as Jid;
  return digitsOf(time.ms, time.micros + 1) as Jid;
}

/**
 * A job id for now, to the microsecond as well as the clocks give it: programs that begin jobs in the
 * same millisecond get different ids.
 */
export function currentJid(last?: string): Jid {
  const micros = Math.floor(process.hrtime()[1] / 1000) % 1000;
  const jid = digitsOf(Date.now(), micros) as Jid;
  return last === undefined || jid > last.slice(0, 20) ? jid : makeJid(new Date(0), last);
}

/**
 * A job id that no other master of a cluster makes at the same moment: with five more digits by chance,
 * in the shape that Salt's ids have under `unique_jid`.
 */
export function clusterJid(jid: Jid): Jid {
  const [more] = crypto.getRandomValues(new Uint32Array(1));
  return `${jid}_${String(more! % 100_000).padStart(5, "0")}` as Jid;
}

/** A job id for now as a master chooses it. */
export function masterJid(opts: { readonly cluster: string | null }): Jid {
  return opts.cluster ? clusterJid(currentJid()) : currentJid();
}

/** 20 digits for a time in ms and a number of µs to add to it. */
function digitsOf(ms: number, micros: number): string {
  const carried = ms + Math.floor(micros / 1000);
  const iso = new Date(carried).toISOString();
  return iso.slice(0, 23).replace(/\D/g, "") + String(micros % 1000).padStart(3, "0");
}

function timeOf(jid: string): { ms: number; micros: number } | null {
  const m = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})(\d{3})/.exec(jid);
  if (!m) return null;
  const ms = Date.parse(`${m[1]}-${m[2]}-${m[3]}T${m[4]}:${m[5]}:${m[6]}.${m[7]}Z`);
  return Number.isNaN(ms) ? null : { ms, micros: Number(m[8]) };
}

/**
 * Whether `value` is a job id: 20 digits, or those with `_` and more after them. Stricter than Salt,
 * which takes anything that Python reads as a number. (`salt/utils/jid.py:is_jid`)
 */
export function isValidJid(value: unknown): value is Jid {
  return typeof value === "string" && /^\d{20}(_[\w-]{1,64})?$/.test(value);
}

/** The time in a job id as Salt shows it: `2023, Apr 05 06:07:08.000009`; "" for what is no job id. */
export function jidToTime(jid: string): string {
  if (!isValidJid(jid)) return "";
  const part = (from: number, to: number) => jid.slice(from, to);
  const month = MONTHS[Number(part(4, 6)) - 1] ?? "";
  const clock = `${part(8, 10)}:${part(10, 12)}:${part(12, 14)}.${part(14, 20)}`;
  return `${part(0, 4)}, ${month} ${part(6, 8)} ${clock}`;
}

/** The moment a job id names, to the millisecond; null for what is no job id. */
export function jidToDate(jid: string): Date | null {
  const time = isValidJid(jid) ? timeOf(jid) : null;
  return time && new Date(time.ms);
}
