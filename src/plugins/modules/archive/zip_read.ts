/**
 * Reading ZIP files: their directory, and what they hold. (PKWARE APPNOTE.TXT 6.3.10)
 * @module
 */
import { once } from "node:events";
import {
  chmodSync,
  closeSync,
  createWriteStream,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { CommandExecutionError } from "../../../errors.ts";
import { zipCipher } from "./zip_cipher.ts";

/** One entry of a ZIP file's directory. */
export interface ZipEntry {
  name: string;
  /** File type and permissions, as of `stat`; 0 when the archiver did not say. */
  mode: number;
  encrypted: boolean;
  /** What the first byte of the password's check must be. */
  check: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  /** Where its local header begins. */
  at: number;
}

const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locatorSignature = 0x07064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;

/** No directory of more bytes is read. */
const maxDirectory = 256 * 1024 * 1024;

const fileType = 0o170000;
/** Whether a mode is that of a link. */
export const isLinkMode = (mode: number): boolean => (mode & fileType) === 0o120000;
/** Whether a mode is that of a folder. */
export const isFolderMode = (mode: number): boolean => (mode & fileType) === 0o040000;

/** An open ZIP file. */
export class ZipReader {
  readonly #file: number;
  readonly entries: readonly ZipEntry[];

  /** @throws CommandExecutionError when it cannot be read or is none; `shown` is its name there. */
  constructor(path: string, shown: string) {
    try {
      this.#file = openSync(path, "r");
    } catch (error) {
      throw new CommandExecutionError(`Failed to list contents of ${shown}: ${error}`);
    }
    try {
      this.entries = this.#directory(shown);
    } catch (error) {
      closeSync(this.#file);
      throw error;
    }
  }

  close(): void {
    closeSync(this.#file);
  }

  #read(at: number, length: number): Buffer {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.#file, bytes, done, length - done, at + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  #directory(shown: string): ZipEntry[] {
    const wrong = () => new CommandExecutionError(`${shown} is not a ZIP file`);
    const { size } = fstatSync(this.#file);
    const tail = this.#read(Math.max(0, size - 65_557), Math.min(size, 65_557));
    let end = tail.length - 22;
    while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end--;
    if (end < 0) throw wrong();
    let [length, at] = [tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
    if (end >= 20 && tail.readUInt32LE(end - 20) === locatorSignature) {
      const large = this.#read(Number(tail.readBigUInt64LE(end - 12)), 56);
      if (large.length < 56 || large.readUInt32LE(0) !== end64Signature) throw wrong();
      [length, at] = [Number(large.readBigUInt64LE(40)), Number(large.readBigUInt64LE(48))];
    }
    if (length > maxDirectory || at + length > size) throw wrong();
    return parseDirectory(this.#read(at, length), wrong);
  }

  /** An entry's bytes, unpacked and checked. @throws CommandExecutionError */
  async *content(entry: ZipEntry, password: string | null): AsyncGenerator<Uint8Array> {
    const head = this.#read(entry.at, 30);
    if (head.length < 30 || head.readUInt32LE(0) !== localSignature) {
      throw new CommandExecutionError(`File ${entry.name} has no header where it should`);
    }
    const from = entry.at + 30 + head.readUInt16LE(26) + head.readUInt16LE(28);
    if (entry.encrypted && password === null) {
      throw new CommandExecutionError(
        `File '${entry.name}' is encrypted, password required for extraction`,
      );
    }
    const packed = Readable.from(this.#packed(entry, from, password));
    if (entry.method !== 0 && entry.method !== 8) {
      throw new CommandExecutionError(`File ${entry.name} is packed in a way that is not known`);
    }
    const plain = entry.method === 8 ? packed.compose(createInflateRaw()) : packed;
    let [crc, size] = [0, 0];
    for await (const chunk of plain as AsyncIterable<Uint8Array>) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      // An archive cannot fill the disk with more than it says.
      if (size > entry.size) break;
      yield chunk;
    }
    if (size !== entry.size || crc !== entry.crc) {
      throw new CommandExecutionError(`Bad CRC-32 for file '${entry.name}'`);
    }
  }

  *#packed(entry: ZipEntry, from: number, password: string | null): Generator<Uint8Array> {
    const cipher = entry.encrypted ? zipCipher(password ?? "") : undefined;
    let [at, left] = [from, entry.packed];
    if (cipher) {
      const head = cipher(this.#read(at, 12));
      if (head.at(-1) !== entry.check) {
        throw new CommandExecutionError(`Bad password for file '${entry.name}'`);
      }
      [at, left] = [at + 12, left - 12];
    }
    while (left > 0) {
      const chunk = this.#read(at, Math.min(left, 1 << 16));
      if (chunk.length === 0) return;
      yield cipher ? cipher(chunk) : chunk;
      at += chunk.length;
      left -= chunk.length;
    }
  }
}

function parseDirectory(bytes: Buffer, wrong: () => Error): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + 46 <= bytes.length;) {
    if (bytes.readUInt32LE(at) !== entrySignature) break;
    const flags = bytes.readUInt16LE(at + 8);
    const [nameLength, extraLength] = [bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30)];
    const next = at + 46 + nameLength + extraLength + bytes.readUInt16LE(at + 32);
    if (next > bytes.length) throw wrong();
    const name = bytes.subarray(at + 46, at + 46 + nameLength);
    const crc = bytes.readUInt32LE(at + 16);
    const entry = {
      // Without its flag a name is in code page 437, which for ASCII is the same.
      name: name.toString(flags & 0x800 ? "utf8" : "latin1"),
      mode: bytes.readUInt32LE(at + 38) >>> 16,
      encrypted: (flags & 1) === 1,
      check: flags & 8 ? bytes.readUInt16LE(at + 12) >> 8 : crc >>> 24,
      method: bytes.readUInt16LE(at + 10),
      crc,
      packed: bytes.readUInt32LE(at + 20),
      size: bytes.readUInt32LE(at + 24),
      at: bytes.readUInt32LE(at + 42),
    };
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    entries.push(withLargeFields(entry, extra));
    at = next;
  }
  return entries;
}

/** Sizes that do not fit 32 bits stand in an extra field, in this order. */
function withLargeFields(entry: ZipEntry, extra: Buffer): ZipEntry {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let field = at + 4;
    for (const key of ["size", "packed", "at"] as const) {
      if (entry[key] !== 0xffffffff || field + 8 > extra.length) continue;
      entry[key] = Number(extra.readBigUInt64LE(field));
      field += 8;
    }
  }
  return entry;
}

/** How entries are extracted. */
export interface ExtractOptions {
  password: string | null;
  /** Give files the permissions that the archive has for them. */
  permissions: boolean;
}

/** A name without what would lead out of a folder: `..`, a leading `/`. */
export function safeName(name: string): string {
  return name.split("/").filter((part) => part !== "" && part !== "." && part !== "..").join("/");
}

/**
 * Makes the folder that an entry comes into.
 * @throws CommandExecutionError when links of the archive would lead it out of `root`; then nothing is made.
 */
function makeInside(root: string, path: string, entry: string): void {
  let there = path;
  while (!lstatSync(there, { throwIfNoEntry: false })) there = dirname(there);
  const real = existsSync(there) ? realpathSync(there) : undefined;
  if (real !== root && !real?.startsWith(`${root}/`)) {
    throw new CommandExecutionError(`"${entry}" would be outside of "${root}"`);
  }
  mkdirSync(path, { recursive: true });
}

/** Writes one entry below a folder. @throws CommandExecutionError */
export async function extractEntry(
  zip: ZipReader,
  entry: ZipEntry,
  folder: string,
  options: ExtractOptions,
): Promise<void> {
  const name = safeName(entry.name);
  if (name === "") return;
  const root = realpathSync(folder);
  const path = join(root, name);
  makeInside(root, dirname(path), path);
  const isFolder = entry.name.endsWith("/");
  if (isLinkMode(entry.mode)) {
    if (entry.size > 4096) throw new CommandExecutionError(`Link "${entry.name}" is too long`);
    const chunks = await Array.fromAsync(zip.content(entry, options.password));
    symlinkSync(Buffer.concat(chunks).toString("utf8"), path);
    return;
  }
  if (isFolder) makeInside(root, path, path);
  else {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(path);
    const file = createWriteStream(path);
    // Content that is broken from its first byte would end the call before the file is there.
    await once(file, "open");
    await pipeline(zip.content(entry, options.password), file);
  }
  if (!options.permissions) return;
  const usual = (isFolder ? 0o777 : 0o666) & ~process.umask();
  chmodSync(path, entry.mode === 0 ? usual : entry.mode & 0o7777);
}
