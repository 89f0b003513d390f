/**
 * `/etc/fstab` as text. (`salt/modules/mount.py:_fstab_entry`)
 * @module
 */
import { CommandExecutionError } from "../../../errors.ts";
import type { DataMap } from "../../../types/mod.ts";

const keys = ["device", "name", "fstype", "opts", "dump", "pass_num"] as const;
type Key = (typeof keys)[number];

/** An entry, in the words of the file. */
export type FstabEntry = Record<Key, string>;

/** Kinds of file systems that can be mounted in several places: they are told apart by these. */
const placeless = new Set([
  ..."none tmpfs sysfs proc fusectl debugfs securityfs devtmpfs cgroup nfs nfs4 glusterfs".split(
    " ",
  ),
  "btrfs",
]);

/** The entry of a line; null for a comment or what is none. */
export function parseEntry(line: string): FstabEntry | null {
  if (line.startsWith("#")) return null;
  const words = line.split(/\s+/).filter(Boolean);
  if (words.length < 4 || words.length > 6) return null;
  return Object.fromEntries(keys.map((key, index) => [key, words[index] ?? "0"])) as FstabEntry;
}

/** The line of an entry. */
export function formatEntry({ device, name, fstype, opts, dump, pass_num }: FstabEntry): string {
  return `${device}\t\t${name}\t${fstype}\t${opts}\t${dump} ${pass_num}`;
}

/** Entries by mount point; a second one of the same has `_` behind its name. */
export function parseFstab(text: string): DataMap {
  const found = new Map<string, DataMap>();
  for (const line of text.split("\n")) {
    const entry = parseEntry(line);
    if (!entry) continue;
    const { device, fstype, opts, dump, pass_num } = entry;
    let { name } = entry;
    while (found.has(name)) name += "_";
    found.set(name, { device, fstype, opts: opts.split(","), dump, pass: pass_num });
  }
  return Object.fromEntries(found);
}

function sortedOptions(opts: string): string {
  return opts.split(",").sort().join(",");
}

function fits(entry: FstabEntry, wanted: FstabEntry, by: readonly Key[]): boolean {
  return by.every((key) =>
    key === "opts"
      ? sortedOptions(entry.opts) === sortedOptions(wanted.opts)
      : entry[key] === wanted[key]
  );
}

/**
 * By which words an entry is found again.
 * @throws CommandExecutionError when `matchOn` names something else.
 */
export function criteria(matchOn: string | readonly string[], fstype: string): Key[] {
  if (matchOn === "auto") return [placeless.has(fstype) ? "name" : "device"];
  const named = [matchOn].flat();
  const unknown = named.filter((key) => !(keys as readonly string[]).includes(key));
  if (unknown.length > 0) {
    throw new CommandExecutionError(`Unrecognized keys in match_on: "${unknown.join(", ")}"`);
  }
  return named as Key[];
}

/** What became of an entry. */
export type Change = "new" | "change" | "present";

/** The file's lines with an entry in place of the ones that it stands for. */
export function withEntry(
  lines: readonly string[],
  wanted: FstabEntry,
  by: readonly Key[],
  keep: boolean,
): { lines: string[]; change: Change } {
  let change: Change = "new";
  const changed = lines.map((line) => {
    const entry = parseEntry(line);
    if (!entry || !fits(entry, wanted, by)) return line;
    if (keep || fits(entry, wanted, keys)) {
      if (change === "new") change = "present";
      return line;
    }
    change = "change";
    return formatEntry(wanted);
  });
  return { lines: change === "new" ? [...changed, formatEntry(wanted)] : changed, change };
}

/** The file's lines without the entries of a device at a mount point. */
export function withoutEntry(lines: readonly string[], name: string, device: string): string[] {
  return lines.filter((line) => {
    const entry = parseEntry(line);
    return !entry || entry.name !== name || entry.device !== device;
  });
}
