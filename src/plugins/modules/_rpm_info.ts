/** The format that `lowpkg.info` asks rpm in, and its answer. (`salt/modules/rpm_lowpkg.py:info`) @module */
import { CommandExecutionError } from "../../errors.ts";
import { compareRpmVersions } from "../../text/rpm_version.ts";
import { setKey } from "../../text/set_key.ts";
import type { DataMap } from "../../types/mod.ts";
import { isoTime } from "./_rpm.ts";

const installed = "%|INSTALLTIME?{%{INSTALLTIME}}:{(not installed)}|";
const signatures = ["DSAHEADER", "RSAHEADER", "SIGGPG", "SIGPGP"].reduceRight(
  (rest, tag) => `%|${tag}?{%{${tag}:pgpsig}}:{${rest}}|`,
  "(none)",
);

/** What each field is asked by. `description` comes last, since it may have any line. */
const formats: Readonly<Record<string, string>> = {
  name: "name: %{NAME}\\n",
  relocations: "relocations: %|PREFIXES?{[%{PREFIXES} ]}:{(not relocatable)}|\\n",
  version: "version: %{VERSION}\\n",
  vendor: "vendor: %{VENDOR}\\n",
  release: "release: %{RELEASE}\\n",
  epoch: "%|EPOCH?{epoch: %{EPOCH}\\n}|",
  build_date_time_t: "build_date_time_t: %{BUILDTIME}\\n",
  build_date: "build_date: %{BUILDTIME}\\n",
  install_date_time_t: `install_date_time_t: ${installed}\\n`,
  install_date: `install_date: ${installed}\\n`,
  build_host: "build_host: %{BUILDHOST}\\n",
  group: "group: %{GROUP}\\n",
  source_rpm: "source_rpm: %{SOURCERPM}\\n",
  size: "size: %{LONGSIZE}\\n",
  arch: "arch: %{ARCH}\\n",
  license: "%|LICENSE?{license: %{LICENSE}\\n}|",
  signature: `signature: ${signatures}\\n`,
  packager: "%|PACKAGER?{packager: %{PACKAGER}\\n}|",
  url: "%|URL?{url: %{URL}\\n}|",
  summary: "summary: %{SUMMARY}\\n",
  edition: "edition: %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n",
};

/** A line that no description has. */
const end = "*/~^\\*";

/** @throws CommandExecutionError when no field of those wanted is known. */
export function infoFormat(wanted: readonly string[] | null): string {
  const known = Object.keys(formats).filter((key) => wanted === null || wanted.includes(key));
  if (wanted !== null && known.length === 0) {
    throw new CommandExecutionError("No valid attributes found.");
  }
  const fields = new Set([...known, "name", "edition"]);
  const described = wanted === null || wanted.includes("description");
  return [...fields].map((key) => formats[key]!).join("") +
    (described ? "description:\\n%{DESCRIPTION}\\n" : "") + `${end.replace("\\", "\\\\")}\\n`;
}

const dates = new Set(["build_date", "install_date"]);
const times = new Set(["build_date_time_t", "install_date_time_t"]);

function field(entry: DataMap, key: string, value: string): void {
  const seconds = /^\d+$/.test(value) ? Number(value) : undefined;
  if (dates.has(key)) {
    if (seconds !== undefined) entry[key] = `${isoTime(seconds)}Z`;
  } else if (times.has(key)) {
    if (seconds !== undefined) entry[key] = seconds;
  } else if (value !== "") entry[key] = value;
}

/** Packages in an answer to {@linkcode infoFormat}, with `name` and `edition`. */
export function parseRpmInfo(text: string): DataMap[] {
  return text.split(`${end}\n`).flatMap((block) => {
    const entry: DataMap = {};
    const lines = block.split("\n");
    const described = lines.indexOf("description:");
    for (const line of described < 0 ? lines : lines.slice(0, described)) {
      const [, key, value] = /^(\w+):\s*(.*?)\s*$/.exec(line) ?? [];
      if (key !== undefined) field(entry, key, value!);
    }
    if (entry["name"] === undefined) return [];
    if (described >= 0) entry["description"] = lines.slice(described + 1).join("\n").trimEnd();
    return [entry];
  });
}

/** The newest of each name; all of them as lists with `all`. Keys that sign packages are left out. */
export function byName(entries: readonly DataMap[], all: boolean): DataMap {
  const edition = (entry: DataMap) => String(entry["edition"] ?? "");
  const sorted = entries.toSorted((a, b) => compareRpmVersions(edition(b), edition(a)));
  const found: DataMap = {};
  for (const { name, edition, ...rest } of sorted) {
    const key = String(name);
    if (key.startsWith("gpg-pubkey")) continue;
    const known = Object.hasOwn(found, key) ? found[key] : undefined;
    if (all) {
      setKey(found, key, [...(known as DataMap[] | undefined) ?? [], {
        ...rest,
        edition: edition!,
      }]);
    } else if (known === undefined) setKey(found, key, rest);
  }
  return found;
}
