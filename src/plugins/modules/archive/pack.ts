/** Archives made and unpacked by programs, and ZIP without one. @module */
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import {
  CommandExecutionError,
  CommandNotFoundError,
  messageOf,
  SaltInvocationError,
} from "../../../errors.ts";
import { globFiles } from "../../../fs/mod.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { findUser, which } from "../../../process/mod.ts";
import { pyStr } from "../../../text/py_repr.ts";
import { compareText } from "../../../text/py_text.ts";
import { shlexSplit } from "../../../text/shlex.ts";
import { type Data, type DataMap, isMap } from "../../../types/mod.ts";
import { needProgram, operand } from "../_program.ts";
import { linesOf } from "./list.ts";
import { extractEntry, ZipReader } from "./zip_read.ts";
import { ZipWriter } from "./zip_write.ts";

/** Texts with commas between, or a list of them. */
function words(value: Data): string[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.map(pyStr);
  return typeof value === "string" ? value.split(",").map((one) => one.trim()) : [pyStr(value)];
}

function expand(sources: Data): string[] {
  return words(sources).flatMap((one) => /[*?[]/.test(one) ? globFiles(one) : [one]);
}

interface How {
  template?: string | null;
  cwd?: string | null;
  runas?: string | null;
}

/** Runs a program as `cmd.run` does. */
async function run(
  ctx: ExecContext,
  argv: readonly string[],
  { template = null, cwd = null, runas = null }: How,
): Promise<string[]> {
  const options: DataMap = { python_shell: false, runas };
  if (template !== null) options["template"] = template;
  if (cwd !== null) options["cwd"] = cwd;
  return linesOf(await ctx.salt("cmd.run", [[...argv]], options));
}

function trimmed(files: string[], trim: Data): string[] {
  const count = typeof trim === "boolean" ? 100 : Number(trim);
  if (trim === false || files.length <= count) return files;
  return [...files.slice(0, count), `List trimmed after ${count} files.`];
}

/** Whether a name is that of somebody else. @throws SaltInvocationError when there is none. */
async function isOther(runas: string | null): Promise<boolean> {
  if (!runas) return false;
  const user = await findUser(runas);
  if (!user) throw new SaltInvocationError(`User '${runas}' does not exist`);
  return user.uid !== process.geteuid?.() || user.gid !== process.getegid?.();
}

/** Folders and files below one, folders with what is in them before the folders in them. */
function walk(folder: string): { folder: string; files: string[] }[] {
  const entries = readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => compareText(a.name, b.name));
  const isFolder = (name: string) =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() ?? false;
  const linked = (name: string) =>
    entries.some((entry) => entry.name === name && entry.isSymbolicLink());
  const names = entries.map(({ name }) => name);
  const folders = names.filter((name) => isFolder(name) && !linked(name));
  const files = names.filter((name) => !isFolder(name));
  return [{ folder, files }, ...folders.flatMap((name) => walk(join(folder, name)))];
}

async function zipFiles(path: string, sources: string[], cwd: string | null): Promise<string[]> {
  const archived: string[] = [];
  const zip = new ZipWriter(path);
  const nameOf = (full: string) => relative(cwd !== null && full.startsWith(cwd) ? cwd : "/", full);
  const add = async (full: string, name: string) => {
    archived.push(name);
    await zip.add(full, name);
  };
  try {
    for (
      const source of sources.map((one) => cwd === null || isAbsolute(one) ? one : join(cwd, one))
    ) {
      if (!existsSync(source)) continue;
      if (!statSync(source).isDirectory()) {
        await add(source, nameOf(source));
        continue;
      }
      for (const { folder, files } of walk(source)) {
        const name = nameOf(folder) || ".";
        await add(folder, `${name}/`);
        for (const file of files) await add(join(folder, file), join(name, file));
      }
    }
    zip.finish();
  } catch (error) {
    rmSync(path, { force: true });
    throw new CommandExecutionError(
      `Exception encountered creating zipfile: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    zip.close();
  }
  return archived;
}

interface Unzip {
  zip_file: string;
  dest: string;
  excludes: Data;
  options: string | null;
  template: string | null;
  runas: string | null;
  trim_output: Data;
  password: Data;
}

async function cmdUnzip(ctx: ExecContext, args: Unzip): Promise<string[]> {
  needProgram(ctx, "unzip");
  const excludes = args.excludes === null ? [] : ["-x", ...words(args.excludes)];
  const argv = [
    "unzip",
    ...(args.password ? ["-P", pyStr(args.password)] : []),
    ...(args.options ? shlexSplit(args.options) : []),
    args.zip_file,
    "-d",
    args.dest,
    ...excludes,
  ];
  const options: DataMap = { python_shell: false, redirect_stderr: true, runas: args.runas };
  if (args.template !== null) options["template"] = args.template;
  const done = await ctx.salt("cmd.run_all", [argv], options);
  if (!isMap(done) || done["retcode"] !== 0) {
    throw new CommandExecutionError(isMap(done) ? pyStr(done["stdout"] ?? "") : "unzip failed");
  }
  return trimmed(linesOf(done["stdout"] ?? ""), args.trim_output);
}

async function unzip(ctx: ExecContext, args: Unzip, permissions: boolean): Promise<string[]> {
  const excludes = args.excludes ? words(args.excludes) : [];
  const problem = (error: unknown) =>
    new CommandExecutionError(`Exception encountered unpacking zipfile: ${messageOf(error)}`, {
      cause: error,
    });
  if (await isOther(args.runas)) {
    const names = namesOf(args.zip_file, problem).filter((name) => !excludes.includes(name));
    await cmdUnzip(ctx, {
      ...args,
      excludes: excludes.length > 0 ? excludes : null,
      options: "-o",
    });
    return trimmed(names, args.trim_output);
  }
  const done: string[] = [];
  try {
    const zip = new ZipReader(args.zip_file, args.zip_file);
    try {
      const password = args.password === null ? null : pyStr(args.password);
      mkdirSync(args.dest, { recursive: true });
      for (const entry of zip.entries.filter(({ name }) => !excludes.includes(name))) {
        await extractEntry(zip, entry, args.dest, { password, permissions });
        done.push(entry.name);
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    throw problem(error);
  }
  return trimmed(done, args.trim_output);
}

function namesOf(path: string, problem: (error: unknown) => Error): string[] {
  try {
    const zip = new ZipReader(path, path);
    zip.close();
    return zip.entries.map(({ name }) => name);
  } catch (error) {
    throw problem(error);
  }
}

function checkZipSources(sources: readonly string[], cwd: string | null): void {
  if (cwd !== null && !isAbsolute(cwd)) throw new SaltInvocationError("cwd must be absolute");
  if (cwd === null && sources.some((one) => !isAbsolute(one))) {
    throw new SaltInvocationError("Relative paths require the 'cwd' parameter");
  }
}

const template = {
  type: "string",
  default: null,
  doc: "Engine that renders the paths.",
} as const;
const runas = { type: "string", default: null, doc: "User to do it as." } as const;
const cwd = { type: "string", default: null, doc: "Folder that paths start from." } as const;
const trim = {
  type: "any",
  default: false,
  doc: "Name only the first 100 files, or as many as this says.",
} as const;
const excludes = { type: "any", default: null, doc: "What to leave out." } as const;
const zipFile = { type: "string", required: true, doc: "The archive." } as const;
const zipSources = {
  type: "any",
  required: true,
  doc: "Paths, also with `*`: a list, or with commas between.",
} as const;
const dest = { type: "string", required: true, doc: "Folder to unpack into." } as const;
const password = { type: "any", default: null, doc: "The archive's password." } as const;
const unzipOptions = { type: "string", default: null, doc: "More options of unzip." } as const;
const gzipOptions = { type: "string", default: null, doc: "More options of the program." } as const;

function compressor(name: "gzip" | "gunzip", argument: string, doc: string, example: string) {
  return fn({
    doc,
    args: {
      [argument]: { type: "string", required: true, doc: "Path of the file." },
      template,
      runas,
      options: gzipOptions,
    },
    example,
    run(ctx, args) {
      const { template, runas, options, [argument]: file } = args as Record<string, string | null>;
      needProgram(ctx, name);
      const argv = [name, ...(options ? [options] : []), operand(file ?? "", "a path")];
      return run(ctx, argv, { template: template ?? null, runas: runas ?? null });
    },
  });
}

/** Functions that write files. */
export const packFunctions = {
  tar: fn({
    doc: "Runs tar. Returns what it says.",
    args: {
      options: { type: "string", required: true, doc: "Options such as `cjvf`." },
      tarfile: { type: "string", required: true, doc: "The archive." },
      sources: { type: "any", default: null, doc: zipSources.doc },
      dest: { type: "string", default: null, doc: "Folder to change to." },
      cwd,
      template,
      runas,
    },
    example: "salt '*' archive.tar cjvf /tmp/tarfile.tar.bz2 /tmp/file_1,/tmp/file_2\n" +
      "salt '*' archive.tar xf foo.tar dest=/target/directory",
    run(ctx, args) {
      needProgram(ctx, "tar");
      if (!args.options) throw new SaltInvocationError("Tar options can not be empty");
      const into = args.dest ? ["-C", args.dest] : [];
      const options = args.options.split(/\s+/).filter(Boolean);
      return run(ctx, ["tar", ...options, args.tarfile, ...into, ...expand(args.sources)], args);
    },
  }),
  gzip: compressor(
    "gzip",
    "sourcefile",
    "Packs a file by gzip.",
    "salt '*' archive.gzip /tmp/sourcefile.txt",
  ),
  gunzip: compressor(
    "gunzip",
    "gzipfile",
    "Unpacks a file by gunzip.",
    "salt '*' archive.gunzip /tmp/sourcefile.txt.gz",
  ),
  cmd_zip: fn({
    doc: "Makes a ZIP archive by the program zip. Returns what it says.",
    args: { zip_file: zipFile, sources: zipSources, template, cwd, runas },
    example: "salt '*' archive.cmd_zip /tmp/zipfile.zip /tmp/sourcefile1,/tmp/sourcefile2",
    run(ctx, args) {
      needProgram(ctx, "zip");
      return run(ctx, ["zip", "-r", args.zip_file, ...expand(args.sources)], args);
    },
  }),
  zip: fn({
    doc: "Makes a ZIP archive. Returns what is in it.",
    args: {
      zip_file: zipFile,
      sources: zipSources,
      template,
      cwd,
      runas,
      zip64: { type: "bool", default: false, doc: "Has no effect." },
    },
    example: "salt '*' archive.zip /tmp/zipfile.zip /tmp/sourcefile1,/tmp/sourcefile2",
    async run(ctx, args) {
      const sources = expand(args.sources);
      checkZipSources(sources, args.cwd);
      if (!await isOther(args.runas)) return await zipFiles(args.zip_file, sources, args.cwd);
      needProgram(ctx, "zip");
      return await run(ctx, ["zip", "-r", args.zip_file, ...sources], args);
    },
  }),
  cmd_unzip: fn({
    doc: "Unpacks a ZIP archive by the program unzip. Returns what it says.",
    args: {
      zip_file: zipFile,
      dest,
      excludes,
      options: unzipOptions,
      template,
      runas,
      trim_output: trim,
      password,
    },
    example: "salt '*' archive.cmd_unzip /tmp/zipfile.zip /home/strongbad/ excludes=file_1,file_2",
    run: cmdUnzip,
  }),
  unzip: fn({
    doc: "Unpacks a ZIP archive. Returns the files in it. What would come to be outside of the " +
      "folder ends it.",
    args: {
      zip_file: zipFile,
      dest,
      excludes,
      options: { ...unzipOptions, doc: "Has no effect." },
      template,
      runas,
      trim_output: trim,
      password,
      extract_perms: { type: "bool", default: true, doc: "Keep the permissions." },
    },
    example: "salt '*' archive.unzip /tmp/zipfile.zip /home/strongbad/ excludes=file_1,file_2",
    run: (ctx, args) => unzip(ctx, args, args.extract_perms),
  }),
  rar: fn({
    doc: "Makes a RAR archive by the program rar. Returns what it says.",
    args: {
      rarfile: { type: "string", required: true, doc: "The archive." },
      sources: zipSources,
      template,
      cwd,
      runas,
    },
    example: "salt '*' archive.rar /tmp/rarfile.rar /tmp/sourcefile1,/tmp/sourcefile2",
    run(ctx, args) {
      needProgram(ctx, "rar");
      return run(ctx, ["rar", "a", "-idp", args.rarfile, ...expand(args.sources)], args);
    },
  }),
  unrar: fn({
    doc: "Unpacks a RAR archive by the program unrar or rar. Returns what it says.",
    args: {
      rarfile: { type: "string", required: true, doc: "The archive." },
      dest,
      excludes,
      template,
      runas,
      trim_output: trim,
    },
    example: "salt '*' archive.unrar /tmp/rarfile.rar /home/strongbad/ excludes=file_1,file_2",
    async run(ctx, args) {
      const program = ["unrar", "rar"].find((name) => which(name) !== null);
      if (!program) {
        throw new CommandNotFoundError(
          "None of provided binaries([\"'unrar'\", \"'rar'\"]) were found in $PATH.",
        );
      }
      const without = words(args.excludes).flatMap((one) => ["-x", one]);
      const argv = [program, "x", "-idp", args.rarfile, ...without, args.dest];
      return trimmed(await run(ctx, argv, args), args.trim_output);
    },
  }),
};
