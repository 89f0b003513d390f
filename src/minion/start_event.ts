/**
 * Tells a master that this minion is there. (`salt/minion.py:Minion._fire_master_minion_start`)
 * @module
 */
import type { MinionOpts } from "../config/mod.ts";
import type { DataMap } from "../types/mod.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Local time as C's asctime writes it: `Sat Nov 21 08:05:09 2026`, the day padded with a space. */
export function asctime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = String(date.getDate()).padStart(2);
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${day} ${time} ${date.getFullYear()}`;
}

/** An event for the master's bus, as a request. */
export function eventLoad(id: string, event: DataMap): DataMap {
  return { cmd: "_minion_event", id, pretag: null, ...event };
}

/** The requests that announce a start: the old tag when it is wanted, then the one with the id. */
export function startEvents(opts: MinionOpts, grains: DataMap, now: Date): DataMap[] {
  const data = `Minion ${opts.id} started at ${asctime(now)}`;
  const wanted = opts.start_event_grains;
  const told = Object.fromEntries(
    wanted.filter((name) => Object.hasOwn(grains, name)).map((name) => [name, grains[name]!]),
  );
  const more = wanted.length > 0 ? { grains: told } : {};
  const tags = [`salt/minion/${opts.id}/start`];
  if (opts.enable_legacy_startup_events) tags.unshift("minion_start");
  return tags.map((tag) => eventLoad(opts.id, { data, tag, ...more }));
}
