/**
 * Texts of files and their changes.
 * @module
 */
import { copyFileSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { CommandExecutionError, SaltInvocationError } from "../../../errors.ts";
import type { ExecContext } from "../../../loader/types.ts";
import { compilePattern, type Flags, type Pattern } from "../../../text/pcre/mod.ts";
import { unifiedDiff } from "../../../text/py_diff.ts";
import { pyStr } from "../../../text/py_repr.ts";
import type { Data } from "../../../types/mod.ts";
import { overwriteFile, writeSystemFile } from "../_system_file.ts";
import { systemError } from "./paths.ts";
import { settle } from "./settle.ts";
import { fileStats } from "./stat.ts";

/** A file's content. @throws CommandExecutionError when it cannot be read. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw systemError(`Unable to open file '${path}'`, error);
  }
}

/** Bytes as text, a character for each byte: so that patterns see bytes, as in Salt. */
export function bytesToText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Text of {@linkcode bytesToText} as bytes. */
export function textToBytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

/** A user's text in the form of {@linkcode bytesToText}. */
export function encodeText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** Bytes as a user reads them: UTF-8, or Latin-1 where they are none. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytesToText(bytes);
  }
}

/** Whether the first bytes of a file look like text. (`salt/utils/files.py:is_text`) */
export function looksLikeText(bytes: Uint8Array): boolean {
  const block = bytes.subarray(0, 512);
  if (block.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(block);
    return true;
  } catch {
    const isPlain = (byte: number) =>
      (byte >= 32 && byte < 127) || [8, 9, 10, 12, 13].includes(byte);
    return block.filter((byte) => !isPlain(byte)).length / block.length <= 0.3;
  }
}

/** The content of a text file. @throws SaltInvocationError when it is a binary one. */
export function readTextBytes(path: string): Uint8Array {
  const bytes = readBytes(path);
  if (looksLikeText(bytes)) return bytes;
  throw new SaltInvocationError(
    `Cannot perform string replacements on a binary file: ${path}`,
  );
}

/** Lines with their ends, where only `\n`, `\r\n` and `\r` end one. */
export function splitKeepingEnds(text: string): string[] {
  return text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? [];
}

/** The difference of two contents, as users read it; `from` and `to` name them in the first lines. */
export function diffOf(before: Uint8Array, after: Uint8Array, from = "", to = ""): string {
  const lines = (bytes: Uint8Array) =>
    splitKeepingEnds(bytesToText(bytes)).map((line) => decodeText(textToBytes(line)));
  return unifiedDiff(lines(before), lines(after), from, to);
}

const flagValues: [flag: keyof Flags | null, value: number, names: string[]][] = [
  ["i", 2, ["I", "IGNORECASE"]],
  [null, 4, ["L", "LOCALE"]],
  ["m", 8, ["M", "MULTILINE"]],
  ["s", 16, ["S", "DOTALL"]],
  [null, 32, ["U", "UNICODE"]],
  ["x", 64, ["X", "VERBOSE"]],
  ["a", 256, ["A", "ASCII"]],
];

/** Flags of Python's `re`: a number, a name or a list of names. */
export function readFlags(given: Data): Partial<Flags> {
  const isNumber = typeof given === "number" || /^\d+$/.test(pyStr(given));
  const names = isNumber ? [] : [given].flat().map((name) => pyStr(name).toUpperCase());
  for (const name of names) {
    if (!flagValues.some(([, , known]) => known.includes(name))) {
      throw new CommandExecutionError(`Invalid re flag given: ${name}`);
    }
  }
  const number = isNumber ? Number(pyStr(given)) : 0;
  const set = flagValues.filter(([flag, value, known]) =>
    flag !== null && ((number & value) !== 0 || known.some((name) => names.includes(name)))
  );
  return Object.fromEntries(set.map(([flag]) => [flag, true]));
}

/** A pattern that sees bytes. */
export function bytePattern(pattern: string, flags: Partial<Flags>): Pattern {
  return compilePattern(encodeText(pattern), { ...flags, a: true });
}

/** How a change is written. */
export interface SaveOptions {
  /** Ending of the copy's name; null for no copy. */
  backup: string | null;
  /** Leave other names of the file the same file. */
  keepInode?: boolean;
  /** A link by which the file was named: the copy gets one beside it. */
  link?: { path: string; target: string } | null;
}

/** The ending of a backup's name that an argument means. */
export function backupEnding(given: Data): string | null {
  if (given === null || given === false || given === "") return null;
  return given === true ? ".bak" : pyStr(given);
}

async function writeBackup(ctx: ExecContext, path: string, options: SaveOptions): Promise<void> {
  const { backup, link } = options;
  if (backup === null) return;
  const before = await fileStats(path, null, true);
  try {
    copyFileSync(path, `${path}${backup}`);
    if (link) {
      rmSync(`${link.path}${backup}`, { force: true });
      symlinkSync(`${link.target}${backup}`, `${link.path}${backup}`);
    }
  } catch (error) {
    throw systemError(`Unable to make the backup file '${path}${backup}'`, error);
  }
  await settle(ctx, `${path}${backup}`, before["user"]!, before["group"]!, before["mode"]!);
}

/** Writes a changed file; owner and mode stay. */
export async function saveEdit(
  ctx: ExecContext,
  path: string,
  bytes: Uint8Array,
  options: SaveOptions,
): Promise<void> {
  await writeBackup(ctx, path, options);
  if ((options.keepInode ?? true) && statSync(path).nlink > 1) overwriteFile(path, bytes);
  else await writeSystemFile(ctx, path, bytes);
}
