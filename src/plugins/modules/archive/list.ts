/** What archives hold: `archive.list`, `archive.is_encrypted`. @module */
import { rmSync } from "node:fs";
import { CommandExecutionError, messageOf } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { which } from "../../../process/mod.ts";
import { CONTROL_ESCAPES } from "../../../text/control_escapes.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText, splitLines } from "../../../text/py_text.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { runProgram } from "../_program.ts";
import { isFolderMode, isLinkMode, ZipReader } from "./zip_read.ts";

/** Paths in an archive by what they are; folders end in `/`. */
export interface Members {
  dirs: string[];
  files: string[];
  links: string[];
}

const tarEndings = [
  "tar",
  "tar.gz",
  "tgz",
  "tar.bz2",
  "tbz2",
  "tbz",
  "tar.xz",
  "txz",
  "tar.lzma",
  "tlz",
];

/** The kind of an archive by its name. (`salt/utils/files.py:guess_archive_type`) */
export function guessFormat(name: string): string | null {
  const small = name.toLowerCase();
  if (tarEndings.some((ending) => small.endsWith(`.${ending}`))) return "tar";
  return ["zip", "rar"].find((ending) => small.endsWith(`.${ending}`)) ?? null;
}

/** Undoes `--quoting-style=escape`. */
function unescape(text: string): string {
  const bytes = new TextDecoder();
  const plain = text.replaceAll(/(?:\\[0-7]{3})+/g, (run) => {
    const codes = run.slice(1).split("\\").map((code) => Number.parseInt(code, 8));
    return bytes.decode(Uint8Array.from(codes));
  });
  return plain.replaceAll(/\\(.)/g, (_, letter: string) => CONTROL_ESCAPES[letter] ?? letter);
}

/** Reads `tar --list --verbose --full-time --quoting-style=escape`. */
export function parseTarList(text: string): Members {
  const members: Members = { dirs: [], files: [], links: [] };
  for (const line of text.split("\n")) {
    const found = /^(.)\S+ \S+ +\S+ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (.*)$/.exec(line);
    if (!found) continue;
    const [, kind, rest] = found;
    if (kind === "l") members.links.push(unescape(rest!.split(" -> ")[0]!));
    else if (kind === "h") members.files.push(unescape(rest!.split(" link to ")[0]!));
    else if (kind === "d") members.dirs.push(`${unescape(rest!).replace(/\/+$/, "")}/`);
    else members.files.push(unescape(rest!));
  }
  return members;
}

async function listTar(
  ctx: ExecContext,
  name: string,
  path: string,
  options: string | null,
): Promise<Members> {
  if (which("tar") === null) throw new CommandExecutionError("'tar' command not available");
  // tar puts `-d` behind these words, which all compressors take for unpacking.
  const by = options ? [`--use-compress-program=${shlexSplit(options).join(" ")}`] : [];
  const style = ["--verbose", "--full-time", "--numeric-owner", "--quoting-style=escape"];
  const argv = ["tar", "--list", ...style, ...by, "--file", path, "--force-local"];
  const done = await runProgram(ctx, argv, { ignoreRetcode: true });
  if (done.retcode === 0) return parseTarList(done.stdout);
  throw new CommandExecutionError(
    `Unable to list contents of ${name}. If this is an XZ-compressed tar archive, install XZ ` +
      `Utils to enable listing its contents. If it is compressed using something other than XZ, ` +
      `it may be necessary to specify CLI options to decompress the archive. See the ` +
      `documentation for details.`,
  );
}

/** A folder that no entry stands for is one all the same. */
function listZip(name: string, path: string): Members {
  const zip = new ZipReader(path, name);
  zip.close();
  const [dirs, files, links] = [new Set<string>(), new Set<string>(), [] as string[]];
  for (const { name: member, mode } of zip.entries) {
    if (isLinkMode(mode)) links.push(member);
    else if (isFolderMode(mode)) dirs.add(member);
    else files.add(member);
  }
  for (const file of [...files]) {
    const dir = file.slice(0, file.lastIndexOf("/") + 1);
    if (dir === "") continue;
    dirs.add(dir);
    files.delete(dir);
  }
  return { dirs: [...dirs], files: [...files], links };
}

/** Reads `rar lt`. */
export function parseRarList(text: string): Members {
  const members: Members = { dirs: [], files: [], links: [] };
  for (const [, path, kind] of text.matchAll(/Name:\s*([^\n]+)\s*Type:\s*([^\n]+)/g)) {
    if (kind === "Directory") members.dirs.push(`${path}/`);
    else members.files.push(path!);
  }
  return members;
}

async function listRar(ctx: ExecContext, name: string, path: string): Promise<Members> {
  if (which("rar") === null) {
    throw new CommandExecutionError("rar command not available, is it installed?");
  }
  const members = parseRarList((await runProgram(ctx, ["rar", "lt", path])).stdout);
  if (members.dirs.length + members.files.length > 0) return members;
  throw new CommandExecutionError(
    `Failed to list ${name}, is it a rar file? If so, the installed version of rar may be too ` +
      `old to list data in a parsable format.`,
  );
}

function stripped(paths: readonly string[], count: number): string[] {
  return paths.map((path) => path.split("/").slice(count).join("/")).filter(Boolean);
}

/** What all paths begin with. */
function commonPrefix(paths: readonly string[]): string {
  const [first = "", ...rest] = paths;
  let length = first.length;
  for (const path of rest) {
    while (!path.startsWith(first.slice(0, length))) length--;
  }
  return first.slice(0, length);
}

/** Sorted, with what stands at the top in lists of its own. */
export function sortMembers({ dirs, files, links }: Members): DataMap {
  const sorted = [dirs, files, links].map((list) => [...list].sort(compareText));
  const [d, f, l] = sorted as [string[], string[], string[]];
  const slashes = (path: string) => path.split("/").length - 1;
  const top = d.filter((path) => slashes(path) === 1);
  const prefix = commonPrefix([...d, ...f, ...l]);
  const only = prefix.includes("/") ? `${prefix.split("/")[0]}/` : undefined;
  if (only !== undefined && !top.includes(only)) top.push(only);
  return {
    dirs: d,
    files: f,
    links: l,
    top_level_dirs: top,
    top_level_files: f.filter((path) => slashes(path) === 0),
    top_level_links: l.filter((path) => slashes(path) === 0),
  };
}

interface Source {
  name: string;
  saltenv: string;
  source_hash: string | null;
  use_etag: boolean;
}

async function cached(ctx: ExecContext, args: Source): Promise<string> {
  const options = args.source_hash === null && !args.use_etag
    ? {}
    : { source_hash: args.source_hash, use_etag: args.use_etag };
  const path = await ctx.salt("cp.cache_file", [args.name, args.saltenv], options);
  if (!path) throw new CommandExecutionError(`Failed to cache ${args.name}`);
  return pyStr(path);
}

function stripCount(value: Data): number {
  if (value === null || value === false || value === 0 || value === "") return 0;
  const count = Number(value);
  if (Number.isInteger(count) && count > 0) return count;
  throw new CommandExecutionError("'strip_components' must be a positive integer");
}

function formatOf(name: string, given: string | null): string {
  const format = given || guessFormat(name);
  if (format === null) {
    throw new CommandExecutionError(
      "Unable to guess archive format, please pass an 'archive_format' argument.",
    );
  }
  if (["tar", "zip", "rar"].includes(format)) return format;
  throw new CommandExecutionError(`Unsupported archive format '${format}'`);
}

async function members(
  ctx: ExecContext,
  args: { name: string; format: string; options: string | null },
  path: string,
): Promise<Members> {
  if (args.format === "zip") return listZip(args.name, path);
  if (args.format === "rar") return await listRar(ctx, args.name, path);
  return await listTar(ctx, args.name, path, args.options);
}

/** Says where the copy is, for a look at it: after a failure it stays. */
async function locating<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CommandExecutionError)) throw error;
    const text = error.message.replace(/\.$/, "");
    throw new CommandExecutionError(
      `${text}. Additional info follows:\n\narchive location:\n    ${path}`,
      { cause: error, info: { "archive location": path } },
    );
  }
}

function clean(ctx: ExecContext, path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    ctx.log.warning(`Failed to clean cached archive ${path}: ${messageOf(error)}`);
  }
}

const source = {
  name: { type: "string", required: true, doc: "Path or URL of the archive." },
} as const;
const cleanArg = { type: "bool", default: false, doc: "Remove the archive afterwards." } as const;
const fetching = {
  saltenv: { type: "string", default: "base", doc: "Environment of `salt://`." },
  source_hash: { type: "string", default: null, doc: "Digest that a copy in the cache must have." },
  use_etag: { type: "bool", default: false, doc: "Ask a web server whether the file changed." },
} as const;

/** Functions that change nothing. */
export const listFunctions = {
  list: fn({
    doc: "Lists what an archive holds: tar, zip or rar.",
    args: {
      ...source,
      archive_format: { type: "string", default: null, doc: "tar, zip or rar; by the name." },
      options: { type: "string", default: null, doc: "Command that unpacks a tar archive." },
      strip_components: { type: "any", default: null, doc: "Leave out so many leading folders." },
      clean: cleanArg,
      verbose: { type: "bool", default: false, doc: "Folders, files and links apart." },
      ...fetching,
    },
    example: "salt '*' archive.list /path/to/myfile.tar.gz\n" +
      "salt '*' archive.list /path/to/myfile.tar.gz strip_components=1\n" +
      "salt '*' archive.list salt://foo.tar.gz verbose=True",
    async run(ctx, args) {
      const path = await cached(ctx, args);
      const [count, all] = await locating(path, async () => {
        const count = stripCount(args.strip_components);
        const format = formatOf(args.name, args.archive_format);
        const { name, options } = args;
        return [count, await members(ctx, { name, format, options }, path)] as const;
      });
      if (args.clean) clean(ctx, path);
      const found = {
        dirs: stripped(all.dirs, count),
        files: stripped(all.files, count),
        links: stripped(all.links, count),
      };
      if (args.verbose) return sortMembers(found);
      return [...found.dirs, ...found.files, ...found.links].sort(compareText);
    },
  }),
  is_encrypted: fn({
    doc: "Says whether a ZIP archive has files that need a password.",
    args: { ...source, clean: cleanArg, ...fetching },
    example: "salt '*' archive.is_encrypted /path/to/myfile.zip\n" +
      "salt '*' archive.is_encrypted salt://foo.zip",
    async run(ctx, args) {
      const path = await cached(ctx, args);
      const zip = await locating(path, () => new ZipReader(path, args.name));
      zip.close();
      if (args.clean) clean(ctx, path);
      return zip.entries.some(({ encrypted }) => encrypted);
    },
  }),
};

/** Lines of a program's output. */
export function linesOf(output: Data): string[] {
  return splitLines(pyStr(output));
}
