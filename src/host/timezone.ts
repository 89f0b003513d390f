/**
 * The short name of the time zone in force now: `UTC`, `CEST`.
 * @module
 */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";

/** Names in a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`. */
function ruleNames(rule: string): [standard: string, summer: string | undefined, hours: number] {
  const name = /^(<[^>]+>|[A-Za-z]+)([-+]?[\d:]+)(<[^>]+>|[A-Za-z]+)?/.exec(rule);
  const bare = (text: string | undefined) => text?.replace(/[<>]/g, "");
  const [hours = "0", minutes = "0"] = (name?.[2] ?? "0").split(":");
  const west = Number(hours) + (hours.startsWith("-") ? -1 : 1) * Number(minutes) / 60;
  return [bare(name?.[1]) ?? "", bare(name?.[3]), -west];
}

/**
 * The abbreviation for an offset by a zone file: by the rule at its end, which holds for all times
 * to come. (RFC 8536)
 */
export function abbreviation(file: Uint8Array, offsetHours: number): string | null {
  const text = new TextDecoder("latin1").decode(file);
  if (!text.startsWith("TZif")) return null;
  const end = text.lastIndexOf("\n");
  const rule = text.slice(text.lastIndexOf("\n", end - 1) + 1, end);
  const [standard, summer, standardHours] = ruleNames(rule);
  if (standard === "") return null;
  return summer !== undefined && offsetHours !== standardHours ? summer : standard;
}

/** The abbreviation of this machine's time zone at a time, or `unknown`. */
export function timezoneName(now: Date, tz = process.env["TZ"]): string {
  const name = tz?.replace(/^:/, "");
  const path = !name
    ? "/etc/localtime"
    : isAbsolute(name)
    ? name
    : join("/usr/share/zoneinfo", name);
  const offsetHours = -now.getTimezoneOffset() / 60;
  try {
    return abbreviation(readFileSync(path), offsetHours) ?? "unknown";
  } catch {
    return offsetHours === 0 ? "UTC" : "unknown";
  }
}
