/**
 * Tables of cron as text: what Salt manages stands below a mark.
 * (`salt/modules/cron.py`: `list_tab`, `_render_tab`)
 * @module
 */
import type { DataMap } from "../../../types/mod.ts";

/** The line below which Salt manages the table. */
export const MARK = "# Lines below here are managed by Salt, do not edit";

/** Stands in a comment before the identifier of an entry. */
const IDENTIFIER = "SALT_CRON_IDENTIFIER";

/** Stands before an entry that is switched off. */
const DISABLED = "#DISABLED#";

/** What jobs at a time and special ones have in common. */
interface Entry {
  cmd: string;
  identifier: string | null;
  comment: string | null;
  /** Whether it is switched off. */
  commented: boolean;
}

/** When a job runs. */
export const timeKeys = ["minute", "hour", "daymonth", "month", "dayweek"] as const;

/** When a job runs, in the words of cron. */
export type Times = Record<(typeof timeKeys)[number], string>;

/** A job that runs at times. */
export type CronJob = Entry & Times;

/** A job that runs at `@reboot`, `@daily` … */
export type SpecialJob = Entry & { spec: string };

/** A table. */
export interface CronTab {
  /** Lines above the mark. */
  pre: string[];
  crons: CronJob[];
  special: SpecialJob[];
  env: { name: string; value: string }[];
}

/** Reads a table. */
export function parseTab(text: string): CronTab {
  const tab: CronTab = { pre: [], crons: [], special: [], env: [] };
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const mark = lines.indexOf(MARK);
  tab.pre = mark < 0 ? lines : lines.slice(0, mark);
  if (mark < 0) return tab;
  const notes: Notes = { comment: null, identifier: null };
  for (const line of lines.slice(mark + 1)) if (line !== MARK) readLine(tab, notes, line);
  return tab;
}

/** What comments before an entry say of it. */
interface Notes {
  comment: string | null;
  identifier: string | null;
}

function take(notes: Notes): Notes {
  const taken = { ...notes };
  notes.comment = null;
  notes.identifier = null;
  return taken;
}

function readLine(tab: CronTab, notes: Notes, whole: string): void {
  const commented = whole.startsWith(DISABLED);
  const line = commented ? whole.slice(DISABLED.length) : whole;
  const words = line.split(" ");
  if (line.startsWith("@")) {
    const [, spec, cmd] = /^(@\S+)\s+(\S.*)$/.exec(line.trimEnd()) ?? [];
    if (spec === undefined || cmd === undefined) return;
    tab.special.push({ spec, cmd, ...take(notes), commented });
  } else if (line.startsWith("#")) {
    readComment(notes, line.replace(/^[# ]+/, ""));
  } else if (/^[^ =]+=/.test(line)) {
    const at = line.indexOf("=");
    tab.env.push({ name: line.slice(0, at), value: line.slice(at + 1) });
  } else if (words.length > 5) {
    const times = Object.fromEntries(timeKeys.map((key, index) => [key, words[index]!])) as Times;
    tab.crons.push({ ...times, ...take(notes), cmd: words.slice(5).join(" "), commented });
  }
}

function readComment(notes: Notes, text: string): void {
  const at = text.indexOf(IDENTIFIER);
  const said = at < 0 ? text : text.slice(0, at).trimEnd();
  if (at >= 0 && text.length > at + IDENTIFIER.length + 1) {
    notes.identifier = text.slice(at + IDENTIFIER.length + 1);
  }
  notes.comment = notes.comment === null ? said : `${notes.comment}\n${said}`;
}

function entryLines(entry: Entry, when: string): string[] {
  const { comment, identifier, commented, cmd } = entry;
  const said = comment ? ` ${comment.trimEnd().replaceAll("\n", "\n# ")}` : "";
  const named = identifier ? ` ${IDENTIFIER}:${identifier}` : "";
  const line = `${commented ? DISABLED : ""}${when} ${cmd}`;
  return comment === null && identifier === null ? [line] : [`#${said}${named}`, line];
}

/** Writes a table. */
export function renderTab(tab: CronTab): string {
  const lines = [
    ...tab.pre,
    MARK,
    ...tab.env.map(({ name, value }) => `${name}=${value === "" ? '""' : value}`),
    ...tab.crons.flatMap((job) => entryLines(job, timeKeys.map((key) => job[key]).join(" "))),
    ...tab.special.flatMap((job) => entryLines(job, job.spec)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** A table as `cron.list_tab` returns it. */
export function tabData(tab: CronTab): DataMap {
  return {
    pre: tab.pre,
    crons: tab.crons.map(({ minute, hour, daymonth, month, dayweek, ...rest }) => ({
      minute,
      hour,
      daymonth,
      month,
      dayweek,
      ...rest,
    })),
    special: tab.special.map((job) => ({ ...job })),
    env: tab.env.map((one) => ({ ...one })),
  };
}
