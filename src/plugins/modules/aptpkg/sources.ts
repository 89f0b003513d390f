/**
 * Lines of `sources.list`. (sources.list(5); `salt/modules/aptpkg.py:SourceEntry`)
 * @module
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SaltInvocationError } from "../../../errors.ts";
import { compareText } from "../../../text/py_text.ts";
import type { DataMap } from "../../../types/mod.ts";
import { readSystemFile } from "../_system_file.ts";

/** A source of packages. */
export interface Source {
  type: string;
  /** What stands in brackets, besides the two that follow. */
  options: string[];
  architectures: string[];
  signedby: string;
  uri: string;
  dist: string;
  comps: string[];
  disabled: boolean;
  comment: string;
}

/** A line of a file; `source` is null when it is none. */
export interface SourceLine {
  file: string;
  line: string;
  source: Source | null;
}

const types = ["deb", "deb-src", "rpm", "rpm-src"];

/** Takes a line apart; null when it is no source. */
export function parseSource(line: string): Source | null {
  let rest = line.trim();
  const disabled = rest.startsWith("#");
  if (disabled) rest = rest.slice(1);
  const at = rest.indexOf("#");
  const comment = at > 0 ? rest.slice(at + 1) : "";
  if (at > 0) rest = rest.slice(0, at);
  const [, type = "", bracket, tail = ""] = /^\s*(\S+)\s+(?:\[([^\]]*)\]\s*)?(.*)$/.exec(rest) ??
    [];
  if (!types.includes(type)) return null;
  const cdrom = /^(cdrom:\[[^\]]*\]\/?|cdrom:\S*)\s+(.*)$/.exec(tail);
  const [uri, dist, ...comps] = cdrom
    ? [cdrom[1]!, ...cdrom[2]!.split(/\s+/).filter(Boolean)]
    : tail.split(/\s+/).filter(Boolean);
  if (!uri || !dist) return null;
  const given = (bracket ?? "").split(/\s+/).filter(Boolean);
  const valueOf = (name: string) =>
    given.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  return {
    type,
    options: given.filter((option) => !/^(arch|signed-by)=/.test(option)),
    architectures: valueOf("arch").split(",").filter(Boolean),
    signedby: valueOf("signed-by"),
    uri,
    dist,
    comps,
    disabled,
    comment,
  };
}

/** Writes a source as a line. */
export function formatSource(source: Source): string {
  const { architectures, signedby, options, comps, comment } = source;
  const bracket = [
    ...(architectures.length > 0 ? [`arch=${architectures.join(",")}`] : []),
    ...(signedby ? [`signed-by=${signedby}`] : []),
    ...options,
  ];
  return [
    ...(source.disabled ? ["#"] : []),
    source.type,
    ...(bracket.length > 0 ? [`[${bracket.join(" ")}]`] : []),
    source.uri,
    source.dist,
    ...comps,
    ...(comment ? [`#${comment}`] : []),
  ].join(" ");
}

/** The main file below a root. */
export function mainFile(root = "/"): string {
  return join(root, "etc/apt/sources.list");
}

/** All lines of all files, in the order in which apt reads them. */
export function readSources(root = "/"): SourceLine[] {
  const folder = `${mainFile(root)}.d`;
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory();
  const names = isFolder ? readdirSync(folder).filter((name) => name.endsWith(".list")) : [];
  const files = [mainFile(root), ...names.sort(compareText).map((name) => join(folder, name))];
  return files.flatMap((file) => {
    const lines = (readSystemFile(file) ?? "").split("\n");
    if (lines.at(-1) === "") lines.pop();
    return lines.map((line) => ({ file, line, source: parseSource(line) }));
  });
}

/** A source as `pkg.list_repos` shows it. */
export function sourceData({ file, line, source }: SourceLine & { source: Source }): DataMap {
  const { comps, disabled, dist, type, uri, architectures, signedby } = source;
  return { file, comps, disabled, dist, type, uri, line: line.trim(), architectures, signedby };
}

/** Whether two sources are of the same place. */
export function samePlace(a: Source, b: Source): boolean {
  const bare = (uri: string) => uri.replace(/\/+$/, "");
  return a.type === b.type && bare(a.uri) === bare(b.uri) && a.dist === b.dist;
}

/** @throws SaltInvocationError when the text is no source. */
export function requireSource(text: string): Source {
  const source = /[\r\n\0]/.test(text) ? null : parseSource(text);
  if (source) return source;
  throw new SaltInvocationError(
    `Name ${text} is not valid. This must be the complete repo entry as seen in the sources file`,
  );
}
