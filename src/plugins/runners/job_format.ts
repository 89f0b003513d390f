/**
 * Jobs in the words that users see. (`salt/utils/jid.py:format_job_instance`,
 * `salt/runners/jobs.py:_format_job_instance`)
 * @module
 */
import type { JobEnd, JobReturn } from "../../cache/mod.ts";
import { metadataOf } from "../../cache/mod.ts";
import { SaltInvocationError } from "../../errors.ts";
import { jidToTime, makeJid } from "../../text/jid.ts";
import type { Data, DataMap } from "../../types/mod.ts";

/**
 * A load as `jobs.list_jobs` shows it, with `more` where Salt has it; the error that Salt gives when
 * there is none.
 */
export function formatJob(jid: string, load: DataMap | null, more: DataMap = {}): DataMap {
  if (load === null) {
    const Error = "Cannot contact returner or no job with this jid";
    return { Error, StartTime: jidToTime(jid) };
  }
  const metadata = metadataOf(load);
  return {
    Function: load["fun"] ?? "unknown-function",
    Arguments: load["arg"] ?? [],
    Target: load["tgt"] ?? "unknown-target",
    "Target-type": load["tgt_type"] ?? "list",
    User: load["user"] ?? "root",
    ...(metadata === undefined ? {} : { Metadata: metadata }),
    ...more,
    StartTime: jidToTime(jid),
  };
}

/** A moment as Salt writes it. */
export function formatTime(seconds: number): string {
  return jidToTime(makeJid(new Date(seconds * 1000)));
}

/** The returns of a job by minion, as `jobs.list_job` shows them. */
export function resultsOf(parts: readonly JobReturn[]): DataMap {
  return Object.fromEntries(
    parts.flatMap(({ id, ret }) => ret === undefined ? [] : [[id, { ...ret }]]),
  );
}

const ENDS: Readonly<Partial<Record<JobEnd | "running", string>>> = {
  running: "Minion did not return. [Still running]",
  "timed out": "Minion did not return. [No response]",
  "not connected": "Minion did not return. [Not connected]",
  queued: "Minion did not return. [Queued]",
  expired: "Minion did not return. [Expired in the queue]",
  interrupted: "Minion did not return. [Interrupted]",
};

/** What is said of a minion without a return. Salt has one sentence for all. */
export function missingText(
  { end, reason }: { end: JobEnd | "running"; reason?: string },
): string {
  const text = ENDS[end] ?? "Minion did not return";
  return reason === undefined ? text : `${text} ${reason}`;
}

/** A list of globs given as a list or as text with commas; undefined when not given. (`salt/utils/args.py:split_input`) */
export function splitInput(value: Data): string[] | undefined {
  if (value === null || value === "") return undefined;
  if (Array.isArray(value)) return value.map(String);
  return String(value).split(",").map((item) => item.trim());
}

/**
 * Seconds since 1970 of a time as people write it: `2015, Mar 16 19:00`, `2015-03-16`, `19:00`
 * (today). UTC unless the text names a zone, as job ids are. Undefined when not given.
 * @throws {SaltInvocationError}
 */
export function parseTime(name: string, value: Data, now: Date = new Date()): number | undefined {
  if (value === null || value === "") return undefined;
  const text = String(value).trim();
  const compact = /^(\d{4})(\d\d)(\d\d)$/.exec(text);
  const clock = /^\d{1,2}:\d\d(:\d\d(\.\d+)?)?$/.test(text);
  const whole = compact
    ? compact.slice(1).join("-")
    : clock
    ? `${now.toISOString().slice(0, 10)} ${text}`
    : text;
  const zoned = /(z|utc|gmt|[+-]\d\d:?\d\d)$/i.test(whole) && /\d:\d/.test(whole);
  const date = whole.replace(/^(\d{4}-\d\d-\d\d)T/, "$1 ");
  const ms = Date.parse(zoned ? date : `${date} UTC`);
  if (Number.isNaN(ms)) {
    throw new SaltInvocationError(
      `Cannot read ${name} '${text}': write it as 2015-03-16 19:00 or 2015, Mar 16 19:00`,
    );
  }
  return ms / 1000;
}
