/** Contents of files: `file.read`, `file.write`, `file.append` … @module */
import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { CommandExecutionError } from "../../../errors.ts";
import { type ExecContext, fn } from "../../../loader/types.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data, DataMap } from "../../../types/mod.ts";
import { readSystemFile, writeSystemFile } from "../_system_file.ts";
import { decodeText, readBytes, saveEdit } from "./edit.ts";
import { expandUser, isFileAt, pathExists, systemError } from "./paths.ts";
import { pathArg } from "./stat.ts";

/** Lines that a call gives: positional ones, or `args`. */
function linesOf(args: readonly Data[], kwargs: DataMap): string[] {
  const given = kwargs["args"];
  return (given === undefined ? args : [given].flat()).map((line) => pyStr(line));
}

function ended(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** Writes a text, with owner and mode of what is there. */
async function write(ctx: ExecContext, path: string, text: string): Promise<void> {
  if (pathExists(path)) await saveEdit(ctx, path, new TextEncoder().encode(text), { backup: null });
  else await writeSystemFile(ctx, path, text);
}

function readPart(path: string, size: number, offset: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(Math.min(size, maxPart));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(file);
  }
}

/** Bytes that one call of `seek_read` returns. */
const maxPart = 64 << 20;

function writePart(path: string, data: Data, offset: number): number {
  const bytes = data instanceof Uint8Array ? data : new TextEncoder().encode(pyStr(data));
  const file = openSync(path, "r+");
  try {
    const written = writeSync(file, bytes, 0, bytes.length, offset);
    fsyncSync(file);
    return written;
  } finally {
    closeSync(file);
  }
}

const lines = { type: "any", variadic: true, doc: "The lines." } as const;
const kwargs = { type: "map", keywords: true, doc: "`args`: the lines, as a list." } as const;

/** Functions about contents. */
export const contentFunctions = {
  read: fn({
    doc: "Returns the content of a file.",
    args: {
      path: pathArg,
      binary: { type: "bool", default: false, doc: "As bytes, not as text." },
    },
    example: "salt '*' file.read /path/to/file",
    run(_ctx, args) {
      const bytes = readBytes(args.path);
      return args.binary ? new Uint8Array(bytes) : decodeText(bytes);
    },
  }),
  write: fn({
    doc: "Writes lines into a file, in place of what it holds.",
    args: { path: pathArg, args: lines, kwargs },
    example: "salt '*' file.write /etc/motd \\ \"With all thine offerings thou shalt offer salt.\"",
    async run(ctx, { path, args, kwargs }) {
      const list = linesOf(args, kwargs);
      await write(ctx, expandUser(ctx, path), ended(list));
      return `Wrote ${list.length} lines to "${path}"`;
    },
  }),
  append: fn({
    doc: "Adds lines at the end of a file.",
    args: { path: pathArg, args: lines, kwargs },
    example:
      "salt '*' file.append /etc/motd \\ \"With all thine offerings thou shalt offer salt.\"",
    async run(ctx, { path, args, kwargs }) {
      const file = expandUser(ctx, path);
      const list = linesOf(args, kwargs);
      if (!isFileAt(file)) throw new CommandExecutionError(`There is no file "${file}"`);
      const before = readBytes(file);
      const open = before.length > 0 && before.at(-1) !== 0x0a;
      const text = `${open ? "\n" : ""}${ended(list)}`;
      await saveEdit(ctx, file, Buffer.concat([before, Buffer.from(text)]), { backup: null });
      return `Wrote ${list.length} lines to "${file}"`;
    },
  }),
  prepend: fn({
    doc: "Adds lines at the beginning of a file.",
    args: { path: pathArg, args: lines, kwargs },
    example:
      "salt '*' file.prepend /etc/motd \\ \"With all thine offerings thou shalt offer salt.\"",
    async run(ctx, { path, args, kwargs }) {
      const file = expandUser(ctx, path);
      const list = linesOf(args, kwargs);
      await write(ctx, file, ended(list) + (readSystemFile(file) ?? ""));
      return `Prepended ${list.length} lines to "${file}"`;
    },
  }),
  seek_read: fn({
    doc: "Returns a part of a file.",
    args: {
      path: pathArg,
      size: { type: "int", required: true, doc: "How many bytes." },
      offset: { type: "int", required: true, doc: "From which on." },
    },
    example: "salt '*' file.seek_read /path/to/file 4096 0",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      try {
        return readPart(path, args.size, args.offset);
      } catch (error) {
        throw systemError(`Unable to read '${path}'`, error);
      }
    },
  }),
  seek_write: fn({
    doc: "Writes over a part of a file. Returns how many bytes were written.",
    args: {
      path: pathArg,
      data: { type: "any", required: true, doc: "The bytes." },
      offset: { type: "int", required: true, doc: "From which on." },
    },
    example: "salt '*' file.seek_write /path/to/file 'some data' 4096",
    run(ctx, args) {
      const path = expandUser(ctx, args.path);
      try {
        return writePart(path, args.data, args.offset);
      } catch (error) {
        throw systemError(`Unable to write '${path}'`, error);
      }
    },
  }),
};
